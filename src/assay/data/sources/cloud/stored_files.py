"""Any other form on object storage: a tree of images, an archive, arrays, fetched and read as files are."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.listing.listing import stamp_of
from assay.data.request import OF_ARRAYS, OF_FOLDERS, OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources import archive, folder, idx_folder, numpy_files, pixel_table
from assay.data.sources.cloud.stored_shards import objects_of
from assay.data.sources.image_dataset import cache_key, name_of, stop_at_unreadable
from assay.data.storage.cache import cached
from assay.data.storage.objects import fetch, fetch_tree
from assay.data.values import Dataset

#: What may lie at an address, besides shards.
_INSIDE: Final = (idx_folder, numpy_files, archive, pixel_table, folder)

#: The options of a request that this source reads.
TAKES: Final = OF_FOLDERS | OF_ARRAYS | OF_IMAGES | OF_TABLES


def matches(request: Request) -> bool:
    """Whether an address was given; shards are asked for before."""
    return request.address is not None and request.pattern is None


def read(request: Request) -> Dataset:
    """The data set at an address: one object, kept in the cache, or a tree, kept while it is read.

    Raises AssayError as `list_objects` and as the source of what lies there.
    """
    address = request.address
    assert address is not None  # `matches` said so
    objects = objects_of(request)
    name = request.name or name_of(address)
    if objects.single:
        path = fetch(objects, objects.objects[0], request.on_event)
        found = _read(replace(request, path=path, address=None, name=name), path, address)
        return replace(found, location=address)

    def build(scratch: Path) -> Dataset:
        place = durable.make_directory(scratch / "objects")
        fetch_tree(objects, place, request.on_event)
        inner = replace(request, path=place, address=None, name=name, scratch=scratch, skip_bad=True)
        return replace(_read(inner, place, address), location="")

    stamp = stamp_of([*(one.stamp for one in objects.objects), str(request.columns)])
    size = 2 * sum(one.size for one in objects.objects)
    key = cache_key(request, "stored files", address, stamp)
    found = replace(cached(key, build, size, request.on_event), location=address)
    stop_at_unreadable(found, request, address)
    return found


def _read(inner: Request, place: Path, address: str) -> Dataset:
    for source in _INSIDE:
        if source.matches(inner):
            refuse_unused(inner, source.TAKES, source.__name__.rpartition(".")[2].replace("_", " "))
            try:
                found: Dataset = source.read(inner)
            except AssayError as error:
                # Name what the user gave, not where it lies for the moment.
                where, what = (text.replace(str(place), address) for text in (error.where, error.what))
                raise AssayError(error.code, where, what, error.fix, error.more) from error
            return replace(found, source="stored files")
    what = "nothing there is of a form that Assay reads"
    raise AssayError("unknown-data", address, what, "Give a prefix of images, Parquet files or tars.")
