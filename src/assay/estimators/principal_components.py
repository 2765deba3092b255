"""Principal component analysis (Pearson 1901; Hotelling 1933)."""

import numpy as np

from assay.core.arrays import Float64s, Floats


def principal_axes(centered: Floats, count: int) -> tuple[Float64s, Float64s]:
    """The directions of most variance, strongest first, and the sum of squares along each.

    centered: `(n, d)`, their mean subtracted. Returns float64 `(d, m)` and `(m,)`, m the smaller of `count`
    and d. Beyond rank n - 1 the directions are arbitrary.
    """
    sums, axes = np.linalg.eigh((centered.T @ centered).astype(np.float64))
    return axes[:, ::-1][:, :count], sums[::-1][:count]


def principal_axes_of_few(centered: Floats, count: int) -> Float64s:
    """The same axes from the small matrix of the rows' products, for fewer rows than columns.

    centered: `(n, d)`. Returns float64 `(d, m)`; `count` must be below n, as there are no further axes.
    """
    values, weights = np.linalg.eigh((centered @ centered.T).astype(np.float64))
    lengths = np.sqrt(np.maximum(values[::-1][:count], 1e-12))
    axes: Float64s = centered.T @ (weights[:, ::-1][:, :count] / lengths)
    return axes
