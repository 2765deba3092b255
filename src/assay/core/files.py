"""The operating system's calls that write. Only `core.durable` uses them; tests put others in their place."""

import os
import stat
import uuid
from pathlib import Path
from typing import IO, Final

#: How a directory is opened to be looked into: never by way of a link.
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Files:
    """The operating system's calls that write. Tests put a failing or lossy one in its place."""

    def open_new(self, path: Path) -> IO[bytes]:
        return open(path, "xb")

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        file.write(data)

    def sync(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_all(self) -> None:
        os.sync()

    def make_directory(self, path: Path) -> None:
        path.mkdir()

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and all in it, however deep: without recursion, and by short paths alone.

        Directories in directories are moved to the top until there are none left. Links are not followed.
        """
        top = os.open(path, _DIRECTORY)
        try:
            while names := _names(top):
                for name in names:
                    _remove_one(name, top)
        finally:
            os.close(top)
        path.rmdir()


def _names(directory: int) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries]


def _remove_one(name: str, top: int) -> None:
    """Remove an entry of the directory `top`; the directories in it are moved beside it."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top)
        return
    inner = os.open(name, _DIRECTORY, dir_fd=top)
    try:
        for entry in _names(inner):
            if stat.S_ISDIR(os.stat(entry, dir_fd=inner, follow_symlinks=False).st_mode):
                os.rename(entry, uuid.uuid4().hex, src_dir_fd=inner, dst_dir_fd=top)
            else:
                os.unlink(entry, dir_fd=inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)
