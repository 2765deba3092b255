"""Holding out a validation split: a list of training rows, stratified, copies kept on one side."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.values import Split

#: Keeps these draws apart from all others made with the same seed.
_STREAM: Final = 0xA55A


@dataclass(frozen=True, eq=False)
class HoldOut:
    """Rows of the training split, each sorted: int64. No row is in both; together they are every row but
    those that a person decided to drop."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def hold_out(split: Split, fraction: float, seed: int, groups: NDArray[np.int64] | None = None) -> HoldOut:
    """Set `fraction` of every class aside for validation.

    Exact copies, and images of the same `groups` value (int64 `(n,)`; without it, of the same text in the
    split's column `group`), stay on one side; so do near copies where the split knows of them (`together`).
    A class whose images all hang together, or of a single image, stays in train. `fraction` 0 holds
    nothing out.
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
        groups = own_groups(split) if groups is None else groups
        in_order = _shuffled(connected_groups(split, groups), seed)
        if split.together is not None:
            in_order = _gathered(in_order, split.together)
        chosen[_fill(split.labels, in_order, fraction)] = True
    return HoldOut(np.flatnonzero(~chosen), np.flatnonzero(chosen))


def _gathered(groups: Iterable[list[int]], together: NDArray[np.int64]) -> Iterator[list[int]]:
    """Groups that hang together by near copies as one, in the place of the first of them.

    So a pair of near copies more or less moves no other image: the order was drawn without them.
    """
    number_of = together.tolist()
    gathered: dict[int, list[int]] = {}
    for rows in groups:
        gathered.setdefault(number_of[rows[0]], []).extend(rows)
    return iter(gathered.values())


def own_groups(split: Split) -> NDArray[np.int64] | None:
    """The split's column `group` (patient, product, video) as numbers; "" is no group."""
    names = split.columns.get("group")
    if names is None:
        return None
    number = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] if name else -row for row, name in enumerate(names, 1)], np.int64)


def left_out_together(split: Split) -> NDArray[np.int64]:
    """int64 `(n,)`: equal for images of which none is judged by what another one taught.

    They are of one group, exact copies, or near copies where the split knows of them (`together`).
    """
    return connected_groups(split, own_groups(split)) if split.together is None else split.together


def _shuffled(joined: NDArray[np.int64], seed: int) -> Iterator[list[int]]:
    """The rows of each set of images that must stay together, the sets in an order drawn by `seed`."""
    rows = np.argsort(joined, kind="stable")
    starts = np.flatnonzero(np.diff(joined[rows], prepend=-1)).tolist()
    ends = [*starts[1:], len(rows)]
    row_list = rows.tolist()
    for group in np.random.default_rng([seed, _STREAM]).permutation(len(starts)).tolist():
        yield row_list[starts[group] : ends[group]]


def _fill(labels: NDArray[np.int64], groups: Iterable[list[int]], fraction: float) -> list[int]:
    """Take whole groups, in the order given, while every class they touch still wants some."""
    counts = np.bincount(labels)
    # At least one image of each class stays in train, even when rounding says otherwise.
    wanted = np.minimum(np.rint(counts * fraction).astype(np.int64), np.maximum(counts - 1, 0)).tolist()
    label_of = labels.tolist()  # plain numbers: most groups are one image, too little for NumPy or Counter
    taken: list[int] = []
    for rows in groups:
        if len(rows) == 1:
            if wanted[label_of[rows[0]]] > 0:
                wanted[label_of[rows[0]]] -= 1
                taken.append(rows[0])
            continue
        needed = Counter(label_of[row] for row in rows)
        if all(count <= wanted[label] for label, count in needed.items()):
            for label, count in needed.items():
                wanted[label] -= count
            taken += rows
    return taken


def connected_groups(split: Split, groups: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """int64 `(n,)`: equal for images that hang together by an exact copy or by a shared group.

    The number is the first row of the images that hang together.
    """
    joined = np.arange(len(split), dtype=np.int64)
    keys = np.ascontiguousarray(split.digests).view("V32").ravel()
    links = [np.unique(keys, return_inverse=True)[1].ravel()]
    if groups is not None:
        links.append(np.unique(groups, return_inverse=True)[1].ravel())
    while True:  # spread the smallest row along all links until nothing changes
        spread = joined
        for link in links:
            spread = _smallest_within(spread, link)
        spread = spread[spread]  # a row's row hangs together with it too: long chains end in few rounds
        if np.array_equal(spread, joined):
            return joined
        joined = spread


def _smallest_within(values: NDArray[np.int64], link: NDArray[np.int64]) -> NDArray[np.int64]:
    smallest = np.full(int(link.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, link, values)
    return smallest[link]
