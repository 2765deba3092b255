"""Kernel ridge regression that tells points from their twins, as pictures from negatives of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows, spread_rows

#: Found on the tuning half of benchmarks/truth_sets.py and four sets of drawings (docs/experiments.md).
#: The kernel falls to 1/e at this share of the median squared distance of points; a point of another class
#: counts for so much; what is added to the diagonal of the kernel matrix.
_WIDTH: Final = 0.2
_OTHER_CLASS: Final = 0.2
_PENALTY: Final = 0.3

#: Points that it is learned from, evenly over the classes, and the fewest.
_MOST: Final = 1_200
_FEWEST: Final = 20

#: Points judged at a time.
_AT_ONCE: Final = 4_096


def odd_kernel_ridge(
    points: Float32s, labels: Rows, train: Float32s, twins: Float32s, train_labels: Rows, *, itself: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How surely a point is one, and not a twin: float64 `(n,)`, about 1 for a point and -1 for a twin.

    And the same of at most 1,200 points of `train`, float64 `(m,)`, each without itself. Near 0 where points
    are like twins. All of `train` are points, `twins` are theirs; the twin of a twin must be the point, and
    as far apart as points must twins be. So the kernel is odd, k(x, y) - k(x, twin of y) with k Laplacian,
    and a twin is told as minus its point. Kernel ridge regression on the target 1; points that are learned
    from are left out of what they are judged by, in closed form (Rasmussen and Williams 2006, equation 5.12).
    0 where there are too few to learn from.

    points: `(n, d)`; itself: they are the points of `train`, in the same order.
    """
    base = np.sort(np.argsort(train_labels, kind="stable")[spread_rows(len(train), _MOST)])
    told = np.zeros(len(points))
    apart = _distances(train[base], train[base])
    if len(base) < _FEWEST or not apart.any():
        return told, told[:0]
    width = np.sqrt(_WIDTH * np.median(np.square(apart[apart > 0])))

    def kernel(asked: Float32s, classes: Rows) -> NDArray[np.float64]:
        near, near_twin = (np.exp(-_distances(asked, of[base]) / width) for of in (train, twins))
        same = classes[:, None] == train_labels[base]
        weighed: NDArray[np.float64] = (near - near_twin) * np.where(same, 1, _OTHER_CLASS)
        return weighed

    inverse = np.linalg.inv(kernel(train[base], train_labels[base]) + _PENALTY * np.eye(len(base)))
    weights = inverse.sum(axis=1)
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        told[part] = kernel(points[part], labels[part]) @ weights
    left_out: NDArray[np.float64] = 1 - weights / np.diag(inverse)
    if itself:
        told[base] = left_out
    return told, left_out


def _distances(asked: Float32s, others: Float32s) -> NDArray[np.float64]:
    asked, others = asked.astype(np.float64), others.astype(np.float64)
    squares = np.square(asked).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2 * asked @ others.T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0))
    return distances
