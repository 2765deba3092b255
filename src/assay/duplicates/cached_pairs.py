"""Near copies, found when a set is divided or audited, and kept for audits of the same pictures."""

import hashlib
import json
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from assay.core.cache_folder import AUDITS, cache_folder
from assay.core.checksums import read_checked, write_checked
from assay.core.errors import AssayError
from assay.core.version import code_version
from assay.data.splitting.groups import Pairs
from assay.data.values import Dataset, Split
from assay.duplicates.find import (
    Copies,
    Pool,
    by_digest,
    copies_in,
    find_copies,
    of_one_class,
    pool_images,
    resized,
)
from assay.duplicates.overlapping.overlaps import Overlaps, overlapping_pictures

#: How the files begin that pairs are kept in, beside the audits.
_START: Final = "near-copies-"

#: Sets whose copies a process remembers: the same pictures with other labels need no search.
_MOST: Final = 4

_remembered: OrderedDict[Path, dict[str, Any]] = OrderedDict()
_lock: Final = Lock()

#: Rooms whose code decides which pairs are found.
_ROOMS: Final = ("estimators", "features", "duplicates")


def pairs_version() -> str:
    """Another text whenever the same images may give other pairs."""
    return code_version(_ROOMS)


def near_pairs(split: Split) -> Pairs:
    """Rows of pictures that are nearly the same, as the check `near-duplicates` tells, and that overlap.

    The surest pair comes first. Of exact copies the first stands for all. What was found is kept.
    """
    if not len(split):
        return Pairs.none()
    alone = Dataset("", (), {"train": split}, "", fingerprints={"train": "not needed"})
    copies = kept_copies(alone)
    if copies is None:
        copies = find_copies(alone)
        with suppress(AssayError):  # a cache that cannot be written costs this time again, and no more
            write_checked(_path(alone, pool_images(alone)), json.dumps(_record(alone, copies)))
    copies = of_one_class(copies, alone)
    surest = np.lexsort((copies.near_second, copies.near_first, -copies.score))
    near = np.stack([copies.first[copies.near_first], copies.first[copies.near_second]], axis=1)[surest]
    return Pairs(near, copies.first[overlapping_pictures(copies.overlaps)])


def kept_copies(dataset: Dataset) -> Copies | None:
    """What `find_copies` finds, if it was kept for the same pictures in any order and splits, or None.

    Labels have no part in it.
    """
    pool = pool_images(dataset)
    text = read_checked(_path(dataset, pool))
    return None if text is None else _restored(dataset, pool, json.loads(text))


def copies_of(dataset: Dataset) -> Copies:
    """What `find_copies` finds; kept, or remembered from the last audits of this process, it is not searched
    for again."""
    kept = kept_copies(dataset)
    if kept is not None:
        return kept
    pool = pool_images(dataset)
    path = _path(dataset, pool)
    with _lock:
        record = _remembered.get(path)
    if record is not None:
        return _restored(dataset, pool, record)
    found = find_copies(dataset)
    with _lock:
        _remembered[path] = _record(dataset, found)
        while len(_remembered) > _MOST:
            _remembered.popitem(last=False)
    return found


def forget_copies() -> None:
    """Search for all copies anew from here on, but for those that lie in the cache."""
    with _lock:
        _remembered.clear()


def _restored(dataset: Dataset, pool: Pool, record: dict[str, Any]) -> Copies:
    pairs = by_digest(dataset, pool)[np.array(record["pairs"], np.int64).reshape(2, -1)]
    limits = None if record["limits"] is None else tuple(record["limits"])
    score = np.array(record["score"], np.float64)
    alone = None if record["alone"] is None else np.array(record["alone"], np.int64)
    found = copies_in(pool, pairs, score, tuple(record["changes"]), limits, record["unlikely"], alone)
    first, second, down, right = np.array(record["overlaps"]["pairs"], np.int64).reshape(4, -1)
    share = np.array(record["overlaps"]["share"], np.float64)
    overlaps = Overlaps(first, second, down, right, share)
    return replace(found, overlaps=overlaps.numbered(by_digest(dataset, pool)))


def _record(dataset: Dataset, copies: Copies) -> dict[str, Any]:
    """The pairs by their places in the order of digests, and what else was found."""
    place = np.argsort(by_digest(dataset, pool_images(dataset)))
    overlaps = copies.overlaps.numbered(place)
    return {
        "pairs": [place[side].tolist() for side in (copies.near_first, copies.near_second)],
        "score": copies.score.tolist(),
        "changes": list(copies.changes),
        "limits": None if copies.limits is None else [float(limit) for limit in copies.limits],
        "unlikely": int(copies.unlikely),
        "alone": None if copies.alone is None else copies.alone.tolist(),
        "overlaps": {
            "pairs": [side.tolist() for side in overlaps[:4]],
            "share": overlaps.share.tolist(),
        },
    }


def _path(dataset: Dataset, pool: Pool) -> Path:
    """One file for the same pictures and code; files of other sizes are compared less strictly."""
    digests = np.concatenate([split.digests for split in dataset.splits.values()])[pool.first]
    whole = hashlib.sha256(f"{pairs_version()} {dataset.shape} {resized(dataset)}".encode())
    whole.update(digests[by_digest(dataset, pool)].tobytes())
    return cache_folder() / AUDITS / f"{_START}{whole.hexdigest()}.json"
