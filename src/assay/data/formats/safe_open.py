"""Opening files for reading: only regular files, never waiting for one, refusals explained."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from assay.core.errors import AssayError

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link"),
)


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """A regular file, open for reading bytes.

    Raises AssayError `file-missing`, `not-a-file` (folder, pipe or device) or `file-unreadable`. Never
    blocks: a pipe without a writer is refused, not waited for.
    """
    with reading_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise not_a_file(path, mode)
        with os.fdopen(descriptor, "rb") as file:
            yield file


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """The descriptor of a folder, open for looking into it.

    Raises AssayError `file-missing` or `file-unreadable`, also for what is refused while it is open.
    """
    with reading_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def read_file(path: str | Path, most: int, follow_links: bool = True) -> bytes:
    """The content of a regular file, at most `most` bytes of it.

    Raises as `open_file`; a fifth of its time for a small file, and image sets have many.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise not_a_file(path, status.st_mode)
            return _read_up_to(descriptor, min(most, status.st_size))
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _explained(error, path) from error


def holds(path: Path, data: bytes) -> bool:
    """Whether a regular file has just this content. Raises as `open_file`."""
    return read_file(path, len(data) + 1) == data


def _read_up_to(descriptor: int, count: int) -> bytes:
    data = os.read(descriptor, count)
    while len(data) < count and (more := os.read(descriptor, count - len(data))):
        data += more
    return data


def not_a_file(path: str | Path, mode: int) -> AssayError:
    """The error for something that is there but is no regular file; `mode` as from `os.stat`."""
    return AssayError("not-a-file", path, f"this is {kind_of(mode)}, not a file", "Give the path of a file.")


def kind_of(mode: int) -> str:
    """What an `st_mode` stands for, in words."""
    return next((kind for test, kind in _KINDS if test(mode)), "a file")


@contextmanager
def reading_errors(path: str | Path) -> Iterator[None]:
    """Turn the operating system's refusals to read into one-line errors."""
    if "\0" in str(path):
        raise AssayError("file-missing", path, "a path cannot hold a NUL character", "Check the path.")
    try:
        yield
    except OSError as error:
        raise _explained(error, path) from error


def _explained(error: OSError | ValueError, path: str | Path) -> AssayError:
    if isinstance(error, ValueError):  # from the call itself, before the system is asked
        return AssayError("file-missing", path, f"this is no path ({error})", "Check the path.")
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return AssayError("file-missing", path, "there is no such file", "Check the path.")
    if error.errno in (errno.ELOOP, errno.ENXIO):
        return AssayError(
            "not-a-file", path, f"this is no regular file ({reason})", "Give the path of a file."
        )
    return AssayError(
        "file-unreadable", path, f"it cannot be read ({reason})", "Check its permissions and the disk."
    )
