"""Out of memory: recognized by what the system and the libraries raise, and checked against limits."""

import errno
import resource
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import words_of

#: What the loader, torch and the threads say when there is no more.
_WORDS: Final = (
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "can't start new thread",
    "not enough memory",
    "std::bad_alloc",
)


def limit() -> int | None:
    """Bytes that this process may address by its limits (`ulimit -v`, `-d`); None where there is no limit."""
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return min((bound for bound in limits if bound != resource.RLIM_INFINITY), default=None)


def need_room(count: int, what: str) -> None:
    """Raise AssayError `out-of-memory` where a limit leaves fewer than `count` bytes of addresses for `what`.

    For libraries that end the process where they cannot have them.
    """
    bound = limit()
    if bound is None:
        return
    try:
        used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:  # no Linux
        return
    if bound - used < count:
        raise short_of(f"{what} takes {count / 2**30:.1f} GiB")


def is_short(error: BaseException) -> bool:
    """Whether an error means that there was no memory left.

    A library that cannot be loaded under a limit of memory says so in its own words, or in none.
    """
    text = words_of(error).lower()
    if isinstance(error, MemoryError) or any(words in text for words in _WORDS):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    unloaded = isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError)
    return unloaded and limit() is not None


def short_of(what: str) -> AssayError:
    """The error for what could not be done for want of memory."""
    bound = limit()
    limited = "" if bound is None else f"; this process may use {bound / 2**30:.1f} GiB (see `ulimit -v`)"
    fix = "Use a smaller --batch-size, fewer images, or a machine or limit with more memory."
    return AssayError("out-of-memory", "memory", what + limited, fix)
