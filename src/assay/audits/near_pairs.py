"""Near copies within one split, for whoever draws a line through it: found once, then kept in the cache."""

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.copies import find_copies
from assay.audits.kept import FOLDER, code_version
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.folders import cache_folder
from assay.data.values import Dataset, Split

#: How the files begin that pairs are kept in, beside the audits.
_START: Final = "near-copies-"


def near_pairs(split: Split) -> NDArray[np.int64]:
    """Rows of pictures that are nearly the same, as the check `near-duplicates` tells: `(pairs, 2)`.

    The surest pair comes first. Of exact copies the first stands for all.
    """
    if not len(split):
        return np.zeros((0, 2), np.int64)
    path = cache_folder() / FOLDER / f"{_START}{_key(split)}.json"
    kept = _read(path)
    if kept is None:
        kept = _found(split)
        _keep(path, kept)
    return np.array(kept, np.int64).reshape(-1, 2)


def _found(split: Split) -> list[list[int]]:
    alone = Dataset("", (), {"train": split}, "", fingerprints={"train": "not needed"})
    copies = find_copies(alone)
    surest = np.lexsort((copies.near_second, copies.near_first, -copies.score))
    pairs = np.stack([copies.first[copies.near_first], copies.first[copies.near_second]], axis=1)
    return [list(map(int, pair)) for pair in pairs[surest]]


def _key(split: Split) -> str:
    whole = hashlib.sha256(f"{code_version()} {split.shape}".encode())
    whole.update(np.ascontiguousarray(split.digests).tobytes())
    for side in ("width", "height"):  # files of other sizes are compared less strictly
        whole.update(repr(np.asarray(split.columns.get(side, ())).tolist()).encode())
    return whole.hexdigest()


def _read(path: Path) -> list[list[int]] | None:
    """The pairs kept there; None where there are none or where they are not as they were written."""
    try:
        stated, _, text = path.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if hashlib.sha256(text.encode()).hexdigest() != stated:
        return None
    pairs: list[list[int]] = json.loads(text)
    return pairs


def _keep(path: Path, pairs: list[list[int]]) -> None:
    """Write them for the next time. A cache that cannot be written costs that time, and no more."""
    text = json.dumps(pairs)
    try:
        durable.make_directory(path.parent)
        durable.write_text(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
    except AssayError:
        return
