"""Metrics as pure functions of counts and probabilities."""

import math
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Log loss never takes the logarithm of less: a certain and wrong answer costs 36.04, not infinity.
SMALLEST_PROBABILITY: Final = float(np.finfo(np.float64).eps)


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], class_count: int
) -> NDArray[np.int64]:
    """int64 `(k, k)`: how many images of the row's class were taken for the column's class.

    labels, predicted: int64 `(n,)` in [0, class_count).
    """
    cells = np.bincount(labels * class_count + predicted, minlength=class_count**2)
    return cells.reshape(class_count, class_count).astype(np.int64)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of correct answers, in [0, 1]. Raises ValueError when there are none at all."""
    total = int(confusion.sum())
    if total == 0:
        raise ValueError("accuracy of no images is undefined")
    return int(np.trace(confusion)) / total


def normal_quantile(confidence: float) -> float:
    """How many deviations to each side of its mean hold `confidence` of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson_interval(correct: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a proportion (Wilson 1927), as (low, high) in [0, 1].

    Right also for 0 or `total` successes, where the normal interval collapses to a point. Numbers that are
    not whole are effective ones, of images in groups.
    Raises ValueError when total is 0 or correct is outside [0, total].
    """
    if total <= 0 or not 0 <= correct <= total:
        raise ValueError(f"no interval for {correct} of {total}")
    z = normal_quantile(confidence)
    share = correct / total
    center = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    # At the ends the bound is exactly 0 or 1; rounding must not say otherwise.
    low = 0.0 if correct == 0 else max(0.0, center - half)
    high = 1.0 if correct == total else min(1.0, center + half)
    return low, high


def log_loss(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Mean negative natural logarithm of the probability given to the true class (cross-entropy).

    probabilities: `(n, k)`, rows summing to 1; labels: int64 `(n,)`. Probabilities below
    `SMALLEST_PROBABILITY` count as that.
    """
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(true, SMALLEST_PROBABILITY)).mean())


def brier_score(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Mean squared distance of the probabilities from the truth, summed over the classes, in [0, 2].

    Brier, "Verification of forecasts expressed in terms of probability", 1950. With two classes it is twice
    what those report who look at one class alone. probabilities: `(n, k)`; labels: int64 `(n,)`, n >= 1.
    """
    p = probabilities.astype(np.float64, copy=False)
    own = p[np.arange(len(labels)), labels]
    # sum (p - hot)^2 = sum p^2 - 2 p_own + 1, without a second array of this size.
    return float((np.einsum("nk,nk->n", p, p) - 2 * own + 1).mean())


def per_class_scores(confusion: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Precision, recall, F1, support and the 95 % Wilson interval of the recall, for each class.

    A ratio without cases (a class never predicted has no precision, an absent class no recall) is
    None; F1 is None only for a class that is both absent and never predicted, otherwise
    2 TP / (2 TP + FP + FN).
    """
    return [_class_scores(confusion, label) for label in range(len(confusion))]


def _class_scores(confusion: NDArray[np.int64], label: int) -> dict[str, Any]:
    hits = int(confusion[label, label])
    support = int(confusion[label].sum())
    answers = int(confusion[:, label].sum())
    return {
        "precision": _ratio(hits, answers),
        "recall": _ratio(hits, support),
        "f1": _ratio(2 * hits, support + answers),
        "support": support,
        "recall_ci95": list(wilson_interval(hits, support)) if support else None,
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def macro_scores(confusion: NDArray[np.int64]) -> dict[str, float]:
    """Unweighted means over the classes that occur as label or prediction; an undefined ratio counts 0.

    Keys: macro_precision, macro_recall, macro_f1. The same convention as scikit-learn's
    `average="macro", zero_division=0`.
    """
    found = macro_of_counts(confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0))
    return {name: float(value) for name, value in found.items()}


def macro_of_counts(
    hits: NDArray[np.int64], support: NDArray[np.int64], answers: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The macro scores from counts per class `(..., k)`, for each leading index: arrays `(...)`.

    hits: right answers; support: images of the class; answers: images taken for the class.
    """
    present = np.maximum(((support + answers) > 0).sum(axis=-1), 1)
    ratios = {"precision": (hits, answers), "recall": (hits, support), "f1": (2 * hits, support + answers)}
    return {
        f"macro_{name}": (part / np.maximum(whole, 1)).sum(axis=-1) / present
        for name, (part, whole) in ratios.items()
    }


def shown(value: float | None, digits: int = 3) -> str:
    """A score for people: fixed digits, or a dash where it is undefined."""
    return "-" if value is None else f"{value:.{digits}f}"
