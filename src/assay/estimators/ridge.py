"""A classifier in closed form: ridge regression onto the class indicators.

One factorization of the features' Gram matrix gives the fit for every penalty, and from it the answer
for each image as if the image had been left out: no second training.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows, spread_rows

#: Penalties tried, each as a share of the mean eigenvalue of the Gram matrix.
PENALTIES: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)

#: Closer together, for features of a pretrained net, of which there are many for few images.
FINE_PENALTIES: Final = tuple(10.0 ** (step / 2) for step in range(-8, 3))

#: Rows that the penalty is chosen by: enough to tell errors apart that differ by a hundredth.
JUDGING_ROWS: Final = 8_192


#: An image with all the leverage (1) has no answer without itself; this keeps the division finite.
LEAST_REST: Final = 1e-6


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
    blocks: Blocks,
    labels: Rows,
    class_count: int,
    groups: Rows | None = None,
    penalties: tuple[float, ...] = PENALTIES,
) -> Ridge:
    """Fit by ridge regression; of `penalties` the one with the least leave-one-out squared error.

    labels: int64 `(n,)` in [0, class_count), one per feature row. groups: int64 `(n,)`, equal for rows that
    are left out together (images of one patient, copies of one picture); None: every row is its own group.
    """
    found = candidates(*gram_and_sums(blocks, labels, class_count), penalties)
    errors = _errors(found, blocks, labels, groups)
    return found[int(np.argmin(errors))]


def candidates(gram: NDArray[np.float64], sums: Floats, penalties: tuple[float, ...]) -> list[Ridge]:
    """The fit for each penalty, from one factorization of the Gram matrix. sums: as of `gram_and_sums`."""
    eigenvalues, axes = np.linalg.eigh(gram)
    eigenvalues = np.maximum(eigenvalues, 0)
    axes = axes.astype(sums.dtype)
    scale = float(eigenvalues.mean()) or 1.0
    return [Ridge(eigenvalues, axes, axes.T @ sums, share * scale) for share in penalties]


def gram_and_sums(
    blocks: Blocks, labels: NDArray[np.int64], class_count: int
) -> tuple[NDArray[np.float64], Floats]:
    """The Gram matrix in float64, and the feature rows summed per class `(size, k)`."""
    gram: NDArray[np.float64] | None = None
    for rows, own in labelled(blocks, labels):
        if gram is None:
            gram = np.zeros((rows.shape[1], rows.shape[1]))
            sums = np.zeros((rows.shape[1], class_count), rows.dtype)
        gram += rows.T @ rows
        sums += rows.T @ indicators(own, class_count, rows.dtype)
    assert gram is not None, "no rows to fit"
    return gram, sums


def labelled(blocks: Blocks, labels: NDArray[np.int64]) -> Iterable[tuple[Floats, NDArray[np.int64]]]:
    """Each block of feature rows with the labels of its rows."""
    done = 0
    for rows in blocks():
        yield rows, labels[done : done + len(rows)]
        done += len(rows)


def indicators(labels: NDArray[np.int64], class_count: int, dtype: Any = np.float64) -> Floats:
    """`(n, class_count)`: 1 in the column of the label, else 0."""
    hot = np.zeros((len(labels), class_count), dtype)
    hot[np.arange(len(labels)), labels] = 1
    return hot


def _errors(fits: list[Ridge], blocks: Blocks, labels: Rows, groups: Rows | None) -> NDArray[np.float64]:
    """The summed leave-one-out squared error of each candidate, over rows spread evenly.

    Rows of groups are judged by whole groups, of which so many are taken that they have as large a share.
    """
    judged = np.zeros(len(labels), bool)
    judged[spread_rows(len(labels), JUDGING_ROWS)] = True
    joint = np.zeros(len(labels), bool) if groups is None else shared(groups)
    errors = np.zeros(len(fits))
    done = 0
    for rows, own in labelled(blocks, labels):
        taken = np.flatnonzero((judged & ~joint)[done : done + len(rows)])
        done += len(rows)
        along, own = rows[taken] @ fits[0].axes, own[taken]
        hot = indicators(own, fits[0].targets.shape[1])
        errors += [np.square(without_itself(c, along, own) - hot).sum() for c in fits]
    if groups is None or not joint.any():
        return errors
    chosen = some_groups(groups[joint], len(labels))
    taken = np.flatnonzero(joint & np.isin(groups, chosen))
    along = _rows_of(blocks, taken) @ fits[0].axes
    hot = indicators(labels[taken], fits[0].targets.shape[1])
    for place, candidate in enumerate(fits):
        found = without_groups(candidate, along, labels[taken], groups[taken])
        errors[place] += np.square(found - hot).sum()
    return errors


def some_groups(groups: Rows, total: int) -> Rows:
    """Of the groups as large a share as `JUDGING_ROWS` are of all rows, rising."""
    numbers = np.unique(groups)
    share = -(-len(numbers) // -(-total // JUDGING_ROWS))
    return numbers[spread_rows(len(numbers), share)]


def shared(groups: Rows) -> NDArray[np.bool_]:
    """Which rows have a group with another row in it."""
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    joint: NDArray[np.bool_] = sizes[place.ravel()] > 1
    return joint


def _rows_of(blocks: Blocks, chosen: Rows) -> Floats:
    """Some of the feature rows, in rising order."""
    found, done = [], 0
    for rows in blocks():
        own = chosen[(chosen >= done) & (chosen < done + len(rows))] - done
        found.append(rows[own])
        done += len(rows)
    return np.concatenate(found)


def leave_one_out(ridge: Ridge, blocks: Blocks, labels: Rows, groups: Rows | None = None) -> Floats:
    """Scores `(n, k)` of every fitted row, each from a fit to all rows but those of its group.

    Exact: with leverage h and score s, the score without row i is (s - h y) / (1 - h) (Allen's PRESS,
    1974); of a group with leverages H and scores S it is Y - (I - H)^-1 (Y - S). `blocks` and `labels` must
    be those of `fit`; groups as there.
    """
    scores = [
        without_itself(ridge, rows @ ridge.axes, own).astype(rows.dtype, copy=False)
        for rows, own in labelled(blocks, labels)
    ]
    found = np.concatenate(scores)
    if groups is not None and (joint := shared(groups)).any():
        rows = np.flatnonzero(joint)
        along = _rows_of(blocks, rows) @ ridge.axes
        found[rows] = without_groups(ridge, along, labels[rows], groups[rows])
    return found


def without_groups(ridge: Ridge, along: Floats, labels: Rows, groups: Rows) -> Floats:
    """Scores `(n, k)` of rows along the axes, each from a fit without the rows of its group."""
    scores = np.empty((len(along), ridge.targets.shape[1]), along.dtype)
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order][:1] - 1))
    for members in np.split(order, starts[1:]):
        scores[members] = _without_group(ridge, along[members], labels[members])
    return scores


def _without_group(ridge: Ridge, along: Floats, labels: Rows) -> Floats:
    """The scores of one group `(m, k)` from a fit to all other rows."""
    penalized = ridge.eigenvalues + ridge.penalty
    own = along.astype(np.float64)
    hot = indicators(labels, ridge.targets.shape[1])
    if len(own) > len(penalized):  # a large group is taken out of the Gram matrix: that is smaller
        gram = np.diag(np.maximum(penalized, LEAST_REST * penalized.max())) - own.T @ own
        gram[np.diag_indices_from(gram)] += LEAST_REST * penalized.max()
        found: Floats = own @ np.linalg.solve(gram, ridge.targets - own.T @ hot)
        return found
    weighted = own / penalized
    rest = np.eye(len(own)) * (1 + LEAST_REST) - weighted @ own.T
    apart: Floats = hot - np.linalg.solve(rest, hot - weighted @ ridge.targets.astype(np.float64))
    return apart


def without_itself(ridge: Ridge, along: Floats, labels: NDArray[np.int64]) -> Floats:
    """Scores `(n, k)` of rows along the axes, each from a fit without the row itself."""
    weights = (1 / (ridge.eigenvalues + ridge.penalty)).astype(along.dtype)
    return taken_out(along @ ridge.coefficients, np.square(along) @ weights, labels)


def taken_out(scores: Floats, leverage: Floats, labels: NDArray[np.int64]) -> Floats:
    """The scores `(n, k)`, changed in place, as they are without the row itself."""
    scores[np.arange(len(labels)), labels] -= leverage
    scores /= np.maximum(1 - leverage, LEAST_REST)[:, None]
    return scores


def predict(ridge: Ridge, blocks: Blocks) -> Floats:
    """Scores `(n, k)` of new feature rows."""
    weights = ridge.axes @ ridge.coefficients
    return np.concatenate([rows @ weights for rows in blocks()])
