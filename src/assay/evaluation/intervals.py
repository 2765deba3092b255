"""Confidence intervals of differences of proportions, and of macro averages.

How often each holds the truth is measured in benchmarks/interval_coverage.py; where that has not been
shown, no interval is given.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.metrics import macro_of_counts, normal_quantile, wilson_interval

#: A 95 % interval everywhere in this module.
CONFIDENCE: Final = 0.95

#: Resampled test sets. The deviation of 1,000 is itself known to 2 %, a tenth of what an interval's width
#: matters for.
DRAWS: Final = 1_000

#: Below these a bootstrap has not been shown to hold what it promises. With many classes it needs more of
#: each, so many times the number of classes: mistakes too rare to have occurred are never drawn.
FEWEST_IMAGES: Final = 500
FEWEST_PER_CLASS: Final = 50
FEWEST_PER_CLASS_AND_CLASS: Final = 2

#: Resampled counts held at a time, at most.
_MOST_CELLS: Final = 4_000_000

Interval = tuple[float, float]


def difference_interval(correct_a: float, total_a: float, correct_b: float, total_b: float) -> Interval:
    """95 % interval of share a minus share b, of two sets without a common image, in [-1, 1].

    Newcombe, "Interval estimation for the difference between independent proportions", 1998, method 10: the
    two Wilson intervals, joined as the squares of their arms.
    """
    a, b = correct_a / total_a, correct_b / total_b
    low_a, high_a = wilson_interval(correct_a, total_a, CONFIDENCE)
    low_b, high_b = wilson_interval(correct_b, total_b, CONFIDENCE)
    down = float(np.hypot(a - low_a, high_b - b))
    up = float(np.hypot(high_a - a, b - low_b))
    return max(a - b - down, -1.0), min(a - b + up, 1.0)


def nested_difference_interval(correct_kept: int, kept: int, correct_removed: int, removed: int) -> Interval:
    """95 % interval of the accuracy of the images kept minus that of all, removed ones among them.

    The images kept are in both, so the accuracies are no two independent ones. But the accuracy of all is the
    mean of those of kept and removed, so the difference is exactly (accuracy of kept - accuracy of removed) *
    removed / all, and those two have no image in common: `difference_interval`, scaled. With nothing
    removed the difference is 0 for certain.
    """
    if removed == 0:
        return 0.0, 0.0
    share = removed / (kept + removed)
    low, high = difference_interval(correct_kept, kept, correct_removed, removed)
    return share * low, share * high


def macro_intervals(
    confusion: NDArray[np.int64], seed: int = 0, draws: int = DRAWS
) -> tuple[dict[str, Interval] | None, str]:
    """95 % intervals of macro_precision, macro_recall and macro_f1; or None, and the reason.

    Stratified bootstrap (Efron and Tibshirani 1993): every class is drawn again from its own images, as many
    as it has, so the counts per class stay. The deviation of the drawn scores makes a normal interval of the
    score's logit: percentiles of the draws themselves were too narrow near 1 (91 % instead of 95 %).
    """
    reason = _why_not(confusion)
    if reason:
        return None, reason
    drawn = _resampled_scores(confusion, np.random.default_rng([seed, 0xB007]), draws)
    found = macro_of_counts(confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0))
    z = normal_quantile(CONFIDENCE)
    return {
        name: _logit_interval(float(found[name]), z * float(drawn[name].std(ddof=1))) for name in found
    }, ""


def _why_not(confusion: NDArray[np.int64]) -> str:
    support = confusion.sum(axis=1)
    if confusion.sum() < FEWEST_IMAGES:
        return f"shown to hold only from {FEWEST_IMAGES} images on"
    fewest = max(FEWEST_PER_CLASS, FEWEST_PER_CLASS_AND_CLASS * np.count_nonzero(support))
    if support[support > 0].min() < fewest:
        return f"shown to hold only where each of so many classes has {fewest} images"
    if np.trace(confusion) in (0, confusion.sum()):
        return "without a mistake, or without a right answer, images drawn again show no spread"
    return ""


def _logit_interval(score: float, arm: float) -> Interval:
    inside = min(max(score, 1e-9), 1 - 1e-9)
    center, half = np.log(inside / (1 - inside)), arm / (inside * (1 - inside))
    low, high = 1 / (1 + np.exp(-np.array([center - half, center + half])))
    return float(low), float(high)


def _resampled_scores(
    confusion: NDArray[np.int64], generator: np.random.Generator, draws: int
) -> dict[str, NDArray[np.float64]]:
    """The macro scores of `draws` test sets, each `(draws,)`."""
    step = max(_MOST_CELLS // len(confusion), 1)
    parts = [
        _scores_of_draws(confusion, generator, min(step, draws - start)) for start in range(0, draws, step)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _scores_of_draws(
    confusion: NDArray[np.int64], generator: np.random.Generator, draws: int
) -> dict[str, NDArray[np.float64]]:
    """Only hits and answers per class are kept of each drawn matrix: all that the scores need."""
    k = len(confusion)
    hits, answers = np.zeros((draws, k), np.int64), np.zeros((draws, k), np.int64)
    for label in np.flatnonzero(confusion.sum(axis=1)):
        taken = np.flatnonzero(confusion[label])
        counts = confusion[label, taken]
        drawn = generator.multinomial(counts.sum(), counts / counts.sum(), size=draws)
        answers[:, taken] += drawn
        hits[:, label] = drawn[:, taken == label].sum(axis=1)
    return macro_of_counts(hits, confusion.sum(axis=1), answers)
