"""A classifier in closed form: ridge regression onto the class indicators.

One factorization of the features' Gram matrix gives the fit for every penalty, and from it the answer
for each image as if the image had been left out: no second training.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats

#: Penalties tried, each as a share of the mean eigenvalue of the Gram matrix.
PENALTIES: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)

#: Closer together, for features of a pretrained net, of which there are many for few images.
FINE_PENALTIES: Final = tuple(10.0 ** (step / 2) for step in range(-8, 3))

#: Rows that the penalty is chosen by: enough to tell errors apart that differ by a hundredth.
_JUDGING_ROWS: Final = 8_192

#: Rows of a triangular matrix that is inverted in one piece.
_INVERTED_AT_ONCE: Final = 512

#: An image with all the leverage (1) has no answer without itself; this keeps the division finite.
_LEAST_REST: Final = 1e-6


#: Gives the feature rows `(b, size)` block by block, in the same order at every call, so that features
#: which would fill the memory are made anew instead of kept.
Blocks = Callable[[], Iterable[Floats]]


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted classifier.

    eigenvalues: float64 `(size,)` of the Gram matrix; axes: `(size, size)`, its eigenvectors.
    targets: `(size, k)`, the class indicators summed along each axis.
    penalty: what is added to every eigenvalue.
    """

    eigenvalues: NDArray[np.float64]
    axes: Floats
    targets: Floats
    penalty: float

    @property
    def share(self) -> float:
        """The penalty as a share of the mean eigenvalue."""
        return self.penalty / (float(self.eigenvalues.mean()) or 1.0)

    @property
    def coefficients(self) -> Floats:
        """`(size, k)`: one column per class, along the axes."""
        return (self.targets / (self.eigenvalues + self.penalty)[:, None]).astype(self.axes.dtype)


def fit(
    blocks: Blocks, labels: NDArray[np.int64], class_count: int, penalties: tuple[float, ...] = PENALTIES
) -> Ridge:
    """Fit by ridge regression; of `penalties` the one with the least leave-one-out squared error.

    labels: int64 `(n,)` in [0, class_count), one per feature row.
    """
    gram, sums = _gram(blocks, labels, class_count)
    eigenvalues, axes = np.linalg.eigh(gram)
    eigenvalues = np.maximum(eigenvalues, 0)
    axes = axes.astype(sums.dtype)
    scale = float(eigenvalues.mean()) or 1.0
    candidates = [Ridge(eigenvalues, axes, axes.T @ sums, share * scale) for share in penalties]
    errors = _errors(candidates, blocks, labels)
    return candidates[int(np.argmin(errors))]


def _gram(blocks: Blocks, labels: NDArray[np.int64], class_count: int) -> tuple[NDArray[np.float64], Floats]:
    """The Gram matrix in float64, and the feature rows summed per class `(size, k)`."""
    gram: NDArray[np.float64] | None = None
    for rows, own in _labelled(blocks, labels):
        if gram is None:
            gram = np.zeros((rows.shape[1], rows.shape[1]))
            sums = np.zeros((rows.shape[1], class_count), rows.dtype)
        gram += rows.T @ rows
        sums += rows.T @ indicators(own, class_count, rows.dtype)
    assert gram is not None, "no rows to fit"
    return gram, sums


def _labelled(blocks: Blocks, labels: NDArray[np.int64]) -> Iterable[tuple[Floats, NDArray[np.int64]]]:
    done = 0
    for rows in blocks():
        yield rows, labels[done : done + len(rows)]
        done += len(rows)


def indicators(labels: NDArray[np.int64], class_count: int, dtype: Any = np.float64) -> Floats:
    """`(n, class_count)`: 1 in the column of the label, else 0."""
    hot = np.zeros((len(labels), class_count), dtype)
    hot[np.arange(len(labels)), labels] = 1
    return hot


