"""What the operating system refuses, in one line that says what to do."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.core.errors import AssayError


@contextmanager
def environment_errors(path: Path, bytes_needed: int | None = None) -> Iterator[None]:
    """Turn the operating system's refusals into one-line errors that say what to do."""
    try:
        yield
    except OSError as error:
        raise _explained(error, path, bytes_needed) from error


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
