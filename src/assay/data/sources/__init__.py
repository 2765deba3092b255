"""Where labelled images come from: one file per form, each with `NAMES`, `matches` and `read`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from assay.data.listing.listing import Listing
from assay.data.piece import Piece, Shard
from assay.data.request import Request
from assay.data.sources import (
    archive,
    arrays,
    fashion_mnist,
    folder,
    hub,
    idx_folder,
    manifest,
    numpy_files,
    parquet_files,
    pixel_table,
    sample,
    tfds,
)
from assay.data.sources.cloud import stored_files, stored_shards
from assay.data.sources.objects import python_objects
from assay.data.sources.packed import web_dataset
from assay.data.values import Dataset


class Source(NamedTuple):
    """A form that data come in: its name, whether it can read a request, and how.

    data_names: the names that it knows data sets by, for `assay run NAME`.
    takes: the options of a request that it reads (see `request.OPTIONS`); any other that is given is refused.
    listing: where it reads image files: what there is, before any is decoded. read_shard: where several
    processes can share the decoding: one share of the images, decoded into a folder.
    """

    name: str
    data_names: tuple[str, ...]
    matches: Callable[[Request], bool]
    read: Callable[[Request], Dataset]
    takes: frozenset[str]
    listing: Callable[[Request], Listing] | None = None
    read_shard: Callable[[Request, Shard, Path], Piece] | None = None


#: Every source, asked in this order.
SOURCES: Final = (
    Source(
        "python",
        (),
        python_objects.matches,
        python_objects.read,
        python_objects.TAKES,
        python_objects.listing,
    ),
    Source("arrays", (), arrays.matches, arrays.read, arrays.TAKES),
    Source(
        "fashion-mnist", (fashion_mnist.NAME,), fashion_mnist.matches, fashion_mnist.read, fashion_mnist.TAKES
    ),
    Source("fashion-mnist-sample", (sample.NAME,), sample.matches, sample.read, sample.TAKES),
    Source("hf", (), hub.matches, hub.read, hub.TAKES),
    Source("tfds", (), tfds.matches, tfds.read, tfds.TAKES, tfds.listing),
    Source(
        "stored shards",
        (),
        stored_shards.matches,
        stored_shards.read,
        stored_shards.TAKES,
        stored_shards.listing,
        stored_shards.read_shard,
    ),
    Source("stored files", (), stored_files.matches, stored_files.read, stored_files.TAKES),
    Source("idx", (), idx_folder.matches, idx_folder.read, idx_folder.TAKES),
    Source("numpy", (), numpy_files.matches, numpy_files.read, numpy_files.TAKES),
    Source(
        "webdataset",
        (),
        web_dataset.matches,
        web_dataset.read,
        web_dataset.TAKES,
        web_dataset.listing,
        web_dataset.read_shard,
    ),
    Source("archive", (), archive.matches, archive.read, archive.TAKES),
    Source(
        "parquet",
        (),
        parquet_files.matches,
        parquet_files.read,
        parquet_files.TAKES,
        parquet_files.listing,
        parquet_files.read_shard,
    ),
    Source("pixel-table", (), pixel_table.matches, pixel_table.read, pixel_table.TAKES),
    Source("folder", (), folder.matches, folder.read, folder.TAKES, folder.listing, folder.read_shard),
    Source(
        "table",
        (),
        manifest.matches,
        manifest.read,
        manifest.TAKES,
        manifest.listing,
        manifest.read_shard,
    ),
)
