"""Nearest neighbors by sorted keys: near points have the same sign bits, and lie side by side once sorted.

Each table has random planes of its own; a point's key are the sides of them that it lies on. A query looks at
the few keys before and after its own in every table (Charikar 2002, "Similarity estimation techniques from
rounding algorithms"; sorted lists of permuted bits). The cost of a query does not grow with the number of
points but by the logarithm that sorting takes, and no two points are compared that no table brings together.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows

#: Sign bits of a key: 100 million points are told apart by 27.
_BITS: Final = 32

#: Points or queries worked on at once.
_BLOCK: Final = 4096


#: Directions count by this power of one over their deviation: as they are, the first few would decide nearly
#: all bits, and points that differ only in the others would have the same key (docs/experiments.md).
_EVENED: Final = 0.75


@dataclass(frozen=True, eq=False)
class Keys:
    """Points sorted by the keys of several tables.

    points: float32 `(n, d)`; planes: float32 `(d, tables * 32)`; sorted_keys: uint32 `(tables, n)`, rising;
    order: uint32 `(tables, n)`, the point of each of them.
    """

    points: Float32s
    planes: Float32s
    sorted_keys: NDArray[np.uint32]
    order: NDArray[np.uint32]


def build_keys(points: Float32s, tables: int) -> Keys:
    """Sort points float32 `(n, d)`, n from 1 to 2^32, by the keys of so many tables.

    Their middle should be 0, as that of principal components is.
    """
    generator = np.random.default_rng([0, 0x5E])
    drawn = generator.standard_normal((points.shape[1], tables * _BITS))
    deviation = points.std(axis=0, dtype=np.float64)
    evened = np.maximum(deviation, 1e-6 * deviation.max(initial=1e-6)) ** -_EVENED
    planes = (drawn * evened[:, None]).astype(np.float32)
    keys = np.empty((tables, len(points)), np.uint32)
    for start in range(0, len(points), _BLOCK):
        keys[:, start : start + _BLOCK] = _keys_of(points[start : start + _BLOCK], planes).T
    order = np.empty((tables, len(points)), np.uint32)
    for table in range(tables):
        order[table] = np.argsort(keys[table], kind="stable")
        keys[table] = keys[table, order[table]]
    return Keys(points, planes, keys, order)


def _keys_of(points: Float32s, planes: Float32s) -> NDArray[np.uint32]:
    """uint32 `(n, tables)`: of each table the sides of its planes, the first plane in the highest bit."""
    sides = (points @ planes > 0).reshape(len(points), planes.shape[1] // _BITS, _BITS)
    packed: NDArray[np.uint32] = np.packbits(sides, axis=2).view(">u4")[..., 0].astype(np.uint32)
    return packed


def search_keys(keys: Keys, queries: Float32s, tables: int, reach: int, count: int) -> tuple[Float32s, Rows]:
    """The nearest `count` of the points whose keys lie within `reach` places of each query's, each once.

    tables: looked into, the first ones. Returns squared distances float32 and rows int64, `(queries, count)`,
    in no order; where there are fewer points the distance is infinite and the row -1.
    """
    parts = [
        _nearest(keys, queries[start : start + _BLOCK], _beside(keys, queries, start, tables, reach), count)
        for start in range(0, max(len(queries), 1), _BLOCK)
    ]
    distances, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    return distances, rows


def _beside(keys: Keys, queries: Float32s, start: int, tables: int, reach: int) -> NDArray[np.uint32]:
    """The points beside each of a block of queries, uint32 `(queries, tables * 2 * reach)`, rising."""
    own = _keys_of(queries[start : start + _BLOCK], keys.planes[:, : tables * _BITS])
    near, last = np.arange(-reach, reach), len(keys.points) - 1
    found = np.empty((len(own), tables, 2 * reach), np.uint32)
    for table in range(tables):
        place = np.searchsorted(keys.sorted_keys[table], own[:, table])
        found[:, table] = keys.order[table][np.clip(place[:, None] + near, 0, last)]
    flat = found.reshape(len(own), tables * 2 * reach)
    flat.sort(axis=1)
    return flat


def _nearest(keys: Keys, queries: Float32s, beside: NDArray[np.uint32], count: int) -> tuple[Float32s, Rows]:
    """Of the points beside each query the nearest `count`."""
    new = np.ones(beside.shape, bool)
    new[:, 1:] = beside[:, 1:] != beside[:, :-1]
    asking, column = np.nonzero(new)
    distances = np.full(beside.shape, np.inf, np.float32)
    for start in range(0, len(asking), _BLOCK):  # their coordinates stay near the processor
        of, at = asking[start : start + _BLOCK], column[start : start + _BLOCK]
        apart = keys.points[beside[of, at]] - queries[of]
        distances[of, at] = np.einsum("ij,ij->i", apart, apart)
    chosen = np.argpartition(distances, min(count, beside.shape[1]) - 1, axis=1)[:, :count]
    found = np.full((len(beside), count), np.inf, np.float32)
    rows = np.full((len(beside), count), -1, np.int64)
    found[:, : chosen.shape[1]] = np.take_along_axis(distances, chosen, axis=1)
    rows[:, : chosen.shape[1]] = np.take_along_axis(beside, chosen, axis=1)
    rows[~np.isfinite(found)] = -1
    return found, rows
