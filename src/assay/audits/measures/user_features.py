"""The user's own features, such as embeddings of a pretrained net: one row per image, in source order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s
from assay.core.errors import AssayError
from assay.data.formats.npy import ZIP, read_npy, read_npz
from assay.data.formats.safe_open import read_file
from assay.data.named_rows import counts_only, names_of_rows, rows_by_name
from assay.data.source_order import rows_left_out
from assay.data.values import Dataset

#: Squares of larger numbers, summed over rows and columns, leave the range of float32.
_LARGEST: Final = 1e12


@dataclass(frozen=True, eq=False)
class UserFeatures:
    """rows: float32 `(n, features)`, one per image. named: in the order of the splits, by names beside them;
    else in the order that they had in the file."""

    rows: Float32s
    named: bool = False


def read_features(file: Path, dataset: Dataset) -> UserFeatures:
    """The rows of a NumPy file: `.npy`, or `.npz` with an array `features` and one that names the images.

    Further axes are joined. Nothing is unpickled. Raises AssayError `bad-arrays`, and those of `open_file` (a
    pipe, a folder).
    """
    rows, beside = _arrays(Path(file))
    if rows.dtype.kind not in "fiu" or rows.ndim < 2:
        raise _bad(file, "it must hold numbers, one row per image")
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    if len(rows) != sum(sizes.values()):
        counts = " + ".join(f"{size:,} {name}" for name, size in sizes.items())
        left = rows_left_out(len(rows), dataset)
        raise _bad(file, f"it has {len(rows):,} rows for {counts} images{left}")
    flat = np.asarray(rows).reshape(len(rows), -1)
    usable = (np.abs(flat) <= _LARGEST).all(axis=1)  # False for NaN
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        what = (
            f"a number over {_LARGEST:g}" if np.isfinite(flat[row]).all() else "a number that is not finite"
        )
        raise _bad(file, f"row {row} holds {what}")
    flat = flat.astype(np.float32)
    ids = [one for split in dataset.splits.values() for one in split.ids]
    names = names_of_rows(beside, ids, dataset.classes)
    if names is None or counts_only(names, ids):
        return UserFeatures(flat)
    return UserFeatures(flat[rows_by_name(names, ids, str(file))], named=True)


def by_split(rows: Float32s, dataset: Dataset) -> dict[str, Float32s]:
    """Rows in the order of the splits as the rows of each split."""
    bounds = np.cumsum([len(split) for split in dataset.splits.values()])[:-1]
    return dict(zip(dataset.splits, np.split(rows, bounds), strict=True))


def _arrays(file: Path) -> tuple[NDArray[Any], dict[str, list[str]]]:
    """The rows, and what stands beside each of them by name of the array."""
    try:
        if read_file(file, len(ZIP)) != ZIP:
            return read_npy(file), {}
        arrays = read_npz(file)
    except AssayError as error:
        if error.code not in ("npz-unreadable", "archive-refused"):
            raise
        raise _bad(file, f"it is not a NumPy array file (.npy, .npz): {error.what}") from error
    if "features" not in arrays:
        there = ", ".join(list(arrays)[:10])
        raise _bad(file, f"it holds {there} and no array features")
    rows = arrays.pop("features")
    beside = {name: list(map(str, array)) for name, array in arrays.items() if array.shape == rows.shape[:1]}
    return rows, beside


def _bad(file: Path, what: str) -> AssayError:
    return AssayError("bad-arrays", file, what, "Save one row per image in source order, with numpy.save.")


def features_digest(features: Mapping[str, NDArray[np.float32]] | None) -> str:
    """SHA-256 of the rows of all splits; empty without features."""
    if features is None:
        return ""
    whole = hashlib.sha256()
    for name, rows in features.items():
        whole.update(f"{name} {rows.shape}\n".encode() + np.ascontiguousarray(rows).tobytes())
    return whole.hexdigest()
