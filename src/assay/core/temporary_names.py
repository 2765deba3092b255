"""Temporary names of files and folders: which process writes there, and whether it still lives."""

import hashlib
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

#: Temporary names start so, then the process that writes, a unique number, and where that process runs; what
#: a killed process left behind is removed by `remove_leftovers`.
TEMPORARY: Final = ".assay-tmp-"

#: Seconds without a write after which something of another machine counts as left behind. Whether its process
#: lives cannot be asked from here, and a folder may be shared by many machines.
ABANDONED: Final = 7 * 24 * 3600

#: Temporary names of this process in use: a leftover of an earlier process may bear the same number.
_in_use: set[str] = set()


@contextmanager
def temporary_name(directory: Path) -> Iterator[Path]:
    """A fresh path in a directory, in use by this process until the block ends."""
    name = f"{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex}-{_machine_start()}"
    _in_use.add(name)
    try:
        yield directory / name
    finally:
        _in_use.discard(name)


def still_written(path: Path) -> bool:
    """Whether a living process may be writing what lies under a temporary name."""
    name = path.name
    process, _, rest = name.removeprefix(TEMPORARY).partition("-")
    where = rest.partition("-")[2]
    if process.isdecimal() and where and where != _machine_start():
        return time.time() - _last_written(path) < ABANDONED
    if not process.isdecimal() or int(process) == os.getpid():
        return name in _in_use
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # alive, of another user
    return True


def _last_written(path: Path) -> float:
    """When a file, or anything in a directory, was written last: seconds since 1970; links not followed."""
    latest, left = 0.0, [path]
    while left:
        place = left.pop()
        with suppress(OSError):  # gone meanwhile: then somebody is at work
            latest = max(latest, place.lstat().st_mtime)
            if place.is_dir() and not place.is_symlink():
                left += place.iterdir()
    return latest


@cache
def _machine_start() -> str:
    """Eight digits of a hash of what process numbers are unique in: one start of one machine or container."""
    parts = [platform.node()]
    with suppress(OSError):  # no Linux
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]
