"""Nearest neighbors: exact in blocks, and in cells for sets whose all-pairs search would take too long.

All-pairs search costs n^2; with about sqrt(n) cells, of which each query visits a few, the search costs
n^1.5 and needs no more memory than the points themselves. The recall of the cells against the exact
search is measured in benchmarks/audit_growth.py.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.core.arrays import Float32s, Rows, spread_rows

#: Distances computed at once: 2^20 float32 are 4 MB, which the processor keeps near while they are searched.
_PAIRS_AT_ONCE: Final = 1 << 20

#: Of fewer queries at once, a product with a large base would read all of it for little.
_FEWEST_QUERIES: Final = 32

#: Up to so many neighbors, taking the largest again and again is faster than partitioning.
_FEW: Final = 8

#: Points per cell that the number of cells aims at, and rounds of k-means to place them.
_CELL: Final = 256
_ROUNDS: Final = 4


def nearest(queries: Float32s, base: Float32s, count: int) -> tuple[Float32s, Rows]:
    """The `count` nearest rows of `base` for each query, nearest first.

    Returns squared Euclidean distances float32 and row numbers int64, both `(queries, count)`; `count`
    is cut to the size of `base`. Exact.
    """
    count = min(count, len(base))
    half_squares = np.square(base).sum(axis=1) / 2
    distances = np.empty((len(queries), count), np.float32)
    rows = np.empty((len(queries), count), np.int64)
    step = max(_PAIRS_AT_ONCE // max(len(base), 1), _FEWEST_QUERIES)
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        closeness = queries[part] @ base.T
        closeness -= half_squares
        found, rows[part] = _largest(closeness, count)
        distances[part] = np.square(queries[part]).sum(axis=1)[:, None] - 2 * found
    return np.maximum(distances, 0, out=distances), rows


def _largest(values: Float32s, count: int) -> tuple[Float32s, Rows]:
    """The `count` largest of each row, falling, and their columns. Overwrites `values`."""
    if count > _FEW:
        columns = np.argpartition(-values, min(count, values.shape[1] - 1), axis=1)[:, :count]
        found = np.take_along_axis(values, columns, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(columns, order, axis=1)
    found = np.empty((len(values), count), np.float32)
    columns = np.empty((len(values), count), np.int64)
    each = np.arange(len(values))
    for place in range(count):
        columns[:, place] = values.argmax(axis=1)
        found[:, place] = values[each, columns[:, place]]
        values[each, columns[:, place]] = -np.inf
    return found, columns


@dataclass(frozen=True, eq=False)
class Cells:
    """Points sorted into the cells of their nearest center.

    centers: float32 `(cells, d)`; points: float32 `(n, d)` in cell order; rows: int64 `(n,)`, their
    original numbers; starts: int64 `(cells + 1,)`, where each cell begins.
    """

    centers: Float32s
    points: Float32s
    rows: Rows
    starts: Rows


def build_cells(points: Float32s) -> Cells:
    """Sort the points into about `n / 256` cells around centers found by k-means on a sample."""
    wanted = max(len(points) // _CELL, 1)
    sample = points[spread_rows(len(points), 32 * wanted)]
    centers = sample[spread_rows(len(sample), wanted)].copy()
    for _ in range(_ROUNDS):
        centers = _moved(centers, sample)
    cell = nearest(points, centers, 1)[1].ravel()
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(len(centers) + 1))
    return Cells(centers, points[order], order, starts.astype(np.int64))


def _moved(centers: Float32s, sample: Float32s) -> Float32s:
    """Each center in the middle of the sample points nearest to it; an empty one stays."""
    cell = nearest(sample, centers, 1)[1].ravel()
    order = np.argsort(cell, kind="stable")
    present, starts = np.unique(cell[order], return_index=True)
    moved = centers.copy()
    counts = np.diff(np.append(starts, len(order)))
    moved[present] = np.add.reduceat(sample[order], starts, axis=0) / counts[:, None]
    return moved


def search_cells(cells: Cells, queries: Float32s, visits: int, count: int) -> tuple[Float32s, Rows]:
    """The `count` nearest points in each of the `visits` cells nearest to each query, in no order.

    Returns squared distances float32 and original rows int64, `(queries, visits * count)`; where a cell
    holds fewer points the distance is infinite and the row -1.
    """
    visits = min(visits, len(cells.centers))
    visited = nearest(queries, cells.centers, visits)[1].ravel()
    asked = np.argsort(visited, kind="stable")
    bounds = np.searchsorted(visited[asked], np.arange(len(cells.centers) + 1))
    distances = np.full((len(queries) * visits, count), np.inf, np.float32)
    rows = np.full((len(queries) * visits, count), -1, np.int64)
    for cell in range(len(cells.centers)):
        places = asked[bounds[cell] : bounds[cell + 1]]
        members = slice(cells.starts[cell], cells.starts[cell + 1])
        base = cells.points[members]
        if not len(places) or not len(base):
            continue
        found, columns = nearest(queries[places // visits], base, count)
        distances[places, : found.shape[1]] = found
        rows[places, : found.shape[1]] = cells.rows[members][columns]
    shape = (len(queries), visits * count)
    return distances.reshape(shape), rows.reshape(shape)
