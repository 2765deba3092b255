"""Errors of the operating system as one-line AssayErrors that say what to do."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened


@contextmanager
def environment_errors(path: Path, bytes_needed: int | None = None) -> Iterator[None]:
    """Turn the operating system's refusals into one-line errors that say what to do."""
    try:
        yield
    except OSError as error:
        raise _explained(error, path, bytes_needed) from error


#: What the system says of a path that it has no such names for, or that may not be looked at.
_OF_THE_PATH: Final = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM)


def refused_path(error: BaseException) -> AssayError | None:
    """What to say where the system refuses to look at a path at all, whoever asked; None for other errors."""
    if not isinstance(error, OSError) or error.errno not in _OF_THE_PATH or error.filename is None:
        return None
    name = shortened(one_line(str(error.filename)))
    return AssayError("disk-error", name, error.strerror or str(error), "Give a path that can be read.")


def _explained(error: OSError, path: Path, bytes_needed: int | None) -> AssayError:
    needed = f"{bytes_needed:,} bytes needed, " if bytes_needed is not None else ""
    space = f"({needed}{_free_bytes(path):,} bytes free)"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return AssayError(
            "disk-full",
            path,
            f"no space left to write it {space}",
            "Free some space, or move the cache with ASSAY_CACHE or the run with --out.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return AssayError(
            "not-writable",
            path,
            f"{error.strerror or error} {space}",
            "Make the folder writable, or move the cache with ASSAY_CACHE or the run with --out.",
        )
    return AssayError(
        "disk-error",
        path,
        f"{error.strerror or error}",
        "Check the path and the disk, or choose another folder with ASSAY_CACHE or --out.",
    )


def _free_bytes(path: Path) -> int:
    for place in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return 0
