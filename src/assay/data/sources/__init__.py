"""Where labelled images come from: one file per form, each with `NAMES`, `matches` and `read`."""

from collections.abc import Callable
from typing import Final, NamedTuple

from assay.data.listing.listing import Listing
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
    sample,
    tfds,
)
from assay.data.values import Dataset


class Source(NamedTuple):
    """A form that data come in: its name, whether it can read a request, and how.

    data_names: the names that it knows data sets by, for `assay run NAME`.
    listing: where it reads image files: what there is, before any is decoded.
    """

    name: str
    data_names: tuple[str, ...]
    matches: Callable[[Request], bool]
    read: Callable[[Request], Dataset]
    listing: Callable[[Request], Listing] | None = None


#: Every source, asked in this order.
SOURCES: Final = (
    Source("arrays", (), arrays.matches, arrays.read),
    Source("fashion-mnist", (fashion_mnist.NAME,), fashion_mnist.matches, fashion_mnist.read),
    Source("fashion-mnist-sample", (sample.NAME,), sample.matches, sample.read),
    Source("hf", (), hub.matches, hub.read),
    Source("tfds", (), tfds.matches, tfds.read, tfds.listing),
    Source("idx", (), idx_folder.matches, idx_folder.read),
    Source("numpy", (), numpy_files.matches, numpy_files.read),
    Source("archive", (), archive.matches, archive.read),
    Source("parquet", (), parquet_files.matches, parquet_files.read, parquet_files.listing),
    Source("folder", (), folder.matches, folder.read, folder.listing),
    Source("table", (), manifest.matches, manifest.read, manifest.listing),
)
