"""Parquet files with images inside: one, or a folder of them as on the Hugging Face hub."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.shard_file import PARQUET, ShardFile, local_shard, shard_paths
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.listing import Listing
from assay.data.listing.names import natural_key
from assay.data.listing.parquet import left_out_files, list_parquet, stamp_of_parquet
from assay.data.piece import Piece, Shard
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.values import Dataset, LeftOut

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_TABLES | {"floats", "channel_order"}

#: Files and folders that a system hides.
_HIDDEN: Final = re.compile(r"(?:^|/)(?:\.|__MACOSX/)")


def matches(request: Request) -> bool:
    """Whether the path is a Parquet file, or a folder that holds some, at most two folders deep.

    `--layout` says that the folders of images beside the files are meant.
    """
    if request.layout is not None and request.path is not None and request.path.is_dir():
        return False
    return any(path.name.lower().endswith(PARQUET) for path in request.shards_there)


def read(request: Request) -> Dataset:
    """The data set in the files; see `list_parquet` for the rules."""
    assert request.path is not None  # `matches` said so
    return read_image_set(request, listing(request), "parquet", request.path)


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`. Errors as of `read`."""
    assert request.path is not None  # `matches` said so
    found = listing(request)
    return read_image_shard(
        request, found, "parquet", request.path, _stamp_again(request, found), shard, scratch
    )


def _stamp_again(request: Request, found: Listing) -> Callable[[], str]:
    """Gives the stamp anew: of files that hold images without a look at their rows, of which there may be
    millions; of tables of paths by listing again, for it tells of the images' files."""

    def of_files() -> str:
        return stamp_of_parquet(request, _shard_files(request))

    return of_files if of_files() == found.stamp else lambda: listing(request).stamp


def listing(request: Request) -> Listing:
    """What the files hold, before any image is decoded."""
    path = request.path
    assert path is not None  # `matches` said so
    if path.is_file() or request.pattern is not None:
        return list_parquet(request, path, _shard_files(request))
    beside = left_out_files(path, _files(request))
    try:
        found = list_parquet(request, path, _shard_files(request))
    except AssayError as error:
        raise _with_folders(error, _images(beside)) from error
    named = {id_ for part in found.parts.values() for id_ in part.ids}
    named |= {left.id for left in found.left_out}
    more = [left for left in beside if left.id not in named]
    return replace(found, left_out=(*found.left_out, *more), notes=(*found.notes, *_on_images(more)))


def _images(beside: Iterable[LeftOut]) -> list[str]:
    """The images in folders beside the files, hidden ones and those of a system left out."""
    endings = tuple(FORMAT_BY_NAME)
    return [item.id for item in beside if item.id.lower().endswith(endings) and not _HIDDEN.search(item.id)]


def _on_images(beside: Iterable[LeftOut]) -> list[str]:
    """A note on images that no row holds or names."""
    found = _images(beside)
    if not found:
        return []
    count = counted(len(found), "image lies", "images lie")
    return [
        f"{count} beside the Parquet files, and no row holds or names them: they were not read, "
        f"{one_line(found[0])} the first (--layout splits or classes reads the folders instead)"
    ]


def _with_folders(error: AssayError, images: Sequence[str]) -> AssayError:
    """The error of files without pictures, or without labels, with the way to read the images beside them."""
    if error.code != "column-missing" or not any("/" in path for path in images):
        return error
    count = counted(len(images), "image lies", "images lie")
    fix = (
        f"{error.fix.rstrip('.')}. Or, where the folders are classes ({count} there): --layout splits, "
        "where folders of splits lie above them, or --layout classes."
    )
    return AssayError(error.code, error.where, error.what, fix, error.more)


def _shard_files(request: Request) -> list[ShardFile]:
    assert request.path is not None  # `matches` said so
    return [local_shard(file, request.path) for file in _files(request)]


def _files(request: Request) -> list[Path]:
    assert request.path is not None  # `matches` said so
    found = shard_paths(request.path, PARQUET, request.pattern)
    return sorted(found, key=lambda file: natural_key(file.as_posix()))
