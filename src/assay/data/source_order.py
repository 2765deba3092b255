"""The order of a source over all its images, where the splits do not follow one another in it.

So it is where Assay drew the test split, and where the rows of a table say the split of each. Rows without
names, one per image, may then be in either order.
"""

from collections import Counter
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows
from assay.data.values import Dataset

#: What the note says that tells of a test split that was drawn.
DRAWN: Final = " of train, drawn by seed "

#: One reading is plainly better than another by so many standard errors of the images that fit in one alone.
_SURE: Final = 3.5


@dataclass(frozen=True, eq=False)
class Reading:
    """An order that rows of all images may be in. told: in words; rows: int64 `(n,)`, the row of each image,
    split after split."""

    told: str
    rows: Rows


def with_places(dataset: Dataset) -> Dataset:
    """The data set whose splits know the order that its images have now (`Split.places`)."""
    if all(split.places is not None for split in dataset.splits.values()):
        return dataset
    starts = np.cumsum([0, *map(len, dataset.splits.values())]).tolist()
    splits = {
        name: replace(split, places=np.arange(start, start + len(split)))
        for (name, split), start in zip(dataset.splits.items(), starts, strict=False)
    }
    return replace(dataset, splits=splits)


def was_drawn(dataset: Dataset) -> bool:
    """Whether Assay drew the test split from train."""
    return any(DRAWN in note for note in dataset.notes)


def readings(dataset: Dataset) -> tuple[Reading, ...]:
    """The orders that rows of all images may be in, that of the source first; one where all are the same.

    That of the source is not known of a test split that an earlier version drew: no reading is given then.
    """
    total = sum(map(len, dataset.splits.values()))
    by_split = Reading(f"that of the splits ({', then '.join(dataset.splits)})", np.arange(total))
    places = [split.places for split in dataset.splits.values() if split.places is not None]
    if len(places) < len(dataset.splits):
        return () if was_drawn(dataset) else (by_split,)
    rows = np.argsort(np.argsort(np.concatenate(places), kind="stable"), kind="stable")
    if (rows == by_split.rows).all():
        return (by_split,)
    told = "that of the images before the test split was drawn" if was_drawn(dataset) else "that of the table"
    return Reading(told, rows), by_split


def told_orders(dataset: Dataset) -> str:
    """Both orders in words, for an error that asks which is meant."""
    found = [one.told for one in readings(dataset)] or [
        "that of before the test split was drawn, that of now"
    ]
    return ", or ".join(found)


def better(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    """0 or 1 where the first or second of two readings fits plainly better; -1 where neither does.

    first, second: bool `(n,)`, whether the same rows fit by either (a sign test of those that differ).
    """
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    if abs(one - other) <= _SURE * sqrt(one + other):
        return -1
    return 0 if one > other else 1


def counts_splits(numbers: NDArray[np.int64], dataset: Dataset) -> bool:
    """Whether numbers of rows begin anew where each split does, and nowhere else."""
    sizes = [len(split) for split in dataset.splits.values()]
    begun = np.flatnonzero(np.diff(numbers, prepend=numbers[0] + 1) != 1)
    return len(sizes) > 1 and begun.tolist() == np.cumsum([0, *sizes[:-1]]).tolist()


def rows_left_out(count: int, dataset: Dataset) -> str:
    """What to say of a number of rows that is that of all images, those that were left out among them."""
    kinds = Counter(item.kind for item in dataset.left_out if item.kind != "ignored")
    left = sum(kinds.values())
    if not left or count != sum(map(len, dataset.splits.values())) + left:
        return ""
    kind = " or ".join(kinds)
    return f"; {left:,} more images are left out ({kind}): leave their rows out too"
