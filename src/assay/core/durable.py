"""Atomic, durable writes: a file appears whole or not at all, and only once it is flushed to the disk.

A file is written under a temporary name in the directory it belongs to, flushed to the disk, renamed
over its final name, and the directory flushed. A set of files is committed by a manifest that is
written last. Readers therefore see the old content or the new, never a mixture.

All calls to the operating system go through `files` (`core.files`), so that tests can make every one fail.
"""

import errno
import hashlib
import json
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, cast

from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.files import Files

#: Temporary names start so, then the process that writes, a unique number, and where that process runs; what
#: a killed process left behind is removed by `remove_leftovers`.
TEMPORARY: Final = ".assay-tmp-"

#: Seconds without a write after which something of another machine counts as left behind. Whether its process
#: lives cannot be asked from here, and a folder may be shared by many machines.
ABANDONED: Final = 7 * 24 * 3600

#: Temporary names of this process in use: a leftover of an earlier process may bear the same number.
_in_use: set[str] = set()

_HASH_BLOCK = 1 << 20


files = Files()


class _Writer:
    """The file object that `create` yields: write-only, every write through `files`."""

    def __init__(self, file: IO[bytes], path: Path, bytes_needed: int | None) -> None:
        self._file, self._path, self._bytes_needed = file, path, bytes_needed

    def write(self, data: bytes | bytearray | memoryview) -> int:
        view = memoryview(data)
        with environment_errors(self._path, self._bytes_needed):
            files.write(self._file, view)
        return view.nbytes


@contextmanager
def create(path: Path, bytes_needed: int | None = None) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under `path`, whole and durable, when the block ends well.

    On any exception nothing appears and the temporary file is removed. `bytes_needed` only serves the
    message on a full disk. Raises AssayError (`disk-full`, `not-writable`, `disk-error`).
    """
    path = Path(path)
    with _temporary_name(path.parent) as temporary:
        with environment_errors(path, bytes_needed):
            _need_no_device(path)
            file = files.open_new(temporary)
        try:
            with _closed_after(file, path, bytes_needed):
                yield cast(IO[bytes], _Writer(file, path, bytes_needed))
                with environment_errors(path, bytes_needed):
                    files.sync(file)
            with environment_errors(path, bytes_needed):
                files.rename(temporary, path)
                files.sync_directory(path.parent)
        except BaseException:
            with suppress(OSError):
                files.unlink(temporary)
            raise


def _need_no_device(path: Path) -> None:
    """Raise OSError for a pipe, device or socket: a file would take its place, for root even in /dev."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a device or a pipe, no file")


@contextmanager
def _temporary_name(directory: Path) -> Iterator[Path]:
    name = f"{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex}-{_where()}"
    _in_use.add(name)
    try:
        yield directory / name
    finally:
        _in_use.discard(name)


@contextmanager
def open_scratch(path: Path, bytes_needed: int | None = None) -> Iterator[IO[bytes]]:
    """Open a new file inside a scratch directory for writing. It need not survive: nothing is flushed."""
    with environment_errors(path, bytes_needed):
        file = files.open_new(path)
    with _closed_after(file, path, bytes_needed):
        yield cast(IO[bytes], _Writer(file, path, bytes_needed))


@contextmanager
def _closed_after(file: IO[bytes], path: Path, bytes_needed: int | None) -> Iterator[None]:
    """Close the file when the block ends, however it ends.

    Closing writes what is still in the buffer: where the disk is full it fails as writing did. What went
    wrong first is what is told.
    """
    try:
        yield
    except BaseException:
        with suppress(OSError):
            file.close()
        raise
    with environment_errors(path, bytes_needed):
        file.close()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file durably (see `create`)."""
    with create(path, len(data)) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file durably, line ends as given (see `utf_8`)."""
    write_bytes(path, utf_8(text))


def utf_8(text: str) -> bytes:
    """Text as it is written. Of a name that is no UTF-8, what Python puts for such bytes (half a surrogate
    pair) becomes an escape, in JSON one that is read back as it was."""
    return text.encode("utf-8", "backslashreplace")


