"""`Measurements`: integer sums over pixels per class, computed block by block; they merge exactly.

All sums are integers, so one pass, many blocks or many machines give equal numbers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay.core.events import OnEvent, ignore, progress
from assay.data.values import Split

LEVELS = 256


@dataclass(frozen=True, eq=False)
class Measurements:
    """Integer sums over the images of one split.

    counts: int64 `(k,)`, images per class.
    histograms: int64 `(k, channels, 256)`, pixels per class, channel and value.
    sums, square_sums: int64 `(k, h, w, c)`, pixel values and their squares, summed per class and place.
    """

    counts: NDArray[np.int64]
    histograms: NDArray[np.int64]
    sums: NDArray[np.int64]
    square_sums: NDArray[np.int64]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measurements) and all(
            np.array_equal(mine, theirs) for mine, theirs in zip(vars_of(self), vars_of(other), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by value, not hashable

    @cached_property
    def histogram(self) -> NDArray[np.int64]:
        """int64 `(256,)`: pixels of all classes and channels per value."""
        whole: NDArray[np.int64] = self.histograms.sum(axis=(0, 1))
        return whole

    @cached_property
    def class_means(self) -> NDArray[np.float64]:
        """float64 `(k, h, w, c)`: the mean image of each class, in 0-255; zeros where it has none."""
        return self.sums / _per_class(np.maximum(self.counts, 1))

    @cached_property
    def class_deviations(self) -> NDArray[np.float64]:
        """float64 `(k, h, w, c)`: the standard deviation image of each class (over n, not n - 1)."""
        n = _per_class(np.maximum(self.counts, 1))
        # n * sum(x^2) - (sum x)^2 is exact in integers; dividing first would cancel.
        return np.sqrt((n * self.square_sums - self.sums**2).astype(np.float64)) / n


def vars_of(m: Measurements) -> tuple[NDArray[np.int64], ...]:
    """The four arrays of sums."""
    return m.counts, m.histograms, m.sums, m.square_sums


def _per_class(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return counts[:, None, None, None]


def measure_block(images: NDArray[np.uint8], labels: NDArray[np.int64], class_count: int) -> Measurements:
    """The sums of one block. images: uint8 `(n, h, w, c)`; labels: int64 `(n,)` in [0, class_count)."""
    _, height, width, channels = images.shape
    counts = np.bincount(labels, minlength=class_count).astype(np.int64)
    histograms = np.zeros((class_count, channels, LEVELS), np.int64)
    sums = np.zeros((class_count, height, width, channels), np.int64)
    square_sums = np.zeros_like(sums)
    for label in np.unique(labels):
        block = images[labels == label]
        for channel in range(channels):
            histograms[label, channel] = np.bincount(block[..., channel].ravel(), minlength=LEVELS)
        sums[label] = block.sum(axis=0, dtype=np.int64)
        square_sums[label] = np.einsum("nhwc,nhwc->hwc", block, block, dtype=np.int64)
    return Measurements(counts, histograms, sums, square_sums)


def merge(a: Measurements, b: Measurements) -> Measurements:
    """The measurements of both parts together: exact, in any order and grouping."""
    return Measurements(*(x + y for x, y in zip(vars_of(a), vars_of(b), strict=True)))


def measure(
    split: Split,
    class_count: int,
    rows: NDArray[np.int64] | None = None,
    on_event: OnEvent = ignore,
) -> Measurements:
    """The measurements of a split, or of some rows of it, read once block by block."""
    labels = split.labels if rows is None else split.labels[rows]
    total: Measurements | None = None
    done = 0
    for block in split.blocks(rows):
        part = measure_block(block, labels[done : done + len(block)], class_count)
        total = part if total is None else merge(total, part)
        done += len(block)
        progress(on_event, "audit", done, len(labels), "images")
    return total if total is not None else _empty(split, class_count)


def _empty(split: Split, class_count: int) -> Measurements:
    none = np.zeros((0, *split.shape), np.uint8)
    return measure_block(none, np.zeros(0, np.int64), class_count)
