"""A zip or tar archive of anything that could lie in a folder."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
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
                return replace(found, source="archive", location="")
            except AssayError as error:
                # The unpacked files are gone when this is read: name the archive, not them.
                where = str(error.where).replace(str(unpacked), str(archive))
                what = error.what.replace(str(unpacked), str(archive))
                raise AssayError(error.code, where, what, error.fix, error.more) from error
    raise too_few(archive)
