"""Accuracy on slices of the test images, and the weak slices among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.grouped import Groups, corrected_interval, share_interval
from assay.evaluation.intervals import Interval

#: A slice with fewer images is counted but not judged: its interval would span half of all accuracies.
FEWEST: Final = 20

#: Ranges that a measured figure is cut into, each with about as many images.
RANGES: Final = 5

#: Values of a column that are looked at, those with the most images first.
MOST_VALUES: Final = 20

#: With more distinct values than this, numbers are cut into ranges.
_FEW_NUMBERS: Final = 10

Kind = Literal["class", "value", "range"]
Column = NDArray[np.generic] | tuple[str, ...]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """A part of the images. low, high: the range (low, high] of the figure it is cut by; None for a value.

    ci95: of its accuracy (Wilson). ci_corrected: the same at the confidence that allows for having
    looked at so many slices.
    """

    slice: str
    low: float | None
    high: float | None
    n: int
    correct: int
    accuracy: float
    ci95: Interval
    ci_corrected: Interval


@dataclass(frozen=True)
class Grouping:
    """The slices by one property. left_out: images that are in none of them, and why."""

    name: str
    kind: Kind
    left_out: int
    left_out_reason: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class WeakSlice(Slice):
    """A slice whose accuracy is lower than that of the whole by more than chance. by: its grouping."""

    by: str


@dataclass(frozen=True)
class Slices:
    """looked_at: slices judged, of all groupings. weakest: the least accurate first."""

    looked_at: int
    fewest: int
    corrected_confidence: float
    by: tuple[Grouping, ...]
    weakest: tuple[WeakSlice, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """A slice before it is judged: its name, its range, and its rows."""

    name: str
    rows: NDArray[np.int64]
    low: float | None = None
    high: float | None = None


def slice_scores(
    right: Mask,
    labels: NDArray[np.int64],
    classes: Sequence[str],
    figures: Mapping[str, NDArray[np.floating[Any]]],
    columns: Mapping[str, Column],
    together: Groups | None = None,
) -> Slices:
    """The accuracy by class, by each measured figure `(n,)`, and by each column of metadata.

    right: bool `(n,)`, n >= 1. NaN in a figure: the image has none. together: which images are of one group,
    as in `share_interval`.
    """
    groups: list[tuple[str, Kind, list[Part]]] = [("class", "class", by_class(labels, classes))]
    groups += [(name, "range", by_range(values)) for name, values in figures.items()]
    groups += [(f"column:{name}", *by_column(values)) for name, values in columns.items()]
    judged = sum(len(part.rows) >= FEWEST for _, _, parts in groups for part in parts)
    confidence = 1 - 0.05 / max(judged, 1)
    judge = _Judge(right, together, judged)
    by = tuple(_grouping(judge, name, kind, parts) for name, kind, parts in groups)
    return Slices(judged, FEWEST, confidence, by, _weakest(by, share_interval(right, together)[0]))


@dataclass(frozen=True, eq=False)
class _Judge:
    """What each slice is judged by. looked_at: how many slices the corrected interval allows for."""

    right: Mask
    together: Groups | None
    looked_at: int

    def slice(self, part: Part) -> Slice:
        right = self.right[part.rows]
        together = None if self.together is None else self.together[part.rows]
        n, correct = len(right), int(right.sum())
        corrected = corrected_interval(right, together, self.looked_at)
        return Slice(
            part.name,
            part.low,
            part.high,
            n,
            correct,
            correct / n,
            share_interval(right, together),
            corrected,
        )


def by_class(labels: NDArray[np.int64], classes: Sequence[str]) -> list[Part]:
    """One part for each class that occurs."""
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    return [
        Part(classes[label], rows) for label, rows in zip(present, np.split(order, starts[1:]), strict=True)
    ]


def by_range(values: NDArray[np.floating[Any]]) -> list[Part]:
    """Parts of about equal size, cut at quantiles; equal values stay together. None for a constant figure."""
    known = np.isfinite(values)
    if not known.any():
        return []
    cuts = np.unique(np.quantile(values[known].astype(np.float64), np.linspace(0, 1, RANGES + 1)))
    if len(cuts) < 2:
        return []
    place = np.clip(np.searchsorted(cuts, values, side="left") - 1, 0, len(cuts) - 2)
    return [
        Part(
            f"{cuts[i]:.4g} to {cuts[i + 1]:.4g}",
            np.flatnonzero(known & (place == i)),
            float(cuts[i]),
            float(cuts[i + 1]),
        )
        for i in range(len(cuts) - 1)
    ]


def by_column(column: Column) -> tuple[Kind, list[Part]]:
    """Parts by value, or by range where the column holds many numbers. None for a constant column."""
    numbers = _numbers(column)
    if numbers is not None and len(np.unique(numbers[np.isfinite(numbers)])) > _FEW_NUMBERS:
        return "range", by_range(numbers)
    texts = np.asarray([str(value) for value in np.asarray(column).tolist()], dtype=object)
    values, place, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    if len(values) < 2:
        return "value", []
    most = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    return "value", [Part(str(values[i]), np.flatnonzero(place == i)) for i in most]


def _numbers(column: Column) -> NDArray[np.float64] | None:
    """The column as float64 `(n,)`, NaN for empty cells; None where it holds anything else."""
    array = np.asarray(column)
    if array.dtype.kind == "b":
        return None
    try:
        return np.array([np.nan if cell == "" else float(cell) for cell in array.tolist()])
    except (TypeError, ValueError):
        return None


def _grouping(judge: _Judge, name: str, kind: Kind, parts: list[Part]) -> Grouping:
    judged = [part for part in parts if len(part.rows) >= FEWEST]
    left_out = len(judge.right) - sum(len(part.rows) for part in judged)
    reason = _why_left_out(parts, kind) if left_out else ""
    return Grouping(name, kind, left_out, reason, tuple(map(judge.slice, judged)))


def _why_left_out(parts: list[Part], kind: Kind) -> str:
    if not parts:
        return "all images have the same value here, or none"
    small = f"a slice of fewer than {FEWEST} images is not judged"
    return f"{small}, nor are more than {MOST_VALUES} values" if kind == "value" else small


def _weakest(by: tuple[Grouping, ...], low: float) -> tuple[WeakSlice, ...]:
    """Slices that lie below the whole: the upper end of their corrected interval is under its lower end."""
    weak = [
        WeakSlice(**vars(part), by=group.name)
        for group in by
        for part in group.slices
        if part.ci_corrected[1] < low
    ]
    return tuple(sorted(weak, key=lambda part: part.accuracy))
