"""WebDataset shards: one tar, a folder of them, or those that a pattern names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.data.formats.shard_file import PARQUET, TAR, ShardFile, local_shard, shard_paths
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.listing import Listing, Unlisted
from assay.data.listing.names import natural_key
from assay.data.listing.shards.names import refuse_other_data
from assay.data.listing.shards.web_dataset import is_web_dataset, list_web_dataset, stamp_of_shards
from assay.data.piece import Piece, Shard
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.values import Dataset, LeftOut

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | (OF_TABLES - {"root"})

#: Shards that are looked into before it is said that none is of this form.
_LOOKED_INTO: Final = 20

#: About what an image takes in a shard, to tell how many there may be before they are listed.
_BYTES_EACH: Final = 20_000


def matches(request: Request) -> bool:
    """Whether the path is a WebDataset shard or a folder that holds some, at most two folders deep.

    A tar is one where it holds an image and its label under one key. `--layout` says that it is a tree, or
    that the images beside the shards are meant.
    """
    place = request.path
    if place is None or (request.layout is not None and (place.is_file() or _other_data(place))):
        return False
    tars = [path for path in request.shards_there if path.name.lower().endswith(TAR)]
    return any(is_web_dataset(local_shard(path, place)) for path in tars[:_LOOKED_INTO])


def read(request: Request) -> Dataset:
    """The data set in the shards; see `list_web_dataset` for the rules."""
    files = _files(request)
    count = sum(file.size for file in files) // _BYTES_EACH
    found = Unlisted(stamp_of_shards(request, files), count, lambda: _listed(request, files))
    return read_image_set(request, found, "webdataset", _place(request), lambda: _stamp(request))


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`. Errors as of `read`."""
    again = lambda: _stamp(request)  # noqa: E731
    return read_image_shard(request, listing(request), "webdataset", _place(request), again, shard, scratch)


def listing(request: Request) -> Listing:
    """What the shards hold, before any image is decoded."""
    return _listed(request, _files(request))


def _listed(request: Request, files: Sequence[ShardFile]) -> Listing:
    found = list_web_dataset(request, files)
    return replace(found, left_out=(*found.left_out, *_beside(request, files)))


def _place(request: Request) -> Path:
    assert request.path is not None  # `matches` said so
    return request.path


def _stamp(request: Request) -> str:
    return stamp_of_shards(request, _files(request))


def _files(request: Request) -> list[ShardFile]:
    place = _place(request)
    paths = sorted(shard_paths(place, TAR, request.pattern), key=lambda path: natural_key(path.as_posix()))
    return [local_shard(path, place) for path in paths]


def _beside(request: Request, files: Sequence[ShardFile]) -> list[LeftOut]:
    """What else lies in the folder. Raises AssayError `ambiguous-layout` where that may be the data."""
    place = _place(request)
    if place.is_file() or request.pattern is not None:
        return []
    own = {file.name for file in files}
    refuse_other_data(place, len(files), _other_data(place), "'FOLDER/*.tar'")
    return [LeftOut(name, "ignored", "no WebDataset shard") for name in _names(place) if name not in own]


def _names(place: Path) -> list[str]:
    return [path.relative_to(place).as_posix() for path in sorted(place.rglob("*")) if path.is_file()]


def _other_data(place: Path) -> list[str]:
    """Files below a folder that may be its data as well as the tars there."""
    return [name for name in _names(place) if name.lower().endswith((*PARQUET, *FORMAT_BY_NAME))]