def _errors(candidates: list[Ridge], blocks: Blocks, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The summed leave-one-out squared error of each candidate, over rows spread evenly."""
    stride = -(-len(labels) // _JUDGING_ROWS)
    errors = np.zeros(len(candidates))
    for rows, own in _labelled(blocks, labels):
        along = rows[::stride] @ candidates[0].axes
        hot = indicators(own[::stride], candidates[0].targets.shape[1])
        errors += [np.square(_without_itself(c, along, own[::stride]) - hot).sum() for c in candidates]
    return errors


def leave_one_out(ridge: Ridge, blocks: Blocks, labels: NDArray[np.int64]) -> Floats:
    """Scores `(n, k)` of every fitted row, each from a fit to all the other rows.

    Exact: with leverage h and score s, the score without row i is (s - h y) / (1 - h) (Allen's PRESS,
    1974). `blocks` and `labels` must be those of `fit`.
    """
    scores = [
        _without_itself(ridge, rows @ ridge.axes, own).astype(rows.dtype, copy=False)
        for rows, own in _labelled(blocks, labels)
    ]
    return np.concatenate(scores)


def _without_itself(ridge: Ridge, along: Floats, labels: NDArray[np.int64]) -> Floats:
    weights = (1 / (ridge.eigenvalues + ridge.penalty)).astype(along.dtype)
    return _taken_out(along @ ridge.coefficients, np.square(along) @ weights, labels)


def _taken_out(scores: Floats, leverage: Floats, labels: NDArray[np.int64]) -> Floats:
    """The scores `(n, k)`, changed in place, as they are without the row itself."""
    scores[np.arange(len(labels)), labels] -= leverage
    scores /= np.maximum(1 - leverage, _LEAST_REST)[:, None]
    return scores


@dataclass(frozen=True, eq=False)
class Solution:
    """A fit with one penalty alone, for which solving is many times cheaper than the factorization of `fit`.

    root: `(size, size)`, R with R' R the inverse of the Gram matrix with the penalty added; coefficients:
    `(size, k)`.
    """

    root: Floats
    coefficients: Floats


def solve(
    blocks: Blocks,
    labels: NDArray[np.int64],
    class_count: int,
    share: float,
    go_on: Callable[[], None] = lambda: None,
) -> Solution:
    """Fit with the penalty `share` times the mean eigenvalue of the Gram matrix. Arguments as in `fit`.

    The penalty is raised to what the features' own rounding hides, and tenfold while the matrix is not
    positive definite: many equal images leave it singular but for rounding. go_on: called between steps
    of a few seconds; what it raises ends the fit.
    """
    gram, sums = _gram(blocks, labels, class_count)
    trace = float(gram.trace()) or 1.0
    penalty = max(share * (trace / len(gram)), float(np.finfo(sums.dtype).eps) * trace)
    go_on()
    lower = _penalized_root(gram, penalty)
    del gram  # a fifth of a gigabyte for 5,120 features
    root = lower_inverse(lower, go_on)
    return Solution(root.astype(sums.dtype), (root.T @ (root @ sums)).astype(sums.dtype))


def _penalized_root(gram: Floats, penalty: float) -> Floats:
    """The Cholesky root of the matrix with the penalty on its diagonal, which is changed in place."""
    diagonal = np.diag_indices_from(gram)
    gram[diagonal] += penalty
    try:
        return np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return _penalized_root(gram, 9 * penalty)


def lower_inverse(lower: Floats, go_on: Callable[[], None] = lambda: None) -> Floats:
    """The inverse of a lower triangular matrix `(n, n)`, by quarters: matrix products for the most part."""
    go_on()
    if len(lower) <= _INVERTED_AT_ONCE:
        return np.linalg.inv(lower)
    half = len(lower) // 2
    found = np.zeros_like(lower)
    found[:half, :half] = lower_inverse(lower[:half, :half], go_on)
    found[half:, half:] = lower_inverse(lower[half:, half:], go_on)
    found[half:, :half] = -found[half:, half:] @ (lower[half:, :half] @ found[:half, :half])
    return found


def left_out(solution: Solution, rows: Iterable[Floats], labels: NDArray[np.int64]) -> Floats:
    """What `leave_one_out` gives, for some of the fitted rows: blocks of them, and their labels."""
    scores = []
    for block, own in _labelled(lambda: rows, labels):
        leverage = np.square(block @ solution.root.T).sum(axis=1)
        scores.append(_taken_out(block @ solution.coefficients, leverage, own))
    return np.concatenate(scores)


def predict(ridge: Ridge, blocks: Blocks) -> Floats:
    """Scores `(n, k)` of new feature rows."""
    weights = ridge.axes @ ridge.coefficients
    return np.concatenate([rows @ weights for rows in blocks()])
