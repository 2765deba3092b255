"""Near copies in sets whose thumbnails do not fit into memory: three passes over the pictures.

The first describes each picture and sorts it by keys, the second asks for pictures that look alike, the
third reads the pixels of likely pairs alone. Memory holds some 500 bytes a picture, and no two pictures are
compared that no key brings together.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, distinct, spread_rows
from assay.core.thread_pool import in_order
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.by_gray import copies_by_gray
from assay.duplicates.candidates import (
    COMPONENTS,
    SAMPLE,
    Candidates,
    Query,
    best_partners,
    describe_window,
    flat,
    no_candidates,
    queries,
    thumbnail_shape,
    thumbnails,
)
from assay.duplicates.decision import Pixels
from assay.estimators.projections import Components, fit_components
from assay.estimators.sorted_keys import Keys, build_keys, search_keys

#: Bytes of thumbnails up to which they are held in memory, and pictures searched in cells: 260,000 gray ones
#: of 64 x 64 pixels, 38,000 of color with 96 pixels a side and more.
IN_MEMORY: Final = 1 << 30

#: Tables of keys, and how many of them are looked into: for the picture as it is, as it would look with more
#: gain, and for each window moved, which fits a moved copy nearly exactly. Places looked at on either side.
#: With these every planted copy of the kinds promised was a candidate (docs/experiments.md).
_TABLES: Final = 16
_ASKED_WITH_GAIN: Final = 8
_ASKED_MOVED: Final = 4
_REACH: Final = 2

#: Pictures described at once, and bytes of pixels that are read for it at most.
_BLOCK: Final = 2048
_BYTES: Final = 1 << 26

#: Pairs whose pixels are compared at once.
_PAIRS: Final = 8192


def fit_in_memory(shape: tuple[int, int, int], count: int) -> bool:
    """Do the thumbnails of so many pictures `shape`?"""
    return count * math.prod(thumbnail_shape(shape)) <= IN_MEMORY


@dataclass(frozen=True, eq=False)
class Pictures:
    """Different pictures, numbered in an order that does not depend on where they lie.

    read: gives the pixels of some. shape: of each. turns: int64 `(n,)`, their numbers in the order that they
    are read fastest in. resized: whether their files had more or fewer pixels.
    """

    read: Pixels
    shape: tuple[int, int, int]
    turns: Rows
    resized: bool

    def small(self, numbers: Rows) -> Bytes:
        """The thumbnails of some."""
        step = max(_BYTES // math.prod(self.shape), 1)
        blocks = [numbers[start : start + step] for start in range(0, len(numbers), step)]
        none = np.zeros((0, *thumbnail_shape(self.shape)), np.uint8)
        return np.concatenate([none, *(thumbnails(self.read(block)) for block in blocks)])

    def blocks(self) -> Iterator[tuple[Rows, Bytes]]:
        """All of them, some at a time: numbers and thumbnails."""
        for start in range(0, len(self.turns), _BLOCK):
            numbers = self.turns[start : start + _BLOCK]
            yield numbers, self.small(numbers)


@dataclass(frozen=True, eq=False)
class _Index:
    """rows: int64, the pictures that show something, rising; place: of each picture among them, or -1."""

    rows: Rows
    place: Rows
    components: Components
    keys: Keys


def find_in_passes(pictures: Pictures) -> DetailCopies:
    """Copies that agree in gray levels, each pair of pictures once."""
    pairs = _likely(pictures)
    blocks = [_verified(pictures, pairs.chosen(some)) for some in _in_blocks(pairs, pictures)]
    none = np.zeros(0, np.int64)
    return DetailCopies(
        np.concatenate([none, *(block.first for block in blocks)]),
        np.concatenate([none, *(block.second for block in blocks)]),
        np.concatenate([np.zeros(0), *(block.score for block in blocks)]),
        tuple(change for block in blocks for change in block.changes),
    )


def _likely(pictures: Pictures) -> Candidates:
    """What `find_candidates` looks for, by sorted keys."""
    index = _indexed(pictures)
    if index is None:
        return no_candidates()
    asked = queries((len(pictures.turns), *thumbnail_shape(pictures.shape)))
    found = in_order(lambda block: _partners(index, asked, *block), pictures.blocks())
    return _joined(found)


def _joined(parts: Iterable[Candidates]) -> Candidates:
    fields = [[getattr(part, name) for name in Candidates.__dataclass_fields__] for part in parts]
    return Candidates(*(np.concatenate(values) for values in zip(*fields, strict=True)))


def _indexed(pictures: Pictures) -> _Index | None:
    """The pictures that show something, sorted by keys; None where there are fewer than two."""
    count, described = len(pictures.turns), None
    shows = np.zeros(count, bool)
    plain = queries((count, *thumbnail_shape(pictures.shape)))[0]
    for numbers, shown, block in in_order(lambda block: _described(plain, *block), pictures.blocks()):
        if described is None:
            described = np.empty((count, block.shape[1]), np.float32)
        described[numbers], shows[numbers] = block, shown
    rows = np.flatnonzero(shows)
    if described is None or len(rows) < 2:
        return None
    components = fit_components(described[rows[spread_rows(len(rows), SAMPLE)]], COMPONENTS)
    points = np.empty((len(rows), components.axes.shape[1]), np.float32)
    for start in range(0, len(rows), _BLOCK):
        points[start : start + _BLOCK] = components.project(described[rows[start : start + _BLOCK]])
    del described
    place = np.full(count, -1, np.int64)
    place[rows] = np.arange(len(rows))
    return _Index(rows, place, components, build_keys(points, _TABLES))


def _described(question: Query, numbers: Rows, small: Bytes) -> tuple[Rows, NDArray[np.bool_], Float32s]:
    return numbers, ~flat(small), describe_window(small, question)


def _partners(index: _Index, asked: list[Query], numbers: Rows, small: Bytes) -> Candidates:
    """The nearest partners of some pictures."""
    asking = index.place[numbers]
    small, asking = small[asking >= 0], asking[asking >= 0]
    answers = []
    for place, question in enumerate(asked):
        described = index.components.project(describe_window(small, question))
        tables = (_TABLES, _ASKED_WITH_GAIN)[place] if place < 2 else _ASKED_MOVED
        # A cell that is visited gives so many; the picture itself is among the answers to the first question.
        count = question.visits * question.count
        answers.append(search_keys(index.keys, described, tables, _REACH, count))
    return best_partners(answers, asked, asking, index.rows)


def _in_blocks(pairs: Candidates, pictures: Pictures) -> Iterator[Rows]:
    """The pairs some at a time, in an order that reads pictures by turns; a pair is in one block with itself
    the other way round."""
    turn = np.empty(len(pictures.turns), np.int64)
    turn[pictures.turns] = np.arange(len(turn))
    one, other = turn[pairs.first], turn[pairs.second]
    low, high = np.minimum(one, other), np.maximum(one, other)
    # Of two ways round that explain a pair equally well, the first one is told: as where all is in memory.
    order = np.lexsort((pairs.first, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    starts = np.flatnonzero(new)
    step = max(min(_BYTES // (2 * math.prod(thumbnail_shape(pictures.shape))), _PAIRS), 1)
    bounds = [*starts[::step].tolist(), len(order)] if len(starts) else []
    for start, stop in pairwise(bounds):
        yield order[start:stop]


def _verified(pictures: Pictures, pairs: Candidates) -> DetailCopies:
    """Those pairs that are copies."""
    numbers = distinct(np.concatenate([pairs.first, pairs.second]))
    first, second = (np.searchsorted(numbers, side) for side in (pairs.first, pairs.second))
    local = Candidates(first, second, pairs.down, pairs.right, pairs.distance)
    whole = None if pictures.resized else lambda rows: pictures.read(numbers[rows])
    found = copies_by_gray(
        pictures.small(numbers), local, whole, thumbnail_shape(pictures.shape) == pictures.shape
    )
    return DetailCopies(numbers[found.first], numbers[found.second], found.score, found.changes)
