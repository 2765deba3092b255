"""Skill of a single image figure as a predictor of the class, and the same by chance."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import spread_rows

#: Values of a figure are sorted into so many equally filled bins; each bin answers its commonest class.
_BINS: Final = 32

#: A class with fewer images could be told by one bin by chance.
FEWEST_OF_CLASS: Final = 20

#: Times that labels are dealt anew: where none goes as far, chance does in at most 1 of 40.
DRAWS: Final = 39

#: Of more groups no figure that is alike within them was seen to tell a class by chance.
_FEW_GROUPS: Final = 100

#: Labels are dealt to so many images at most, evenly spread: of 60,000 it would take 15 seconds.
_MOST_DEALT: Final = 20_000


def class_skills(
    values: NDArray[np.generic],
    labels: NDArray[np.int64],
    class_count: int,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """How well each class is told from all others: float64 `(class_count,)`, at most 1, 0 by one answer.

    A bin says that it is the class where most of its images are. Counted are images rightly said to be of the
    class less those wrongly said to be, over the images of the class; halves as in `accuracy_from`.
    """
    bins, half = _binned(values), _half(len(labels), groups)
    won = np.zeros(class_count)
    for known, asked in ((half, ~half), (~half, half)):
        before, after = (_table(bins, labels, rows, class_count) for rows in (known, asked))
        says = before > before.sum(axis=1, keepdims=True) / 2
        won += (says * (2 * after - after.sum(axis=1, keepdims=True))).sum(axis=0)
    counts = np.bincount(labels, minlength=class_count)
    # Of a class that most images are of, "yes" to all of them is right more often than not.
    always = np.maximum(2 * counts - len(labels), 0)
    return (won - always) / np.maximum(counts - always, 1)


def _table(
    bins: NDArray[np.int64], labels: NDArray[np.int64], rows: NDArray[np.bool_], class_count: int
) -> NDArray[np.int64]:
    """Images of each bin and class, int64 `(bins, class_count)`, among `rows`."""
    counts = np.zeros((int(bins.max()) + 1, class_count), np.int64)
    np.add.at(counts, (bins[rows], labels[rows]), 1)
    return counts


def accuracy_from(
    values: NDArray[np.generic], labels: NDArray[np.int64], groups: NDArray[np.int64] | None = None
) -> float:
    """How often the commonest class of a value's bin is right, in images that it was not counted from.

    Rows are halved at random; each half is answered by the other's counts. groups: int64 `(n,)`, equal for
    images that stay in one half: the light of a film tells which film it is.
    """
    bins, half = _binned(values), _half(len(labels), groups)
    hits = 0
    for known, asked in ((half, ~half), (~half, half)):
        counts = _table(bins, labels, known, int(labels.max()) + 1)
        common = counts.sum(axis=0).argmax()
        answers = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), common)
        hits += int((answers[bins[asked]] == labels[asked]).sum())
    return hits / len(labels)


def _half(n: int, groups: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """One half of the images; the others of a group lie where the first one does."""
    half: NDArray[np.bool_] = np.random.default_rng(0).permutation(n) % 2 == 0
    if groups is None:
        return half
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    return half[first[group.ravel()]]


def _binned(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Bin numbers: one per distinct value where there are few, else equally filled."""
    distinct, code = np.unique(values, return_inverse=True)
    if len(distinct) <= _BINS or values.dtype.kind in "US":
        return _common_only(code.ravel())
    edges = np.quantile(code.ravel(), np.linspace(0, 1, _BINS + 1)[1:-1])
    bins: NDArray[np.int64] = np.searchsorted(edges, code.ravel(), side="right")
    return bins


def _common_only(code: NDArray[Any]) -> NDArray[np.int64]:
    """Values that hardly repeat (names, hashes) share one bin: they could only be memorized."""
    counts = np.bincount(code)
    kept: NDArray[np.int64] = np.where(counts >= 5, np.arange(1, len(counts) + 1), 0)
    binned: NDArray[np.int64] = kept[code]
    return binned


def skills_by_chance(
    figures: Iterable[NDArray[np.generic]],
    labels: NDArray[np.int64],
    class_count: int,
    groups: NDArray[np.int64],
) -> NDArray[np.float64] | None:
    """How well the best of all figures tells the classes, or one of them, once labels are dealt anew.

    float64 `(DRAWS,)`; None where groups are many, or each image stands alone. A figure that is alike within
    a few groups, as the age of a patient, is one number for each, and of several such figures one tells the
    classes of eight patients well, whatever it is. So groups keep their images, and exchange their labels
    (the most frequent one of each): a permutation test of the largest (Westfall and Young 1993). Seeded.
    """
    rows = spread_rows(len(labels), _MOST_DEALT)
    groups, labels = groups[rows], labels[rows]
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) > _FEW_GROUPS or len(sizes) == len(groups):
        return None
    counts = np.zeros((len(sizes), class_count), np.int64)
    np.add.at(counts, (place.ravel(), labels), 1)
    random, all_ = np.random.default_rng(0), [values[rows] for values in figures]
    best = []
    for _ in range(DRAWS):
        dealt = random.permutation(counts.argmax(axis=1))[place.ravel()]
        of_classes = np.bincount(dealt, minlength=class_count)
        chance = of_classes.max() / len(dealt)
        of_all = max(accuracy_from(values, dealt, groups) for values in all_)
        enough = of_classes >= FEWEST_OF_CLASS
        of_one = max(
            class_skills(values, dealt, class_count, groups)[enough].max(initial=0) for values in all_
        )
        best.append(max((of_all - chance) / (1 - chance) if chance < 1 else 0.0, of_one))
    return np.array(best)
