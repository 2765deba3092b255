"""Candidates for copies that were cropped, turned, framed or written on: near in features, far nearer than
others are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows
from assay.core.thread_pool import all_cores
from assay.estimators.nearest_neighbors import Cells, build_cells, search_cells
from assay.estimators.projections import Components, fit_components, spread_rows
from assay.features.hand_made import describe_block

#: Partners by features, and by those of the inner part: a frame of 6 % leaves 88 % of the picture.
PARTNERS: Final = 8
_INNER: Final = 0.88
_INNER_PARTNERS: Final = 2
_COMPONENTS: Final = 40

#: A candidate lies nearer than this share of the way to the last partner.
NEARER: Final = 0.85

_SAMPLE: Final = 10_000
_BLOCK: Final = 512


@dataclass(frozen=True, eq=False)
class Index:
    """The features of pictures, to be searched."""

    components: Components
    cells: Cells


@dataclass(frozen=True, eq=False)
class Likely:
    """Pairs that may be copies: the row that asked, the other, and whether the inner part asked.

    nearness: float32, the distance as a share of that to the last partner; all arrays `(pairs,)`.
    partners: int64 `(rows, PARTNERS)`, the nearest others of all that asked, nearest first; -1 for none.
    """

    asked: Rows
    other: Rows
    by_inner: NDArray[np.bool_]
    nearness: Float32s
    partners: Rows

    def nearest(self, count: int) -> "Likely":
        """The `count` pairs that lie nearest, in their order."""
        if len(self.asked) <= count:
            return self
        kept = np.sort(np.argsort(self.nearness, kind="stable")[:count])
        return Likely(
            self.asked[kept], self.other[kept], self.by_inner[kept], self.nearness[kept], self.partners
        )


def build_index(small: Bytes) -> Index:
    """Features of thumbnails uint8 `(n, h, w, c)`, projected and sorted into cells."""
    sample = small[spread_rows(len(small), _SAMPLE)]
    components = fit_components(np.concatenate(_blocks(sample, describe_block)), _COMPONENTS)
    return Index(components, build_cells(_points(small, components)))


def likely_pairs(index: Index, asking: Bytes, own: Rows) -> Likely:
    """The pairs of pictures that ask, and those of the index. own: the row of each in the index."""
    plain = search_cells(index.cells, _points(asking, index.components), 4, PARTNERS + 1)
    inner = search_cells(index.cells, _points(_inner(asking), index.components), 2, _INNER_PARTNERS + 1)
    partners, distances = _others(*plain, own, PARTNERS)
    inner_partners, inner_distances = _others(*inner, own, _INNER_PARTNERS)
    farthest = np.where(np.isfinite(distances), distances, 0).max(axis=1, keepdims=True)
    every = np.concatenate([partners, inner_partners], axis=1)
    nearness: Float32s = np.concatenate([distances, inner_distances], axis=1) / np.maximum(farthest, 1e-6)
    asked, column = np.nonzero((nearness < NEARER) & (every >= 0))
    return Likely(asked, every[asked, column], column >= PARTNERS, nearness[asked, column], partners)


def enlarged_inner(gray: Float32s) -> Float32s:
    """The inner part of pictures `(n, h, w)` at the size of the whole, between pixels by straight lines."""
    down, across = (_between(side) for side in gray.shape[1:3])
    large: Float32s = ((down @ gray) @ across.T).astype(np.float32)
    return large


def inner_share(side: int) -> float:
    """How much of a side the inner part is."""
    return 1 - 2 * _frame(side) / side


def _points(small: Bytes, components: Components) -> Float32s:
    return np.concatenate(_blocks(small, lambda block: components.project(describe_block(block))))


def _blocks(small: Bytes, work: object) -> list[Float32s]:
    assert callable(work)
    with all_cores() as pool:
        return list(pool.map(lambda i: work(small[i : i + _BLOCK]), range(0, max(len(small), 1), _BLOCK)))


def _inner(small: Bytes) -> Bytes:
    """The inner part of each picture; features are pooled, so that its size does not matter."""
    down, across = (_frame(side) for side in small.shape[1:3])
    return np.ascontiguousarray(small[:, down:-down, across:-across])


def _frame(side: int) -> int:
    """Pixels that the inner part leaves out on each side."""
    return max(round(side * (1 - _INNER) / 2), 1)


def _between(side: int) -> Float32s:
    """float32 `(side, side)`: weights that enlarge the inner part of a line."""
    frame = _frame(side)
    length = side - 2 * frame
    place = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1) + frame
    weights: Float32s = np.maximum(1 - np.abs(place[:, None] - np.arange(side)), 0).astype(np.float32)
    return weights


def _others(squares: Float32s, rows: Rows, own: Rows, count: int) -> tuple[Rows, Float32s]:
    """Of each row's answers the nearest `count` that are not itself, and their distances; -1 for none."""
    far = np.where((rows == own[:, None]) | (rows < 0), np.float32(np.inf), squares).astype(np.float32)
    order = np.argsort(far, axis=1, kind="stable")[:, :count]
    near: Float32s = np.sqrt(np.take_along_axis(far, order, axis=1))
    return np.where(np.isfinite(near), np.take_along_axis(rows, order, axis=1), -1), near
