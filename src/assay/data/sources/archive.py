"""A zip or tar archive of anything that could lie in a folder."""

import re
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.archive import is_archive, too_few, unpack
from assay.data.formats.safe_open import reading_errors
from assay.data.request import OF_ARRAYS, OF_FOLDERS, OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources import folder, idx_folder, numpy_files
from assay.data.sources.image_dataset import cache_key, name_of, stop_at_unreadable
from assay.data.storage.cache import cached
from assay.data.values import Dataset

#: What may lie in an archive. Archives in archives are not unpacked.
_INSIDE = (idx_folder, numpy_files, folder)

#: The options of a request that this source reads.
TAKES: Final = OF_FOLDERS | OF_ARRAYS | OF_IMAGES | OF_TABLES

#: How commands begin that are told.
_COMMAND: Final = "(cd "


def matches(request: Request) -> bool:
    """Whether the path is a file with the name of an archive."""
    return request.path is not None and request.path.is_file() and is_archive(request.path)


def read(request: Request) -> Dataset:
    """The data set in an archive, unpacked into the cache for as long as it takes to read it.

    Raises AssayError as `unpack` does and as the source of what lies inside.
    """
    path = request.path
    assert path is not None  # `matches` said so
    with reading_errors(path):
        status = path.stat()

    def build(scratch: Path) -> Dataset:
        inside = scratch / "unpacked"
        durable.make_directory(inside)
        return _read_folder(request, path, unpack(path, inside), scratch)

    stamp = f"{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}|{request.columns}"
    key = cache_key(request, "archive", path, stamp)
    found = replace(cached(key, build, 3 * status.st_size, request.on_event), location=str(path))
    stop_at_unreadable(found, request, path)
    return found


def _read_folder(request: Request, archive: Path, unpacked: Path, scratch: Path) -> Dataset:
    name = request.name or name_of(archive)
    inner = replace(request, path=unpacked, name=name, scratch=scratch, skip_bad=True)
    for source in _INSIDE:
        if source.matches(inner):
            refuse_unused(inner, source.TAKES, source.__name__.rpartition(".")[2].replace("_", " "))
            try:
                found: Dataset = source.read(inner)
                notes = tuple(_as_noted(note, unpacked, archive) for note in found.notes)
                return replace(found, source="archive", location="", notes=notes)
            except AssayError as error:
                raise _as_told(error, unpacked, archive) from error
    raise too_few(archive)


def _as_told(error: AssayError, unpacked: Path, archive: Path) -> AssayError:
    """The error without the unpacked files, which are gone when it is read: it names the archive, and what is
    to be typed begins with unpacking it."""
    where, what = (str(text).replace(str(unpacked), str(archive)) for text in (error.where, error.what))
    if _COMMAND in error.what:
        what = _moved(error.what, unpacked, archive)
    fix = _moved(error.fix, unpacked, archive)
    if fix != error.fix or _COMMAND in error.what:
        fix = f"First unpack it, by {_unpacking(archive)} . {fix}"
    return AssayError(error.code, where, what, fix, error.more)


def _as_noted(note: str, unpacked: Path, archive: Path) -> str:
    """The same for a note."""
    if str(unpacked) not in note:
        return note
    return (
        f"{_moved(note, unpacked, archive)} (first unpack {one_line(archive.name)}: {_unpacking(archive)} )"
    )


def _unpacking(archive: Path) -> str:
    """The command that unpacks an archive beside it."""
    module = "zipfile" if archive.suffix.lower() == ".zip" else "tarfile"
    told = f"python3 -m {module} -e {quote(str(archive.absolute()))} {quote(str(_place(archive)))}"
    return one_line(told)


def _place(archive: Path) -> Path:
    """Where an archive is to be unpacked: a folder of its name that is not there yet."""
    whole = archive.absolute()
    names = (f"{name_of(archive)}{number}" for number in chain(("",), (f"-{n}" for n in count(2))))
    return next(whole.with_name(name) for name in names if not whole.with_name(name).exists())


def _moved(text: str, unpacked: Path, archive: Path) -> str:
    """A text whose paths below the unpacked folder lie where the command unpacks it, quoted for a shell."""
    old = re.escape(str(unpacked))
    place = str(_place(archive))
    quoted = re.compile(rf"'({old}[^']*)'|({old}(?:[^\s;()'\"]*[^\s;()'\".,:])?)")
    return quoted.sub(lambda found: quote((found[1] or found[2]).replace(str(unpacked), place)), text)