def json_text(value: Any) -> str:
    """JSON as Assay writes it: UTF-8 (see `utf_8`), sorted keys, full precision. No NaN: ValueError."""
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return utf_8(text).decode("utf-8") + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file durably (see `json_text`)."""
    write_text(path, json_text(value))


def make_directory(path: Path) -> Path:
    """Create a directory and its missing parents durably; an existing one is left as it is."""
    path = Path(path)
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for directory in reversed(missing):
        with environment_errors(directory):
            with suppress(FileExistsError):
                files.make_directory(directory)
            files.sync_directory(directory.parent)
    return path


@contextmanager
def create_directory(path: Path, bytes_needed: int | None = None) -> Iterator[Path]:
    """Fill a directory that appears under `path`, whole and durable, when the block ends well.

    Yields a temporary directory beside `path`. If `path` exists by then (another process was faster),
    the new one is discarded: both were made from the same input.
    """
    path = Path(path)
    with scratch_directory(path.parent, bytes_needed) as temporary:
        yield temporary
        with environment_errors(path, bytes_needed):
            files.sync_directory(temporary)
            _rename_unless_there(temporary, path)
            files.sync_directory(path.parent)


@contextmanager
def scratch_directory(parent: Path, bytes_needed: int | None = None) -> Iterator[Path]:
    """A fresh directory in `parent` that is gone, with all that is in it, when the block ends."""
    with _temporary_name(parent) as temporary:
        with environment_errors(parent, bytes_needed):
            files.make_directory(temporary)
        try:
            yield temporary
        finally:
            if temporary.exists():
                with suppress(OSError):
                    files.remove_tree(temporary)


def _rename_unless_there(temporary: Path, path: Path) -> None:
    try:
        files.rename(temporary, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        files.remove_tree(temporary)


def move_away(path: Path, into: Path) -> Path | None:
    """Move a file or directory into the directory `into` under a fresh name; the new place.

    Returns None where `path` is gone already (another process was faster).
    """
    make_directory(into)
    target = into / f"{path.name}.{uuid.uuid4().hex[:8]}"
    with environment_errors(path):
        try:
            files.rename(path, target)
        except FileNotFoundError:
            return None
        files.sync_directory(path.parent)
    return target


def remove(path: Path) -> None:
    """Remove a file, or a directory and all in it; nothing happens where there is none."""
    path = Path(path)
    with environment_errors(path):
        if path.is_dir() and not path.is_symlink():
            files.remove_tree(path)
        else:
            files.unlink(path)


@cache
def _where() -> str:
    """Eight digits for where process numbers mean the same: one start of one machine or container."""
    parts = [platform.node()]
    with suppress(OSError):  # no Linux
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def leftovers(directory: Path) -> list[Path]:
    """What killed processes left in `directory`, sorted; not what a living one may be writing."""
    with suppress(OSError):
        return sorted(p for p in directory.glob(f"{TEMPORARY}*") if not _still_written(p))
    return []


def remove_leftovers(directory: Path) -> list[Path]:
    """Remove what killed processes left in `directory`; what could not be removed. Call it holding its lock.

    What a living process is writing stays, so that even a file system without working locks is safe, and a
    folder that other machines write to: what these began stays until nothing in it was written for a week. A
    refusal stops nobody: litter is no reason to leave work undone, and `assay doctor` tells of it.
    """
    kept = []
    for leftover in leftovers(directory):
        try:
            remove(leftover)
        except AssayError:
            kept.append(leftover)
    return kept


def _still_written(path: Path) -> bool:
    name = path.name
    process, _, rest = name.removeprefix(TEMPORARY).partition("-")
    where = rest.partition("-")[2]
    if process.isdecimal() and where and where != _where():
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


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path`, which names this process, until the block ends.

    The kernel frees the lock of a process that died, so its leftover file stops nobody. Where another
    process holds it: wait for it, or raise AssayError `run-folder-in-use` that names it.
    """
    from filelock import FileLock, Timeout  # here: `assay --help` does without

    held = FileLock(path, mode=0o644, thread_local=False)
    with environment_errors(path):
        path.parent.stat()  # the package would make a missing folder
        try:
            held.acquire(blocking=wait)
        except Timeout:
            fix = "Wait for it to end, or choose another folder with --out."
            what = f"process {_holder(path)} is working in it"
            raise AssayError("run-folder-in-use", path.parent, what, fix) from None
    try:
        with suppress(OSError):  # where a locked file cannot be written (Windows), it names nobody
            path.write_text(f"{os.getpid()}\n", "ascii")
        yield
    finally:
        with suppress(OSError):
            files.unlink(path)
        held.release()


def _holder(path: Path) -> str:
    """The process that a lock file names."""
    try:
        return path.read_text("ascii", "replace")[:32].strip() or "unknown"
    except OSError:
        return "unknown"
