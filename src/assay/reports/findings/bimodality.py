"""Test of bimodality of a histogram (background and subject), with its sources."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Two normal components are cleanly apart when Ashman's D is over 2 (Ashman, Bird and Zepf 1994,
#: "Detecting bimodality in astronomical datasets", AJ 108:2348).
ASHMAN_D: Final = 2.0

#: D alone calls a flat histogram bimodal, so a hump must also hold this share of the pixels, and the
#: histogram between the humps must fall this far below the lower one. Both bounds are ours.
SMALLEST_SHARE: Final = 0.05
SHALLOWEST_VALLEY: Final = 0.25

_STEPS: Final = 200
_SMOOTHING: Final = 8.0  # levels: one standard deviation of the kernel, 3 % of the 256
#: A value of 17 stands for [16.5, 17.5): no component is narrower than a uniform of width 1.
_LEVEL_VARIANCE: Final = 1 / 12


@dataclass(frozen=True)
class Humps:
    """A two-component normal mixture fitted to a histogram of levels.

    means, deviations: in levels, the lower mean first; shares: of all counts, summing to 1.
    ashman_d: sqrt(2) |m1 - m2| / sqrt(s1^2 + s2^2). valley: how far the smoothed histogram falls
    between the means, as a share of the lower hump: 0 no dip at all, 1 down to nothing.
    """

    means: tuple[float, float]
    deviations: tuple[float, float]
    shares: tuple[float, float]
    ashman_d: float
    valley: float

    @property
    def bimodal(self) -> bool:
        """Whether the histogram passes all three bounds of this module."""
        return (
            self.ashman_d > ASHMAN_D
            and min(self.shares) >= SMALLEST_SHARE
            and self.valley >= SHALLOWEST_VALLEY
        )


def humps(histogram: NDArray[np.int64]) -> Humps | None:
    """Fit two normal components to `histogram`, int64 `(levels,)`. None with fewer than two levels in use."""
    if np.count_nonzero(histogram) < 2:
        return None
    shares, means, variances = _fitted(histogram / histogram.sum())
    first, second = np.argsort(means, kind="stable")
    distance = means[second] - means[first]
    return Humps(
        (float(means[first]), float(means[second])),
        (float(np.sqrt(variances[first])), float(np.sqrt(variances[second]))),
        (float(shares[first]), float(shares[second])),
        float(np.sqrt(2) * distance / np.sqrt(variances.sum())),
        _valley(histogram, round(float(means[first])), round(float(means[second]))),
    )


Components = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _fitted(density: NDArray[np.float64]) -> Components:
    """Shares, means and variances after expectation-maximization (Dempster, Laird and Rubin 1977)."""
    levels = np.arange(len(density), dtype=np.float64)
    lower = levels <= otsu_threshold(density)
    belongs = np.stack([lower, ~lower]).astype(np.float64)
    for _ in range(_STEPS):
        weights = belongs * density
        shares = np.maximum(weights.sum(axis=1), 1e-12)
        means = weights @ levels / shares
        spread = (weights * (levels - means[:, None]) ** 2).sum(axis=1) / shares
        variances = spread + _LEVEL_VARIANCE
        belongs = _responsibilities(levels, shares, means, variances)
    return shares, means, variances


def _responsibilities(
    levels: NDArray[np.float64],
    shares: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """float64 `(2, levels)`: how much of each level belongs to each component, summing to 1."""
    logs = np.log(shares / np.sqrt(variances))[:, None]
    logs = logs - (levels - means[:, None]) ** 2 / (2 * variances[:, None])
    likelihoods = np.exp(logs - logs.max(axis=0))
    return np.asarray(likelihoods / likelihoods.sum(axis=0))


def otsu_threshold(density: NDArray[np.float64]) -> int:
    """The level that splits a histogram into the two groups whose means differ most (Otsu 1979).

    Levels up to and including it form the lower group. density: float64 `(levels,)`, summing to 1, with at
    least two levels in use.
    """
    levels = np.arange(len(density))
    below = np.cumsum(density)
    moment = np.cumsum(density * levels)
    room = below * (1 - below)
    between = np.where(room > 1e-12, (moment[-1] * below - moment) ** 2 / np.maximum(room, 1e-12), 0.0)
    return int(between.argmax())


def _valley(histogram: NDArray[np.int64], low: int, high: int) -> float:
    smooth = _smoothed(histogram / histogram.sum())
    between = smooth[low : high + 1]
    deepest = low + int(between.argmin())
    lower_hump = min(smooth[: deepest + 1].max(), smooth[deepest:].max())
    return float(1 - smooth[deepest] / lower_hump) if lower_hump > 0 else 0.0


def _smoothed(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """The density under a normal kernel, with as much weight at the ends as in the middle."""
    levels = np.arange(len(density))
    kernel = np.exp(-((levels[:, None] - levels) ** 2) / (2 * _SMOOTHING**2))
    return np.asarray(kernel @ density / kernel.sum(axis=1))
