"""Near copies that a split drawn by Assay does not part: who finds them, and how far they are followed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.text import counted
from assay.data.splitting.stratified import connected_groups, own_groups
from assay.data.values import Split

#: In larger sets near copies are not looked for before a split: the search keeps a thumbnail of every image
#: in memory.
MOST_IMAGES: Final = 250_000


class Pairs(NamedTuple):
    """Pairs of rows, int64 `(pairs, 2)` each, the surest first: nearly the same picture, and parts of one."""

    near: NDArray[np.int64]
    overlapping: NDArray[np.int64]

    @staticmethod
    def none() -> "Pairs":
        """No pair."""
        return Pairs(*np.zeros((2, 0, 2), np.int64))


#: Finds such pairs. It is handed in by the caller: reading data and judging them are different rooms.
FindPairs = Callable[[Split], Pairs]


def with_near_copies(split: Split, finder: FindPairs | None, fraction: float) -> tuple[Split, str]:
    """The split knowing what to keep together when `fraction` is taken from it, and that in words.

    The words end the sentence "copies, groups".
    """
    if finder is None:
        return split, " on one side"
    if len(split) > MOST_IMAGES:
        return split, f" on one side; among more than {MOST_IMAGES:,} images near copies are not looked for"
    found = finder(split)
    together, parted = join_pairs(split, np.concatenate(found), fraction)
    told = ""
    for what, pairs in (("near copies", found.near), ("parts of one picture", found.overlapping)):
        divided = np.count_nonzero(together[pairs[:, 0]] != together[pairs[:, 1]])
        if len(pairs):
            told += f", {what} ({counted(len(pairs) - int(divided), 'pair', 'pairs')})"
    told += " on one side"
    if parted:
        apart = counted(parted, "pair", "pairs")
        told += f"; {apart} not: their group would be larger than the share of a class"
    return replace(split, together=together), told


def join_pairs(split: Split, pairs: NDArray[np.int64], fraction: float) -> tuple[NDArray[np.int64], int]:
    """Numbers of what stays together, int64 `(n,)`, and how many pairs were not joined.

    Exact copies and groups always stay together. Pairs join them in the order given, as long as no
    group gets more images of a class than `fraction` asks of it (or two): a chain of lookalikes could
    otherwise hold a whole class, which would then be missing on one side.
    """
    together = connected_groups(split, own_groups(split))
    most = np.maximum(np.rint(np.bincount(split.labels) * fraction), 2)
    rows_of = _members(together, pairs)
    parted = 0
    for one, other in pairs.tolist():
        first, second = sorted((int(together[one]), int(together[other])))
        if first == second:
            continue
        rows = rows_of[first] + rows_of[second]
        if any(count > most[label] for label, count in Counter(split.labels[rows].tolist()).items()):
            parted += 1
            continue
        rows_of[first] = rows
        together[rows_of.pop(second)] = first
    return together, parted


def _members(together: NDArray[np.int64], pairs: NDArray[np.int64]) -> dict[int, list[int]]:
    """The rows of every group that a pair touches."""
    members: dict[int, list[int]] = {}
    for row in np.flatnonzero(np.isin(together, together[pairs])).tolist():
        members.setdefault(int(together[row]), []).append(row)
    return members
