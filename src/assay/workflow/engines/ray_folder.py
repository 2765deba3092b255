"""The folder that Ray's own files lie in, and what killed audits left of such folders."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError

#: How the folders are called. Anybody may call one so: only those of this user are looked at.
PREFIX: Final = "assay-ray-"

#: Held by the audit that made the folder; the kernel frees it when that process is gone, in whatever way.
_LOCK: Final = "held"

#: Bytes of the path: "/assay-ray-", 8 letters and the 64 of Ray's longest name come after it.
_LONGEST: Final = 107 - 11 - 8 - 64


def temporary_files() -> str:
    """The folder of temporary files. Python's own function tries to write there, which doctor must not."""
    given = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    usable = (path for path in given if path and Path(path).is_dir() and os.access(path, os.W_OK))
    return next(usable, "/tmp")


def short_place() -> str:
    """Where Ray's files lie: the names of its sockets, of 107 characters at most, begin with this path."""
    own = temporary_files()
    return own if len(os.fsencode(own)) <= _LONGEST or not Path("/tmp").is_dir() else "/tmp"


@contextmanager
def ray_folder() -> Iterator[str]:
    """A fresh folder for Ray that is gone when the block ends; if this is killed, the next one removes it."""
    remove_leftovers()
    with (
        TemporaryDirectory(prefix=PREFIX, dir=short_place(), ignore_cleanup_errors=True) as folder,
        durable.lock(Path(folder, _LOCK)),
    ):
        yield folder


def remove_leftovers() -> tuple[list[Path], list[Path]]:
    """Remove the folders of killed audits: those that were removed, and those that could not be.

    A folder of a living audit stays, and so does what belongs to somebody else or is no folder.
    """
    removed, kept = [], []
    for folder in sorted(Path(short_place()).glob(f"{PREFIX}*")):
        if not _is_own(folder) or not (folder / _LOCK).is_file():
            continue
        try:
            with durable.lock(folder / _LOCK):
                durable.remove(folder)
            removed.append(folder)
        except AssayError as error:
            if error.code != "run-folder-in-use":
                kept.append(folder)
    return removed, kept


def _is_own(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
