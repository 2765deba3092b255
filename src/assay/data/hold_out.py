"""Holding out a validation split: a list of training rows, stratified, copies kept on one side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.values import Split


@dataclass(frozen=True, eq=False)
class HoldOut:
    """Rows of the training split, each sorted: int64. Together they are every row exactly once."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def hold_out(split: Split, fraction: float, seed: int, groups: NDArray[np.int64] | None = None) -> HoldOut:
    """Set `fraction` of every class aside for validation.

    Exact copies, and images of the same `groups` value (int64 `(n,)`), stay on one side. A class whose
    images all hang together, or of a single image, stays in train. `fraction` 0 holds nothing out.
    Raises AssayError `bad-value` when fraction is outside [0, 1), `too-few-images` when nothing is left
    to train on.
    """
    if not 0 <= fraction < 1:
        raise AssayError(
            "bad-value", "--validation", f"{fraction} is not in [0, 1)", "Give a share such as 0.1."
        )
    if len(split) == 0:
        raise AssayError("too-few-images", "train", "the split has no images", "Give at least one image.")
    chosen = np.zeros(len(split), bool)
    if fraction > 0:
        members = _group_members(split, groups)
        order = np.random.default_rng([seed, 0xA55A]).permutation(len(members))
        _fill(chosen, split.labels, [members[i] for i in order], fraction)
    return HoldOut(np.flatnonzero(~chosen), np.flatnonzero(chosen))


def _fill(
    chosen: NDArray[np.bool_],
    labels: NDArray[np.int64],
    members: list[NDArray[np.int64]],
    fraction: float,
) -> None:
    """Take whole groups, in the order given, while every class they touch still wants some."""
    counts = np.bincount(labels)
    # At least one image of each class stays in train, even when rounding says otherwise.
    wanted = np.minimum(np.rint(counts * fraction).astype(np.int64), np.maximum(counts - 1, 0))
    for rows in members:
        need = np.bincount(labels[rows], minlength=len(wanted))
        if np.all(need <= wanted):
            wanted -= need
            chosen[rows] = True


def _group_members(split: Split, groups: NDArray[np.int64] | None) -> list[NDArray[np.int64]]:
    """The rows of each set of images that must stay together, in a stable order."""
    joined = connected_groups(split, groups)
    order = np.argsort(joined, kind="stable")
    starts = np.flatnonzero(np.diff(joined[order])) + 1
    return list(np.split(order, starts))


def connected_groups(split: Split, groups: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """int64 `(n,)`: equal for images that hang together by an exact copy or by a shared group."""
    keys = np.ascontiguousarray(split.digests).view("V32").ravel()
    _, copies = np.unique(keys, return_inverse=True)
    joined = copies.astype(np.int64).ravel()
    if groups is None:
        return joined
    while True:  # spread the smallest number along copies and groups until nothing changes
        spread = _smallest_within(_smallest_within(joined, groups), copies.ravel())
        if np.array_equal(spread, joined):
            return joined
        joined = spread


def _smallest_within(values: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    _, inverse = np.unique(groups, return_inverse=True)
    smallest = np.full(int(inverse.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, inverse.ravel(), values)
    spread: NDArray[np.int64] = smallest[inverse.ravel()]
    return spread
