"""Principal component analysis (Pearson 1901; Hotelling 1933)."""

from typing import Final

import numpy as np

from assay.core.arrays import Float64s, Floats

#: From so many columns on the smaller matrix is worth it: below, either takes a moment.
_MANY: Final = 1_024

#: Directions with less than this share of the largest sum of squares are rounding.
_ROUNDING: Final = 1e-10


def principal_axes(centered: Floats, count: int) -> tuple[Float64s, Float64s]:
    """The directions of most variance, strongest first, and the sum of squares along each.

    centered: `(n, d)`, their mean subtracted. Returns float64 `(d, m)` and `(m,)`, m the smaller of `count`
    and d. Beyond the rank of the rows, n - 1 at most, there is no variance: the directions are arbitrary, or
    zeros.
    """
    if len(centered) < centered.shape[1] and centered.shape[1] > _MANY:
        return principal_axes_of_few(centered, count)
    sums, axes = np.linalg.eigh((centered.T @ centered).astype(np.float64))
    return axes[:, ::-1][:, :count], sums[::-1][:count]


def principal_axes_of_few(centered: Floats, count: int) -> tuple[Float64s, Float64s]:
    """The same from the matrix of the rows' products: the smaller one for fewer rows than columns.

    Beyond the rank the directions are zeros.
    """
    rows, count = centered.astype(np.float64), min(count, centered.shape[1])
    values, weights = np.linalg.eigh(rows @ rows.T)
    values, weights = values[::-1][:count], weights[:, ::-1][:, :count]
    real = values > _ROUNDING * max(float(values.max(initial=0)), 0)
    axes, sums = np.zeros((rows.shape[1], count)), np.zeros(count)
    axes[:, : len(values)] = rows.T @ (weights * np.where(real, 1 / np.sqrt(np.where(real, values, 1)), 0))
    sums[: len(values)] = np.where(real, values, 0)
    return axes, sums
