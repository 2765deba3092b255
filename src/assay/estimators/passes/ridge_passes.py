"""Ridge regression on random Fourier features, with exact leave-one-out, in two passes over runs of rows.

Gram matrices of runs are added in the order of the runs, each product taken by one thread: the result has
the same bits whoever makes the passes, threads of one process or several processes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Floats, Rows, spread_rows
from assay.core.thread_pool import in_order
from assay.estimators.projections import Fourier
from assay.estimators.ridge import (
    JUDGING_ROWS,
    PENALTIES,
    Ridge,
    candidates,
    gram_and_sums,
    indicators,
    labelled,
    shared,
    some_groups,
    without_groups,
    without_itself,
)

#: Rows of a run: a whole number of the blocks that features are made in. Each run's Gram matrix takes 33 MB.
RUN: Final = 16_384

#: Runs that are worked on at once by threads: each takes 100 MB.
_AT_ONCE: Final = 8

#: Rows whose features are at hand at once, where whole groups are left out: 130 MB.
_AT_HAND: Final = 16_384


@dataclass(frozen=True, eq=False)
class Run:
    """Some rows. components: float32 `(m, d)`, what the features are made of; labels: int64 `(m,)`."""

    components: Float32s
    labels: Rows


@dataclass(frozen=True, eq=False)
class Sums:
    """Of one run. gram: float64 `(size, size)`; targets: `(size, k)`, the feature rows summed per class."""

    gram: NDArray[np.float64]
    targets: Floats


class Passes(Protocol):
    """Who passes over the runs, in order."""

    def first(self) -> Iterator[Sums]:
        """The sums of each run."""

    def second(self, fitted: Ridge) -> Iterator[Floats]:
        """The scores of each run, as of `scores_of`."""


def run_count(rows: int) -> int:
    """How many runs so many rows are: one at least."""
    return max(-(-rows // RUN), 1)


def runs_of(components: Float32s, labels: Rows) -> Iterator[Run]:
    """The rows, `RUN` at a time."""
    for number in range(run_count(len(labels))):
        own = slice(number * RUN, (number + 1) * RUN)
        yield Run(components[own], labels[own])


def sums_of(fourier: Fourier, class_count: int, run: Run) -> Sums:
    """What the first pass makes of a run."""
    return Sums(*gram_and_sums(partial(fourier.blocks, run.components), run.labels, class_count))


def scores_of(fourier: Fourier, fitted: Ridge, run: Run) -> Floats:
    """What the second pass makes of it: the scores `(m, k)` of each row from a fit to all the others."""
    blocks = labelled(partial(fourier.blocks, run.components), run.labels)
    return np.concatenate([without_itself(fitted, rows @ fitted.axes, own) for rows, own in blocks])


@dataclass(frozen=True, eq=False)
class ByThreads:
    """The passes made by threads of this process."""

    fourier: Fourier
    components: Float32s
    labels: Rows
    class_count: int

    def first(self) -> Iterator[Sums]:
        """The sums of each run."""
        runs = runs_of(self.components, self.labels)
        return in_order(partial(sums_of, self.fourier, self.class_count), runs, _AT_ONCE)

    def second(self, fitted: Ridge) -> Iterator[Floats]:
        """The scores of each run."""
        runs = runs_of(self.components, self.labels)
        return in_order(partial(scores_of, self.fourier, fitted), runs, _AT_ONCE)


def fit_and_leave_out(
    passes: Passes,
    fourier: Fourier,
    components: Float32s,
    labels: Rows,
    groups: Rows | None,
) -> tuple[Ridge, Floats]:
    """What `ridge.fit` and `ridge.leave_one_out` give for random Fourier features, up to rounding.

    passes: over the same components and labels. groups: int64 `(n,)`, equal for rows that are left out
    together; those that are not alone in theirs are judged here, whoever makes the passes.
    """
    gram, targets = _added(passes.first())
    fits = candidates(gram, targets, PENALTIES)
    del gram
    joint = np.flatnonzero(shared(groups)) if groups is not None else np.zeros(0, np.int64)
    own = _Own(fourier, components, labels)
    fitted = fits[int(np.argmin(_errors(fits, own, joint, groups)))]
    scores = np.concatenate(list(passes.second(fitted)))
    if groups is not None:
        for rows in _whole_groups(joint, groups):
            along = own.features(rows) @ fitted.axes
            scores[rows] = without_groups(fitted, along, labels[rows], groups[rows])
    return fitted, scores


def _added(parts: Iterator[Sums]) -> tuple[NDArray[np.float64], Floats]:
    """The Gram matrix and the class sums of all rows."""
    first = next(parts)
    gram, targets = first.gram, first.targets.astype(np.float64)
    for part in parts:
        gram += part.gram
        targets += part.targets
    return gram, targets.astype(first.targets.dtype)


@dataclass(frozen=True, eq=False)
class _Own:
    """The rows whose features this process makes itself."""

    fourier: Fourier
    components: Float32s
    labels: Rows

    def features(self, rows: Rows) -> Floats:
        """`(len(rows), size)`."""
        return np.concatenate(list(self.fourier.blocks(self.components[rows])))


def _errors(fits: list[Ridge], own: _Own, joint: Rows, groups: Rows | None) -> NDArray[np.float64]:
    """The summed leave-one-out squared error of each fit, over rows spread evenly, and of the groups over so
    many whole ones that they have as large a share."""
    count, class_count = len(own.labels), fits[0].targets.shape[1]
    spread = spread_rows(count, JUDGING_ROWS)
    alone = np.setdiff1d(spread, joint, assume_unique=True)
    along, labels = own.features(alone) @ fits[0].axes, own.labels[alone]
    hot = indicators(labels, class_count)
    errors = np.array([np.square(without_itself(fit, along, labels) - hot).sum() for fit in fits])
    if groups is None or not len(joint):
        return errors
    taken = joint[np.isin(groups[joint], some_groups(groups[joint], count))]
    for rows in _whole_groups(taken, groups):
        along, hot = own.features(rows) @ fits[0].axes, indicators(own.labels[rows], class_count)
        errors += [
            np.square(without_groups(fit, along, own.labels[rows], groups[rows]) - hot).sum() for fit in fits
        ]
    return errors


def _whole_groups(rows: Rows, groups: Rows) -> Iterator[Rows]:
    """The rows, some whole groups at a time: `_AT_HAND` rows, or one group that is larger."""
    ordered = rows[np.argsort(groups[rows], kind="stable")]
    ends = np.append(np.flatnonzero(np.diff(groups[ordered])) + 1, len(ordered))
    start = 0
    while start < len(ordered):
        fitting = ends[ends <= start + _AT_HAND]
        stop = int(fitting[-1]) if len(fitting) and fitting[-1] > start else int(ends[ends > start][0])
        yield np.sort(ordered[start:stop])
        start = stop
