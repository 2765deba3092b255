"""Permuted class names: labels and predictions agree once the names are exchanged.

Where a file counts the classes in another order than its labels do, or the folders of two classes were
exchanged, each class is answered as one other class, and that one as the next, until the circle closes. What
is merely hard does not do that: a classifier that takes a class for another keeps the other for itself, and
pictures that all look alike to it have one answer.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows
from assay.estimators.noise.pair_flips import binomial_tail

#: A circle is told where answers without any order would close it at most this often, in any of the set.
SIGNIFICANT: Final = 0.001

#: Of each class in the circle at least so many units, this share of them answered as the next class, and as
#: itself at most so many times fewer.
_FEWEST: Final = 5
_SHARE: Final = 0.5
_TIMES: Final = 2


@dataclass(frozen=True)
class Renamed:
    """A class that is answered as another: `moved` of `units` with the label, which are images or groups."""

    label: int
    answer: int
    moved: int
    units: int


def renamed_classes(labels: Rows, answers: Rows, units: Rows | None, k: int) -> tuple[Renamed, ...]:
    """The classes that exchange their names among each other, by the label; empty where names fit.

    labels, answers: int64 `(n,)`, each in [0, k), the answers out of sample. units: int64 `(n,)`, equal for
    images of one group, of which the same label and answer count once; None where each image stands alone.
    A class without images closes a circle too.
    """
    codes = labels * k + answers
    if units is not None:
        codes = np.unique(np.stack([units, codes]), axis=1)[1]
    codes, times = np.unique(codes, return_counts=True)
    of, answer = np.divmod(codes, k)
    counts = np.bincount(of, times, k).astype(np.int64)
    own = np.bincount(of[of == answer], times[of == answer], k).astype(np.int64)
    other, most = np.arange(k), np.zeros(k, np.int64)
    rising = np.lexsort((-answer, times))  # of several that are as frequent, the first class is written last
    other[of[rising]], most[of[rising]] = answer[rising], times[rising]
    moved = (counts >= _FEWEST) & (most >= _SHARE * counts) & (most >= _TIMES * own) & (other != np.arange(k))
    pairs = max(k * (k - 1) / 2, 1)
    told = [
        label
        for circle in _circles(other, _exchanged(other, moved, counts == 0))
        if len(circle) > 1
        and pairs * _by_chance(int(most[circle].sum()), int(own[circle].sum())) < SIGNIFICANT
        for label in circle
    ]
    return tuple(
        Renamed(label, int(other[label]), int(most[label]), int(counts[label])) for label in sorted(told)
    )


def _exchanged(other: Rows, moved: NDArray[np.bool_], absent: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the classes that moved, those that go where one has left or none ever was, and go there alone."""
    while True:
        arrived = np.bincount(other[moved], minlength=len(other))
        left: NDArray[np.bool_] = moved & (moved | absent)[other] & (arrived[other] == 1)
        if (left == moved).all():
            return left
        moved = left


def _circles(other: Rows, members: NDArray[np.bool_]) -> list[list[int]]:
    """The members that hang together, each reached from the one before."""
    starts = members & ~np.isin(np.arange(len(other)), other[members])  # of those that an absent class closes
    found, seen = [], set[int]()
    for start in [*np.flatnonzero(starts).tolist(), *np.flatnonzero(members).tolist()]:
        circle, step = [], start
        while members[step] and step not in seen:
            seen.add(step)
            circle.append(step)
            step = int(other[step])
        found.append(circle)
    return found


def _by_chance(renamed: int, own: int) -> float:
    """How likely one of two names is to win so clearly, were both as likely."""
    return binomial_tail(renamed, renamed + own, 0.5)
