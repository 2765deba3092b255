"""Pixel statistics and class-mean correlations from the integer sums of `Measurements`."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import LEVELS, Measurements


@dataclass(frozen=True)
class PixelStatistics:
    """Pixel values of a split, all channels together, in 0-255.

    deviation: standard deviation over n. zero_share: share of pixels that are 0, in [0, 1].
    low, high: the 1st and 99th percentile. skewness: third standardized moment; 0 when constant.
    """

    count: int
    minimum: int
    maximum: int
    mean: float
    deviation: float
    zero_share: float
    low: int
    high: int
    skewness: float

    def as_record(self) -> dict[str, Any]:
        """The figures as JSON types."""
        return asdict(self)


def pixel_statistics(histogram: NDArray[np.int64]) -> PixelStatistics | None:
    """The statistics of a histogram, int64 `(256,)`; None when it is empty."""
    counts = [int(c) for c in histogram]
    n = sum(counts)
    if n == 0:
        return None
    first = sum(value * count for value, count in enumerate(counts))
    second = sum(value**2 * count for value, count in enumerate(counts))
    third = sum(value**3 * count for value, count in enumerate(counts))
    # Integers throughout: a mean of squares minus a squared mean would lose digits.
    variance_n2 = n * second - first**2
    third_n3 = n**2 * third - 3 * n * first * second + 2 * first**3
    present = [value for value, count in enumerate(counts) if count]
    return PixelStatistics(
        count=n,
        minimum=present[0],
        maximum=present[-1],
        mean=first / n,
        deviation=math.sqrt(variance_n2) / n,
        zero_share=counts[0] / n,
        low=_percentile(counts, n, 0.01),
        high=_percentile(counts, n, 0.99),
        skewness=third_n3 / math.sqrt(variance_n2) ** 3 if variance_n2 else 0.0,
    )


def _percentile(counts: list[int], total: int, share: float) -> int:
    """The smallest value at or below which at least `share` of the pixels lie."""
    below = 0
    for value, count in enumerate(counts):
        below += count
        if below >= share * total:
            return value
    return LEVELS - 1


def unit_class_means(measurements: Measurements) -> NDArray[np.float64]:
    """float64 `(k, h * w * c)`: class-mean images, centered and of length 1: their products correlate them.

    NaN where a class has no image or a constant mean image: nothing can be correlated there.
    """
    means = measurements.class_means.reshape(len(measurements.counts), -1)
    centered = means - means.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centered**2).sum(axis=1))
    lengths[(measurements.counts == 0) | (lengths < 1e-9)] = np.nan
    unit: NDArray[np.float64] = centered / lengths[:, None]
    return unit


def class_mean_correlation(measurements: Measurements) -> NDArray[np.float64]:
    """float64 `(k, k)`: Pearson correlation of the class-mean images, over all places and channels.

    NaN as in `unit_class_means`.
    """
    unit = unit_class_means(measurements)
    correlation: NDArray[np.float64] = np.clip(unit @ unit.T, -1.0, 1.0)
    return correlation
