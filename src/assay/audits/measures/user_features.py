"""The user's own features, such as embeddings of a pretrained net: one row per image, in source order."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.formats.npy import read_npy
from assay.data.values import Dataset

#: Squares of larger numbers, summed over rows and columns, leave the range of float32.
_LARGEST: Final = 1e12


def read_features(file: Path, dataset: Dataset) -> dict[str, NDArray[np.float32]]:
    """The rows of a NumPy file, per split, float32 `(n, features)`.

    Rows are in source order: all of train, then the other splits in their order; further axes are joined.
    Nothing is unpickled. Raises AssayError `bad-arrays`, and those of `open_file` (a pipe, a folder).
    """
    try:
        rows = read_npy(Path(file))
    except AssayError as error:
        if error.code != "npz-unreadable":
            raise
        raise _bad(file, f"it is not a NumPy array file (.npy): {error.what}") from error
    if rows.dtype.kind not in "fiu" or rows.ndim < 2:
        raise _bad(file, "it must hold numbers, one row per image")
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    if len(rows) != sum(sizes.values()):
        counts = " + ".join(f"{size:,} {name}" for name, size in sizes.items())
        raise _bad(file, f"it has {len(rows):,} rows for {counts} images")
    flat = np.asarray(rows).reshape(len(rows), -1)
    usable = (np.abs(flat) <= _LARGEST).all(axis=1)  # False for NaN
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        what = (
            f"a number over {_LARGEST:g}" if np.isfinite(flat[row]).all() else "a number that is not finite"
        )
        raise _bad(file, f"row {row} holds {what}")
    flat = flat.astype(np.float32)
    bounds = np.cumsum(list(sizes.values()))[:-1]
    return dict(zip(sizes, np.split(flat, bounds), strict=True))


def _bad(file: Path, what: str) -> AssayError:
    return AssayError("bad-arrays", file, what, "Save one row per image, train first, with numpy.save.")


def features_digest(features: Mapping[str, NDArray[np.float32]] | None) -> str:
    """SHA-256 of the rows of all splits; empty without features."""
    if features is None:
        return ""
    whole = hashlib.sha256()
    for name, rows in features.items():
        whole.update(f"{name} {rows.shape}\n".encode() + np.ascontiguousarray(rows).tobytes())
    return whole.hexdigest()
