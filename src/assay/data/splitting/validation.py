"""Validation images without an exact copy, or a member of their group, among the training images."""

import numpy as np
from numpy.typing import NDArray

from assay.data.splitting.stratified import HoldOut
from assay.data.values import Dataset, Split


def validation_rows(train: Split, held: HoldOut, dataset: Dataset) -> tuple[Split, NDArray[np.int64]]:
    """The validation images: of a split of their own those that train does not know, or those held out.

    A copy of a training image, or one of its group, is answered by heart: with it a model would be called
    surer, and a risk lower, than they are.
    """
    own = dataset.splits.get("validation")
    return (train, held.validation) if own is None else (own, _unknown(own, train, held.train))


def _unknown(own: Split, train: Split, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of `own` that share neither pixels nor a group with those rows of train."""
    seen = {digest.tobytes() for digest in train.digests[rows]}
    known = np.array([digest.tobytes() in seen for digest in own.digests], bool)
    if "group" in own.columns and "group" in train.columns:
        theirs = train.columns["group"]
        groups = {theirs[row] for row in rows.tolist()} - {"", None}
        known |= np.array([group in groups for group in own.columns["group"]], bool)
    return np.flatnonzero(~known)
