"""Parquet files with images inside: one, or a folder of them as on the Hugging Face hub."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.data.formats.safe_open import reading_errors
from assay.data.listing.listing import Listing
from assay.data.listing.names import natural_key
from assay.data.listing.parquet import left_out_files, list_parquet
from assay.data.piece import Piece, Shard
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.values import Dataset

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_TABLES | {"floats", "channel_order"}


def matches(request: Request) -> bool:
    """Whether the path is a Parquet file, or a folder that holds some, at most two folders deep."""
    return request.path is not None and bool(_files(request.path))


def read(request: Request) -> Dataset:
    """The data set in the files; see `list_parquet` for the rules."""
    assert request.path is not None  # `matches` said so
    return read_image_set(request, listing(request), "parquet", request.path)


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`. Errors as of `read`."""
    assert request.path is not None  # `matches` said so
    again = lambda: listing(request).stamp  # noqa: E731
    return read_image_shard(request, listing(request), "parquet", request.path, again, shard, scratch)


def listing(request: Request) -> Listing:
    """What the files hold, before any image is decoded."""
    path = request.path
    assert path is not None  # `matches` said so
    files = _files(path)
    found = list_parquet(request, path, files)
    named = {id_ for part in found.parts.values() for id_ in part.ids}
    more = [left for left in left_out_files(path, files) if left.id not in named] if path.is_dir() else ()
    return replace(found, left_out=(*found.left_out, *more))


def _files(path: Path) -> Sequence[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = (
        file for file in _below(path, 2) if file.is_file() and (not file.is_symlink() or _inside(file, path))
    )
    return sorted(found, key=lambda file: natural_key(file.as_posix()))


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Files with the name of a Parquet file, at most `depth` folders down; nothing hidden."""
    with reading_errors(folder), os.scandir(folder) as entries:
        # In one expression: a folder may hold a million images, each of which is asked for its name here.
        found = [
            entry
            for entry in entries
            if _is_parquet(entry.name) or (depth and entry.is_dir(follow_symlinks=False))
        ]
    for entry in found:
        if entry.name.startswith("."):
            continue
        if _is_parquet(entry.name):
            yield Path(entry.path)
        else:
            yield from _below(Path(entry.path), depth - 1)


def _is_parquet(name: str) -> bool:
    return name[-8:].lower() == ".parquet"


def _inside(file: Path, root: Path) -> bool:
    # The hub's own cache consists of links to a folder beside; anything further away is not followed.
    return file.resolve().is_relative_to(root.resolve().parent.parent)
