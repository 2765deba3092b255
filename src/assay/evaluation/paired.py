"""Paired comparison of models on the same test images: bootstrap intervals, and Holm correction.

Pure functions of the answers being right or wrong, image by image.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Draws of the bootstrap: each end of an interval then varies by about a hundredth of its width.
DRAWS: Final = 5_000

#: With fewer images, or fewer on which the two differ, it has not been shown that the interval holds what it
#: promises (a test simulates it), so none is given.
FEWEST_IMAGES: Final = 500
FEWEST_DIFFERING: Final = 10

#: A class with fewer images has too few to draw from; all such classes are drawn from together.
_SMALLEST_STRATUM: Final = 5


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for being several (Holm 1979), in the order given, each in [0, 1].

    Calling all pairs different whose corrected value is below 0.05 calls an equal pair different in at most
    5 of 100 such families of comparisons, whatever the pairs have to do with each other.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = largest
    return corrected


def difference_interval(
    first: NDArray[np.bool_], second: NDArray[np.bool_], labels: NDArray[np.int64], seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of accuracy of `second` minus accuracy of `first`, by a paired stratified bootstrap.

    first, second: bool `(n,)`, whether each model was right; labels: int64 `(n,)`, the strata. Images are
    drawn with replacement within each class, both answers together (Efron and Tibshirani 1993, chapters 8
    and 13); each class's deviation is widened by sqrt(m / (m - 1)) for its m images, which the bootstrap
    otherwise understates (Rao and Wu 1988). Accuracies move by whole images, so both ends lie half of one
    further out. None for fewer than `FEWEST_IMAGES`, or where fewer than `FEWEST_DIFFERING` differ.
    """
    gains = second.astype(np.int64) - first.astype(np.int64)
    if len(gains) < FEWEST_IMAGES or np.count_nonzero(gains) < FEWEST_DIFFERING:
        return None
    random = np.random.default_rng([seed, len(gains)])
    sums = np.zeros(DRAWS)
    for stratum in _strata(labels):
        sums += _deviations(gains[stratum], random)
    low, high = np.quantile(sums, [0.025, 0.975])
    mean = int(gains.sum())
    return float((mean + low - 0.5) / len(gains)), float((mean + high + 0.5) / len(gains))


def _strata(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of each class, in label order; the rows of all small classes together come last."""
    order = np.argsort(labels, kind="stable")
    classes = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    small = [rows for rows in classes if len(rows) < _SMALLEST_STRATUM]
    large = [rows for rows in classes if len(rows) >= _SMALLEST_STRATUM]
    return [*large, np.concatenate(small)] if small else large


def _deviations(gains: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """float64 `(DRAWS,)`: sums of redrawn gains less their own sum, widened.

    Redrawing m rows that can only be -1, 0 or 1 is a multinomial draw of how many of each there are.
    """
    m = len(gains)
    counts = np.bincount(gains + 1, minlength=3)
    if m == 1 or counts.max() == m:
        return np.zeros(DRAWS)
    drawn = random.multinomial(m, counts / m, size=DRAWS)
    widened: NDArray[np.float64] = math.sqrt(m / (m - 1)) * (drawn[:, 2] - drawn[:, 0] - gains.sum())
    return widened
