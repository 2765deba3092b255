"""Near copies within one split, for whoever draws a line through it: found once, then kept in the cache."""

import hashlib
import json
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.cache_folder import AUDITS, cache_folder
from assay.core.checked_text import read_checked, write_checked
from assay.core.errors import AssayError
from assay.core.version import code_version
from assay.data.values import Dataset, Split
from assay.duplicates.find import find_copies

#: How the files begin that pairs are kept in, beside the audits.
_START: Final = "near-copies-"


#: Rooms whose code decides which pairs are found.
_ROOMS: Final = ("estimators", "features", "duplicates")


def pairs_version() -> str:
    """Another text whenever the same images may give other pairs."""
    return code_version(_ROOMS)


def near_pairs(split: Split) -> NDArray[np.int64]:
    """Rows of pictures that are nearly the same, as the check `near-duplicates` tells: `(pairs, 2)`.

    The surest pair comes first. Of exact copies the first stands for all.
    """
    if not len(split):
        return np.zeros((0, 2), np.int64)
    path = cache_folder() / AUDITS / f"{_START}{_key(split)}.json"
    text = read_checked(path)
    if text is None:
        text = json.dumps(_found(split))
        with suppress(AssayError):  # a cache that cannot be written costs this time again, and no more
            write_checked(path, text)
    return np.array(json.loads(text), np.int64).reshape(-1, 2)


def _found(split: Split) -> list[list[int]]:
    alone = Dataset("", (), {"train": split}, "", fingerprints={"train": "not needed"})
    copies = find_copies(alone)
    surest = np.lexsort((copies.near_second, copies.near_first, -copies.score))
    pairs = np.stack([copies.first[copies.near_first], copies.first[copies.near_second]], axis=1)
    return [list(map(int, pair)) for pair in pairs[surest]]


def _key(split: Split) -> str:
    whole = hashlib.sha256(f"{pairs_version()} {split.shape}".encode())
    whole.update(np.ascontiguousarray(split.digests).tobytes())
    for side in ("width", "height"):  # files of other sizes are compared less strictly
        whole.update(repr(np.asarray(split.columns.get(side, ())).tolist()).encode())
    return whole.hexdigest()
