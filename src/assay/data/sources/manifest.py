"""A table of image paths and labels: CSV, TSV or JSON lines."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.data.formats.text_table import SUFFIXES
from assay.data.listing.beside.other_tables import notes_on_labels_beside
from assay.data.listing.columns.images import notes_on_unnamed
from assay.data.listing.image_table import Table, list_tables
from assay.data.listing.listing import Listing
from assay.data.piece import Piece, Shard
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.splitting.groups_of_tables import notes_on_groups_of_tables
from assay.data.values import Dataset

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_TABLES


def matches(request: Request) -> bool:
    """Whether the path is a file with the name of a table."""
    return request.path is not None and request.path.is_file() and request.path.suffix.lower() in SUFFIXES


def read(request: Request) -> Dataset:
    """The images that the table names, below its folder; see `list_tables` for the rules."""
    assert request.path is not None  # `matches` said so
    found = _listed(request)
    data = read_image_set(request, found, "table", request.path, lambda: _listed(request).stamp)
    # Not kept in the cache: what lies beside the images may change while they do not.
    return replace(data, notes=(*data.notes, *_on_what_lies_beside(request, found)))


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`. Errors as of `read`."""
    assert request.path is not None  # `matches` said so
    again = lambda: _listed(request).stamp  # noqa: E731
    return read_image_shard(request, _listed(request), "table", request.path, again, shard, scratch)


def listing(request: Request) -> Listing:
    """What the table names, before any image is decoded."""
    found = _listed(request)
    return replace(found, notes=(*found.notes, *_on_what_lies_beside(request, found)))


def _on_what_lies_beside(request: Request, found: Listing) -> list[str]:
    """Notes on images that no row names, and on a table that names groups of those that it names."""
    assert request.path is not None  # `matches` said so
    named = {name for part in found.parts.values() for name in part.ids}
    named |= {item.id for item in found.left_out}
    unnamed = notes_on_unnamed((request.root or request.path.parent).resolve(), named)
    parts = found.parts.values()
    images = {id_: label for part in parts for id_, label in zip(part.ids, part.labels, strict=True)}
    labels = notes_on_labels_beside(request.path, images)
    return [*notes_on_groups_of_tables([request.path], request, found.parts), *labels, *unnamed]


def _listed(request: Request) -> Listing:
    """The same without what lies beside."""
    assert request.path is not None  # `matches` said so
    form = f"a table ({request.path.suffix[1:]}) of paths and labels"
    return list_tables(request, request.path.parent, [Table(request.path)], form)
