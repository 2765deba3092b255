"""Shifted rows, whose labels belong to other images: a change point in the agreement with predictions.

Where a line was lost, doubled or sorted otherwise in a file of labels, everything from there on has the label
of another image. Such labels agree with out-of-sample answers as often as labels by chance do, and those of
all other rows as before. Single wrong labels are spread over all rows; classes that are hard have agreement
of their own, whatever the rows.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.core.arrays import Rows
from assay.estimators.noise.pair_flips import binomial_tail

#: A stretch is told where the likelihood ratio of labels by chance against labels in order exceeds this, over
#: all stretches of the rows. (Under labels in order a likelihood ratio exceeds x at most once in x times.)
_ODDS: Final = 1e6

#: Rows that the agreement of labels in order is read from: the best tenth of blocks of so many.
_BLOCK: Final = 50

#: Agreement in order and by chance must lie so far apart for a stretch to be seen.
_APART: Final = 0.3

#: Fewer rows are no order. In a stretch labels change from row to row at least this share of the times that
#: they do in random order: where classes or films lie one after the other it may be one that is hard.
_FEWEST: Final = 30
_MIXED: Final = 0.5

#: Agreement in the stretch lies so far over that of labels by chance at most: in standard errors, and plus.
#: Of labels by chance some are right: less often than this share of times so few are, where all are wrong.
_NEAR: Final = 2.5
_NEARLY: Final = 0.03
_NEVER: Final = 0.02

#: Of stretches of so many rows that what is expected of them suffices, half are told; of this many times as
#: many nine in ten.
_MOSTLY: Final = 1.5

#: What is left beside a stretch of nearly all rows belongs to it, up to this share.
_REST: Final = 0.05

#: Answers of fewer classes than this (the inverse of the sum of squared shares) tell no order.
_CLASSES: Final = 1.5

#: Labels are looked for so many rows away. A shift explains them where they agree so many standard errors
#: beyond chance, for there are many shifts, and half as far beyond it as labels in order do. Farther away it
#: may be a copy, with a label of its own, that explains them.
_SURE: Final = 4.5
_FARTHEST: Final = 50


@dataclass(frozen=True)
class Misplaced:
    """Rows `first` to `last` (both included) whose labels agree with the pictures as labels by chance do.

    agreement: of their labels with the answers; in_order: that of other rows; by_chance: that of the same
    labels in any order. shift: rows from an image to its label, where one explains the labels (0: none does),
    and `shifted` the agreement of labels and answers then.
    """

    first: int
    last: int
    agreement: float
    in_order: float
    by_chance: float
    shift: int
    shifted: float


def misplaced_rows(labels: Rows, answers: Rows, in_order: float | None = None) -> Misplaced | None:
    """The stretch of rows whose labels belong to other images; None where no such one is sure.

    labels, answers: int64 `(n,)`, the answers out of sample and -1 where there is none. in_order: how often
    labels in order agree with answers; read from the rows themselves when None.
    """
    right, own = labels == answers, in_order is None
    high = min(_usual(right) if in_order is None else in_order, 0.99)
    low = max(_by_chance(labels, answers), 0.5 / max(len(labels), 1))
    if len(labels) < _FEWEST or high < low + _APART:
        return None
    first, stop = _whole(_best_stretch(_log_ratio(right, low, high)), len(labels))
    inside = slice(first, stop)
    if own:
        outside = np.concatenate([right[:first], right[stop:]])
        high = min(float(outside.mean()), 0.99) if len(outside) >= _BLOCK else 0.0
    chance = _by_chance(labels[inside], answers[inside])
    if high < chance + _APART:
        return None
    odds = float(_log_ratio(right[inside], max(chance, 0.5 / len(labels)), high).sum())
    if (
        stop - first < _FEWEST
        or odds < _needed(len(labels))
        or not (_mixed(labels[inside]) or stop - first == len(labels))
    ):
        return None
    if min(_effective(labels[inside]), _effective(answers[inside])) < _CLASSES:
        return None
    agreement = float(right[inside].mean())
    shift, shifted = _shift(labels, answers, first, stop)
    deviation = math.sqrt(chance * (1 - chance) / (stop - first))
    explained = shifted > max(agreement, chance) + max((high - chance) / 2, _SURE * deviation)
    if not explained and (
        agreement - chance > _NEAR * deviation + _NEARLY
        or _so_few(int(right[inside].sum()), stop - first, chance) < _NEVER
    ):
        return None
    told = (shift, shifted) if explained else (0, agreement)
    return Misplaced(first, stop - 1, agreement, high, chance, *told)


def fewest_misplaced(labels: Rows, answers: Rows) -> int | None:
    """How many rows in a row would mostly be told, were the other labels in order; None where none would."""
    right = labels == answers
    high, low = min(float(right.mean()), 0.99), max(_by_chance(labels, answers), 0.5 / max(len(labels), 1))
    if len(labels) < _FEWEST or high < low + _APART:
        return None
    wrong_row, right_row = map(float, _log_ratio(np.array([False, True]), low, high))
    expected = (1 - low) * wrong_row + low * right_row
    return math.ceil(_MOSTLY * max(_needed(len(labels)) / expected, _FEWEST + 1))


def _usual(right: np.ndarray) -> float:
    """The agreement in the best tenth of blocks: most rows may be out of order."""
    blocks = max(len(right) // _BLOCK, 1)
    return float(np.quantile([block.mean() for block in np.array_split(right, blocks)], 0.9))


def _by_chance(labels: Rows, answers: Rows) -> float:
    """How often labels in any order would agree with the answers."""
    known = answers >= 0
    if not known.any():
        return 0.0
    k = int(max(labels.max(), answers.max())) + 1
    shares = np.bincount(labels, minlength=k) / len(labels)
    return float(shares @ np.bincount(answers[known], minlength=k) / len(answers))


def _log_ratio(right: np.ndarray, low: float, high: float) -> np.ndarray:
    """Of each row the log likelihood of a label by chance less that of a label in order."""
    return np.where(right, math.log(low / high), math.log((1 - low) / (1 - high)))


def _needed(n: int) -> float:
    """The log likelihood ratio from which a stretch counts, over all stretches of n rows."""
    return math.log(_ODDS) + 2 * math.log(n)


def _best_stretch(gains: np.ndarray) -> tuple[int, int]:
    """The stretch [first, stop) of the largest sum."""
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    return int(np.argmin(sums[: stop + 1])), stop


def _so_few(hits: int, trials: int, chance: float) -> float:
    """The probability of at most so many successes."""
    if chance <= 0:
        return 1.0
    return binomial_tail(trials - hits, trials, 1 - chance)


def _whole(stretch: tuple[int, int], n: int) -> tuple[int, int]:
    """All rows, where the few before and after are right by chance too."""
    first, stop = stretch
    return (0, n) if n - (stop - first) <= _REST * n else stretch


def _mixed(labels: Rows) -> bool:
    """Whether classes follow each other about as often as in random order."""
    by_chance = (1 - 1 / _effective(labels)) * (len(labels) - 1)
    return bool(np.count_nonzero(np.diff(labels)) >= _MIXED * by_chance)


def _effective(values: Rows) -> float:
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(1 / (shares @ shares))


def _shift(labels: Rows, answers: Rows, first: int, stop: int) -> tuple[int, float]:
    """How many rows away the labels of a stretch agree best with its answers, and how often."""
    best = (0, 0.0)
    for shift in sorted(range(-_FARTHEST, _FARTHEST + 1), key=abs)[1:]:
        start, end = max(first, -shift), min(stop, len(labels) - shift)
        if end - start < (stop - first) / 2:
            continue
        agreement = float((answers[start:end] == labels[start + shift : end + shift]).mean())
        if agreement > best[1]:
            best = (shift, agreement)
    return best
