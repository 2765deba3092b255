"""How far two samples of images differ, each figure as an effect size and in standard errors.

Images of one group differ from those of others together, so what chance does is told by groups: each counts
as one observation, however many images it has.

The principal components of a few images are chosen to spread these very images: along the last of them other
images of the same kind may spread ten times as much. So each is measured by the larger of both spreads.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows

#: Images of a class that either split would have by the shares of both: fewer, and chi-squared is no guide.
_FEWEST_EXPECTED: Final = 5

#: Principal components whose joint shift is measured, and how many of them at once.
_COMPONENTS: Final = 32
_AT_ONCE: Final = 8

#: A component that varies less than this (squared) is none.
_LEAST: Final = 1e-12

#: int64 `(n,)` and `(m,)`, equal for images of one group; None where each image stands alone.
Units = tuple[Rows, Rows] | None


@dataclass(frozen=True, eq=False)
class Sample:
    """Means and variances of several components, float64 `(m,)` each, of `count` observations."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: float


def shift_of_means(
    first: Sample, second: Sample, observed: tuple[Sample, Sample] | None = None
) -> dict[str, float]:
    """Mahalanobis's distance of the means less what chance makes of it, and how far it is beyond chance.

    first, second: of images. observed: of what chance is told by, where that are groups of images; else these
    very samples. The mean of squared differences in their errors follows an F distribution, with the degrees
    of freedom of Welch (1947); it is told as a normal deviate, below 0 counted as 0.
    """
    variance = np.maximum(first.variance, second.variance)
    kept = variance > _LEAST
    if not kept.any():
        return {"effect": 0.0, "standard_errors": 0.0}
    one, other = observed or (first, second)
    errors = np.maximum(one.variance, other.variance) * (1 / one.count + 1 / other.count)
    squared = float(((second.mean - first.mean)[kept] ** 2 / variance[kept]).sum())
    chance = float((errors[kept] / variance[kept]).sum())
    ratio = float(((other.mean - one.mean)[kept] ** 2 / np.maximum(errors[kept], _LEAST)).mean())
    beyond = f_deviate(ratio, int(kept.sum()), _freedom(one.count, other.count))
    return {"effect": math.sqrt(max(squared - chance, 0.0)), "standard_errors": max(beyond, 0.0)}


def _freedom(n: float, m: float) -> float:
    """Welch's degrees of freedom for equal variances, at least 1: about those of the smaller sample."""
    if min(n, m) <= 1:
        return 1.0
    return max((1 / n + 1 / m) ** 2 / (1 / (n * n * (n - 1)) + 1 / (m * m * (m - 1))), 1.0)


def f_deviate(ratio: float, above: float, below: float) -> float:
    """The normal deviate that is exceeded as often as an F ratio (Paulson 1942).

    above, below: its degrees of freedom. With infinitely many below it is Wilson and Hilferty's (1931) of
    chi-squared over its degrees of freedom.
    """
    root, spread, rest = math.cbrt(ratio), 2 / (9 * above), 2 / (9 * below)
    return ((1 - rest) * root - (1 - spread)) / math.sqrt(rest * root**2 + spread)


def effect_size(a: NDArray[Any], b: NDArray[Any], units: Units = None) -> dict[str, float] | None:
    """Cohen's d of b over a, pooled deviation, and how many standard errors it is; None if empty.

    effect: positive where b is larger. Where nothing varies, the effect of any difference is counted as
    in units of one percent of the mean. Numbers that are not finite count as missing. Of groups, which may be
    two or three, the errors are those of a t distribution, told as a normal deviate.
    """
    there = np.isfinite(a), np.isfinite(b)
    a, b = (values[known].astype(np.float64) for values, known in zip((a, b), there, strict=True))
    if not len(a) or not len(b):
        return None
    effect, errors = _effect(a, b)
    if units is not None:
        of_groups = [_means(v, u[known])[:, 0] for v, u, known in zip((a, b), units, there, strict=True)]
        freedom = sum(map(len, of_groups)) - 2
        errors = max(f_deviate(_effect(*of_groups)[1] ** 2, 1, freedom), 0.0) if freedom > 0 else 0.0
    return {"effect": effect, "standard_errors": errors}


