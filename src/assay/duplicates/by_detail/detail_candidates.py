"""Candidates for copies that were cropped, turned, framed or written on: near in features, far nearer than
others are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, spread_rows
from assay.core.thread_pool import all_cores
from assay.estimators.nearest_neighbors import Cells, build_cells, search_cells
from assay.estimators.projections import Components, fit_components
from assay.features.hand_made import describe_block

#: Partners by features, and by those of an inner part: what is left of the picture in a frame of 6 %, and
#: what a copy shows that was cropped by as much.
PARTNERS: Final = 8
_FRAMED: Final = 0.88
_CROPPED: Final = 0.94
_INNER_PARTNERS: Final = 2

#: Principal components that candidates are looked for by, and how many of them say which pictures look
#: alike: those differ in more than their finest detail.
_COMPONENTS: Final = 160
_COARSE: Final = 40

#: A candidate lies nearer than this share of the way to the last partner.
NEARER: Final = 0.88

_SAMPLE: Final = 10_000
_BLOCK: Final = 512


@dataclass(frozen=True, eq=False)
class Index:
    """The features of pictures, to be searched: all components, and the coarse ones alone."""

    components: Components
    cells: Cells
    coarse: Cells


@dataclass(frozen=True, eq=False)
class Likely:
    """Pairs that may be copies: the row that asked, the other, and whether the part in a frame asked.

    nearness: float32, the distance as a share of that to the last partner; all arrays `(pairs,)`.
    partners: int64 `(rows, PARTNERS)`, those that look most like all that asked, by the coarse components,
    the nearest first; -1 for none.
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
        return self._those(np.argsort(self.nearness, kind="stable")[:count])

    def again(self) -> NDArray[np.bool_]:
        """Which pairs stand there the other way round as well, nearer or before: bool `(pairs,)`.

        Only where the rows that ask are those of the index; a part in a frame is not the whole.
        """
        low, high = np.minimum(self.asked, self.other), np.maximum(self.asked, self.other)
        whole = ~self.by_inner
        again = np.ones(len(self.asked), bool)
        again[_first_of_each(np.where(whole, low, self.asked), np.where(whole, high, self.other), self)] = (
            False
        )
        return again

    def _those(self, kept: Rows) -> "Likely":
        kept = np.sort(kept)
        return Likely(
            self.asked[kept], self.other[kept], self.by_inner[kept], self.nearness[kept], self.partners
        )


def build_index(small: Bytes) -> Index:
    """Features of thumbnails uint8 `(n, h, w, c)`, projected and sorted into cells."""
    sample = small[spread_rows(len(small), _SAMPLE)]
    components = fit_components(np.concatenate(_blocks(sample, describe_block)), _COMPONENTS)
    points = _points(small, components)
    return Index(components, build_cells(points), build_cells(_coarse(points)))


def likely_pairs(index: Index, asking: Bytes, own: Rows) -> Likely:
    """The pairs of pictures that ask, and those of the index. own: the row of each in the index."""
    points = _points(asking, index.components)
    partners, _ = _others(*search_cells(index.coarse, _coarse(points), 4, PARTNERS + 1), own, PARTNERS)
    found = [_others(*search_cells(index.cells, points, 4, PARTNERS + 1), own, PARTNERS)]
    for share in (_CROPPED, _FRAMED):
        points = _points(_inner(asking, share), index.components)
        found.append(
            _others(*search_cells(index.cells, points, 2, _INNER_PARTNERS + 1), own, _INNER_PARTNERS)
        )
    distances = found[0][1]
    farthest = np.where(np.isfinite(distances), distances, 0).max(axis=1, keepdims=True)
    every = np.concatenate([rows for rows, _ in found], axis=1)
    nearness: Float32s = np.concatenate([far for _, far in found], axis=1) / np.maximum(farthest, 1e-6)
    asked, column = np.nonzero((nearness < NEARER) & (every >= 0))
    by_inner = column >= PARTNERS + _INNER_PARTNERS
    likely = Likely(asked, every[asked, column], by_inner, nearness[asked, column], partners)
    return likely._those(_first_of_each(likely.asked, likely.other, likely))


def _first_of_each(one: Rows, other: Rows, likely: Likely) -> Rows:
    """Positions of the nearest of the pairs that are alike in both rows and in what asked."""
    order = np.lexsort((likely.nearness, likely.by_inner, other, one))
    keys = (one[order], other[order], likely.by_inner[order].astype(np.int64))
    new = np.any([np.diff(key, prepend=-1) != 0 for key in keys], axis=0)
    first: Rows = order[new]
    return first


def enlarged_inner(gray: Float32s) -> Float32s:
    """The part in a frame of pictures `(n, h, w)` at their size, between pixels by straight lines."""
    down, across = (_between(side) for side in gray.shape[1:3])
    large: Float32s = ((down @ gray) @ across.T).astype(np.float32)
    return large


def inner_share(side: int) -> float:
    """How much of a side the part in a frame is."""
    return 1 - 2 * _frame(side, _FRAMED) / side


def _coarse(points: Float32s) -> Float32s:
    return np.ascontiguousarray(points[:, :_COARSE])


def _points(small: Bytes, components: Components) -> Float32s:
    return np.concatenate(_blocks(small, lambda block: components.project(describe_block(block))))


def _blocks(small: Bytes, work: object) -> list[Float32s]:
    assert callable(work)
    with all_cores() as pool:
        return list(pool.map(lambda i: work(small[i : i + _BLOCK]), range(0, max(len(small), 1), _BLOCK)))


def _inner(small: Bytes, share: float) -> Bytes:
    """The inner part of each picture; features are pooled, so that its size does not matter."""
    down, across = (_frame(side, share) for side in small.shape[1:3])
    return np.ascontiguousarray(small[:, down:-down, across:-across])


def _frame(side: int, share: float) -> int:
    """Pixels that an inner part leaves out on each side."""
    return max(round(side * (1 - share) / 2), 1)


def _between(side: int) -> Float32s:
    """float32 `(side, side)`: weights that enlarge the part in a frame of a line."""
    frame = _frame(side, _FRAMED)
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
