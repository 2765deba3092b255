"""Robust z-scores and tail scores: how unusual a figure is, by medians that outliers do not move."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: The median absolute deviation of a normal distribution, times this, is its standard deviation.
_NORMAL: Final = 1.4826

#: Figures that hardly differ have next to no deviation; this share of their size counts at least.
_LEAST_SPREAD: Final = 0.02

#: A group with fewer figures is judged with all the others: its median means little.
FEWEST: Final = 20


Score = Callable[[NDArray[np.floating[Any]], NDArray[np.floating[Any]]], NDArray[np.float64]]


def robust_scores(
    values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Deviations of `values` from the median of `reference`, in its robust standard deviations.

    Both `(n,)`; NaN figures do not count and score 0. 0 everywhere where `reference` is empty.
    """
    known = reference[np.isfinite(reference)].astype(np.float64)
    if not len(known):
        return np.zeros(len(values))
    middle = float(np.median(known))
    spread = _NORMAL * float(np.median(np.abs(known - middle)))
    scores = (values.astype(np.float64) - middle) / max(spread, _LEAST_SPREAD * abs(middle), 1e-9)
    return np.nan_to_num(scores, nan=0.0)


def tail_scores(
    values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """How far `values` lie beyond the 95th percentile of `reference`, in its distance from the median.

    For figures that are 0 for most images, where a median deviation says nothing. Figures that are not known
    (NaN) score 0, and are no reference.
    """
    known = reference[np.isfinite(reference)]
    if not len(known):
        return np.zeros(len(values))
    middle, high = np.quantile(known.astype(np.float64), [0.5, 0.95])
    scores: NDArray[np.float64] = (values - high) / max(high - middle, 0.02)
    return np.nan_to_num(scores, nan=0.0)


def low_tail_scores(
    values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """How far `values` lie under the median of `reference`, in the distance of its lowest tenth from there.

    For figures of which a tenth may be faulty. Figures that are not known (NaN), as the sharpness of an image
    of one color, score 0, and are no reference: one in a class would leave nothing to compare with.
    """
    known = reference[np.isfinite(reference)]
    if not len(known):
        return np.zeros(len(values))
    low, middle = np.quantile(known.astype(np.float64), [0.1, 0.5])
    scores: NDArray[np.float64] = (middle - values) / max(middle - low, 0.1)
    return np.nan_to_num(scores, nan=0.0)


def high_tail_scores(
    values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """How far shares `values` lie over the median of `reference`, in the distance of its highest tenth from
    there, which is .02 at least. As `low_tail_scores` else."""
    known = reference[np.isfinite(reference)]
    if not len(known):
        return np.zeros(len(values))
    middle, high = np.quantile(known.astype(np.float64), [0.5, 0.9])
    scores: NDArray[np.float64] = (values - middle) / max(high - middle, 0.02)
    return np.nan_to_num(scores, nan=0.0)


def by_class(
    score: Score,
    values: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    reference: NDArray[np.floating[Any]],
    reference_labels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`score` within each class; classes with under `FEWEST` reference figures against all."""
    scores = score(values, reference)
    for label in np.unique(labels):
        own = reference[reference_labels == label]
        if np.isfinite(own).sum() >= FEWEST:
            members = labels == label
            scores[members] = score(values[members], own)
    return scores