def _effect(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Cohen's d, and its size in standard errors."""
    pooled = math.sqrt((a.var() * len(a) + b.var() * len(b)) / (len(a) + len(b)))
    scale = max(pooled, 0.01 * abs(float(a.mean())), 1e-9)
    effect = float(b.mean() - a.mean()) / scale
    return effect, abs(effect) / math.sqrt(1 / len(a) + 1 / len(b))


def feature_shift(
    train: NDArray[np.float32], other: NDArray[np.float32], units: Units = None
) -> dict[str, float]:
    """The shift of the mean features in their own deviations (Mahalanobis), less what chance makes of it.

    Over the first 32 principal components, which are uncorrelated in train (see `shift_of_means`).
    separability: how often a linear rule tells an image of one split from one of the other, 0.5 being never.
    """
    count = min(_COMPONENTS, train.shape[1])
    # Evenly: of one column alone NumPy adds the numbers in another order.
    bounds = np.linspace(0, count, -(-count // _AT_ONCE) + 1).astype(int).tolist()
    columns = [slice(*ends) for ends in pairwise(bounds)]
    samples = _sample(train, columns), _sample(other, columns)
    observed = units and (_sample(train, columns, units[0]), _sample(other, columns, units[1]))
    found = shift_of_means(*samples, observed)
    return {**found, "separability": 0.5 * (1 + math.erf(found["effect"] / 2))}


def _sample(rows: NDArray[np.float32], columns: list[slice], units: Rows | None = None) -> Sample:
    """Mean and variance of some columns; a few at a time, for a million rows of all of them take 256 MB.

    units: int64 `(n,)`, equal for rows of one group, whose mean is taken in their place.
    """
    found = []
    for some in columns:
        values = rows[:, some].astype(np.float64)
        values = values if units is None else _means(values, units)
        found.append((values.mean(axis=0), values.var(axis=0)))
    means, variances = zip(*found, strict=True)
    count = len(rows) if units is None else len(np.unique(units))
    return Sample(np.concatenate(means), np.concatenate(variances), count)


def _means(values: NDArray[np.float64], units: Rows) -> NDArray[np.float64]:
    """The mean of each group, float64 `(groups, columns)`."""
    columns = values.reshape(len(values), -1)
    _, place, sizes = np.unique(units, return_inverse=True, return_counts=True)
    sums = [np.bincount(place.ravel(), column) for column in columns.T]
    return np.stack(sums, axis=1) / sizes[:, None]


def share_difference(
    a: NDArray[np.int64], b: NDArray[np.int64], counted: tuple[Rows, Rows] | None = None
) -> dict[str, float]:
    """Total variation distance of two lists of counts, and how many standard errors it is beyond chance.

    That is by Pearson's chi-squared as a normal deviate (Wilson and Hilferty 1931), below 0 counted as 0.
    Classes of which a list would have fewer than 5 by the shares of both count as one. counted: how many
    groups of each class there are, where images do not stand alone: these are tested in place of images.
    """
    effect = 0.5 * float(np.abs(a / a.sum() - b / b.sum()).sum())
    a, b = counted or (a, b)
    n, m = int(a.sum()), int(b.sum())
    rare = (a + b) * min(n, m) < _FEWEST_EXPECTED * (n + m)
    table = np.stack([np.append(one[~rare], one[rare].sum()) for one in (a, b)]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    freedom = table.shape[1] - 1
    if freedom < 1:
        return {"effect": effect, "standard_errors": 0.0}
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / (n + m)
    squared = float((np.square(table - expected) / expected).sum())
    return {"effect": effect, "standard_errors": max(f_deviate(squared / freedom, freedom, math.inf), 0.0)}
