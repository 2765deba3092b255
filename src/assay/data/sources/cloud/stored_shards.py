"""Shards on object storage: Parquet files or WebDataset tars below an address, fetched one by one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import IO, Final
from weakref import WeakKeyDictionary

from assay.core.errors import AssayError
from assay.data.formats.safe_open import open_file
from assay.data.formats.shard_file import PARQUET, TAR, ShardFile, alternatives, fits
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.listing import Listing
from assay.data.listing.names import natural_key
from assay.data.listing.parquet import list_parquet
from assay.data.listing.shards.names import refuse_other_data
from assay.data.listing.shards.web_dataset import is_web_dataset, list_web_dataset, stamp_of_shards
from assay.data.piece import Piece, Shard
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.storage.objects import Objects, StoredObject, check_in_all, fetch, glance, list_objects
from assay.data.values import Dataset, LeftOut

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | (OF_TABLES - {"root"}) | {"floats", "channel_order"}

#: Tars that are looked into before it is said that none is a WebDataset shard.
_LOOKED_INTO: Final = 3

#: What was listed for a request: it is asked several times what there is.
_listed: "WeakKeyDictionary[Request, Objects]" = WeakKeyDictionary()


def objects_of(request: Request) -> Objects:
    """What lies at the address of a request, listed once. Raises AssayError as `list_objects`."""
    assert request.address is not None  # `matches` said so
    if request.offline:
        what = "it is on the network, and --offline forbids that"
        raise AssayError("data-unavailable", request.address, what, "Leave --offline out.")
    if request not in _listed:
        _listed[request] = list_objects(request.address)
    return _listed[request]


def matches(request: Request) -> bool:
    """Whether the address is that of Parquet files or WebDataset shards, or of a prefix that holds some."""
    return request.address is not None and bool(_chosen(request, objects_of(request)))


def read(request: Request) -> Dataset:
    """The data set in the shards, each fetched into the cache when it is read."""
    found = _listing(request, whole=True)
    return read_image_set(request, found, "stored shards", _address(request), partial(_stamp, request))


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`: of the shards only those that hold it are fetched."""
    found, again = _listing(request, whole=False), partial(_stamp, request)
    return read_image_shard(request, found, "stored shards", _address(request), again, shard, scratch)


def listing(request: Request) -> Listing:
    """What the shards hold, before any image is decoded."""
    return _listing(request, whole=True)


def _address(request: Request) -> str:
    assert request.address is not None  # `matches` said so
    return request.address


def _stamp(request: Request) -> str:
    """The stamp by a fresh listing."""
    again = list_objects(_address(request))
    return stamp_of_shards(request, _files(request, again, _chosen(request, again), whole=True))


def _listing(request: Request, *, whole: bool) -> Listing:
    objects = objects_of(request)
    chosen = _chosen(request, objects)
    if whole:
        check_in_all(objects, chosen)
    files = _files(request, objects, chosen, whole=whole)
    if chosen[0].name.lower().endswith(PARQUET):
        found, reason = list_parquet(request, _address(request), files), "no Parquet file"
    else:
        found, reason = list_web_dataset(request, files), "no WebDataset shard"
    found = replace(found, stamp=stamp_of_shards(request, files))
    if request.pattern is not None:
        return found
    own = {one.name for one in chosen}
    others = [one.name for one in objects.objects if one.name not in own]
    if reason == "no WebDataset shard":
        refuse_other_data(_address(request), len(files), others, f"'{_address(request)}/*.tar'")
    return replace(found, left_out=(*found.left_out, *(LeftOut(name, "ignored", reason) for name in others)))


def _chosen(request: Request, objects: Objects) -> list[StoredObject]:
    """The objects that are shards, in natural order: WebDataset tars, or else Parquet files."""
    patterns = None if request.pattern is None else alternatives(request.pattern)
    found = [one for one in objects.objects if patterns is None or fits(one.name, patterns)]
    found.sort(key=lambda one: natural_key(one.name))
    tars = [one for one in found if one.name.lower().endswith(TAR)]
    meant = request.layout is None or not any(
        one.name.lower().endswith((*PARQUET, *FORMAT_BY_NAME)) for one in found
    )
    if tars and meant:
        looked_at = _files(request, objects, tars[:_LOOKED_INTO], whole=False)
        if any(is_web_dataset(file) for file in looked_at):
            return tars
    return [one for one in found if one.name.lower().endswith(PARQUET)]


def _files(
    request: Request, objects: Objects, chosen: Sequence[StoredObject], *, whole: bool
) -> list[ShardFile]:
    """whole: all of them will be read, so each is fetched before it is looked into."""
    return [_file(request, objects, one, whole=whole) for one in chosen]


def _file(request: Request, objects: Objects, one: StoredObject, *, whole: bool) -> ShardFile:
    fetched = cache(partial(fetch, objects, one, request.on_event))

    def opened() -> AbstractContextManager[IO[bytes]]:
        return open_file(fetched())

    glanced: Callable[[], AbstractContextManager[IO[bytes]]] = (
        opened if whole else partial(glance, objects, one)
    )
    return ShardFile(one.name, objects.where(one), one.size, one.stamp, opened, glanced)
