"""Ridge regression with one penalty alone: solved by a Cholesky root, not by a factorization into axes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows
from assay.estimators.ridge import LEAST_REST, Blocks, gram_and_sums, indicators, labelled, shared, taken_out

#: Rows of a triangular matrix that is inverted in one piece.
_INVERTED_AT_ONCE: Final = 512


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
    gram, sums = gram_and_sums(blocks, labels, class_count)
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


def left_out(solution: Solution, rows: Iterable[Floats], labels: Rows, groups: Rows | None = None) -> Floats:
    """What `leave_one_out` gives, for some of the fitted rows: blocks of them, their labels and groups.

    A group must be there with all its rows.
    """
    joint = np.zeros(len(labels), bool) if groups is None else shared(groups)
    scores, kept, done = [], [], 0
    for block, own in labelled(lambda: rows, labels):
        rooted = block @ solution.root.T
        scores.append(taken_out(block @ solution.coefficients, np.square(rooted).sum(axis=1), own))
        mine = joint[done : done + len(block)]
        kept.append((rooted[mine], block[mine] @ solution.coefficients))
        done += len(block)
    found = np.concatenate(scores)
    if groups is None or not joint.any():
        return found
    rooted, plain = (np.concatenate(part) for part in zip(*kept, strict=True))
    places = np.flatnonzero(joint)
    order = np.argsort(groups[places], kind="stable")
    starts = np.flatnonzero(np.diff(groups[places][order], prepend=groups[places][order][:1] - 1))
    for members in np.split(order, starts[1:]):
        theirs = rooted[members].astype(np.float64)
        hot = indicators(labels[places[members]], found.shape[1])
        found[places[members]] = hot - _without(theirs, hot - plain[members])
    return found


def _without(own: Floats, errors: Floats) -> NDArray[np.float64]:
    """What the errors `(m, k)` of a group become where it is left out. own: its rows times the root.

    own is `(m, size)`; the smaller of two equal systems is solved, m or size wide (Woodbury's identity).
    """
    kept = 1 + LEAST_REST
    if len(own) <= own.shape[1]:
        return np.asarray(np.linalg.solve(np.eye(len(own)) * kept - own @ own.T, errors))
    rest = np.eye(own.shape[1]) * kept - own.T @ own
    return np.asarray((errors + own @ np.linalg.solve(rest, own.T @ errors)) / kept)
