"""Copies as people make them: cropped, turned a little, framed, written on, resized, tinted. A copy shares
detail in place after place, once both pictures are lined up; other pictures share tone, or one edge."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows
from assay.core.thread_pool import all_cores
from assay.duplicates.candidates import averaged_down, flat
from assay.duplicates.registration import Registered, register, soft
from assay.estimators.nearest_neighbors import build_cells, search_cells
from assay.estimators.projections import fit_components, spread_rows
from assay.features.hand_made import describe_block, gray_of

#: Pixels a side that detail is compared at, at most.
_SIDE: Final = 64

#: Partners by features, and by those of the inner part: a frame of 6 % leaves 88 % of the picture.
_PARTNERS: Final = 8
_INNER: Final = 0.88
_INNER_PARTNERS: Final = 2
_COMPONENTS: Final = 40

#: A candidate lies nearer than this share of the way to the 8th partner.
NEARER: Final = 0.85

#: The picture is cut into so many cells each way; one counts where it shows something (variance of local
#: contrast) in one picture or the other, and where this share of it is seen in both.
_CELLS: Final = 5
_SHOWS: Final = 0.05
_SEEN: Final = 0.4

#: What a pair of copies has: detail in this share of the cells; in half of these, correlation of at least
#: MIDDLE, in 70 % of them of at least MOST. And what is missing to 1 is at most RATIO of what is missing
#: between the picture and others that look most like it.
FEWEST_CELLS: Final = 0.15
MIDDLE: Final = 0.7
MOST: Final = 0.35
RATIO: Final = 0.2

#: Detail of copies runs in more than one direction: a straight edge alone fits many other pictures.
CROSSING: Final = 0.05

#: What is missing between a picture and its farther partners: less where pictures are plain, soft, or drawn
#: alike (letters, clothes); there, agreement proves nothing, and where half of a set is so, none is looked for.
LOOKALIKE: Final = 0.5
_SAMPLE: Final = 200

#: Pairs that agree in gray levels share no detail below this correlation, or in fewer cells.
SAME_DETAIL: Final = 0.3
_SAME_CELLS: Final = 0.1

#: Others like it that a pair is compared with, and the least that counts as missing.
_LOOKALIKES: Final = 3
_LEAST: Final = 0.004

_BLOCK: Final = 128


@dataclass(frozen=True, eq=False)
class Agreement:
    """How pairs agree once lined up, `(pairs,)` each: the median and the 30th percentile of the cells'
    correlations, the share of cells that show something, how far detail runs in more than one direction, and
    the movement `(pairs, 2, 3)`."""

    middle: Float32s
    most: Float32s
    cells: Float32s
    crossing: Float32s
    movement: Float32s

    @property
    def missing(self) -> Float32s:
        """What is missing to full agreement, from 0 to 2."""
        return np.maximum(1 - (self.middle + self.most) / 2, np.float32(_LEAST))


@dataclass(frozen=True, eq=False)
class DetailCopies:
    """Pairs of pictures that share their detail, each once. score: in [0.5, 1].

    lookalikes: the pictures of the set are too much alike for it to be looked for.
    """

    first: Rows
    second: Rows
    score: NDArray[np.float64]
    changes: tuple[str, ...]
    lookalikes: bool = False


def none_found() -> DetailCopies:
    """No pairs."""
    none = np.zeros(0, np.int64)
    return DetailCopies(none, none, np.zeros(0), ())


def find_detail_copies(small: Bytes) -> DetailCopies:
    """Copies among thumbnails uint8 `(n, h, w, c)`, none of them equal."""
    rows = np.flatnonzero(~flat(small))
    if len(rows) <= _LOOKALIKES or min(small.shape[1:3]) < 2 * _CELLS:
        return none_found()
    small = averaged_down(small[rows], _SIDE)
    partners, distances, inner, inner_distances = _partners(small)
    gray = gray_of(small)
    sample = spread_rows(len(small), _SAMPLE)
    if np.median(_usual(gray, sample, partners)) < LOOKALIKE:
        return replace(none_found(), lookalikes=True)
    asked, other, by_inner = _likely(partners, distances, inner, inner_distances)
    found = agreement(gray, other, asked, by_inner)
    passed = np.flatnonzero(
        (found.cells >= FEWEST_CELLS)
        & (found.middle >= MIDDLE)
        & (found.most >= MOST)
        & (found.crossing >= CROSSING)
    )
    # The one of the two that has no frame, or is less plain, tells more of what is usual.
    usual = np.maximum(*(_usual(gray, side[passed], partners) for side in (asked, other)))
    left = found.missing[passed] / np.where(usual >= LOOKALIKE, RATIO * usual, np.float32(1e-9))
    kept = passed[left <= 1]
    chosen = _each_once(asked[kept], other[kept], left[left <= 1])
    kept, left = kept[chosen], left[left <= 1][chosen]
    return DetailCopies(
        rows[other[kept]],
        rows[asked[kept]],
        1 - left.astype(np.float64) / 2,
        tuple(_told(found, int(i), bool(by_inner[i])) for i in kept),
    )


def agreement(gray: Float32s, first: Rows, second: Rows, inner: NDArray[np.bool_]) -> Agreement:
    """Line up pairs of gray pictures `(n, h, w)` and compare them cell by cell.

    inner: bool `(pairs,)`: of the second, only the inner part is looked at, as large as the first.
    """

    def part(block: slice) -> tuple[Float32s, ...]:
        shown = gray[second[block]]
        inside = np.flatnonzero(inner[block])
        shown[inside] = _enlarged(shown[inside])
        return _agree(register(gray[first[block]], shown))

    with all_cores() as pool:
        parts = list(pool.map(part, [slice(i, i + _BLOCK) for i in range(0, max(len(first), 1), _BLOCK)]))
    return Agreement(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _agree(pair: Registered) -> tuple[Float32s, Float32s, Float32s, Float32s, Float32s]:
    inside = pair.inside
    a, b = soft(pair.moved) * inside, soft(pair.second) * inside
    count = np.maximum(_cell_sums(inside), 1)
    mean_a, mean_b = _cell_sums(a) / count, _cell_sums(b) / count
    shown_a, shown_b = _cell_sums(a * a) / count - mean_a**2, _cell_sums(b * b) / count - mean_b**2
    common = _cell_sums(a * b) / count - mean_a * mean_b
    whole = math.prod(a.shape[1:]) / _CELLS**2
    shows = (count > _SEEN * whole) & (np.maximum(shown_a, shown_b) > _SHOWS)
    correlation = common / np.maximum(np.sqrt(np.maximum(shown_a * shown_b, 0)), _SHOWS / 2)
    ordered = np.sort(np.where(shows, correlation, np.inf), axis=1)
    number = shows.sum(axis=1)
    each = np.arange(len(a))
    middle, most = (
        np.where(number > 0, ordered[each, (share * np.maximum(number - 1, 0)).astype(int)], 0)
        for share in (0.5, 0.3)
    )
    return middle, most, (number / _CELLS**2).astype(np.float32), _crossing(a, b, inside), pair.movement


def _crossing(a: Float32s, b: Float32s, inside: NDArray[np.bool_]) -> Float32s:
    """How far detail runs in more than one direction, 0 (one straight edge) to 1: of the slopes that both
    pictures have, the power along the weaker direction over that along the stronger (structure tensor)."""
    down_a, across_a = np.gradient(a, axis=(1, 2))
    down_b, across_b = np.gradient(b, axis=(1, 2))
    yy, xx = ((u * v * inside).sum(axis=(1, 2)) for u, v in ((down_a, down_b), (across_a, across_b)))
    xy = ((down_a * across_b + down_b * across_a) * inside).sum(axis=(1, 2)) / 2
    middle, reach = (yy + xx) / 2, np.sqrt(np.square((yy - xx) / 2) + np.square(xy))
    share: Float32s = np.maximum(middle - reach, 0) / np.maximum(middle + reach, 1e-6)
    return share


def _cell_sums(values: NDArray[np.generic]) -> Float32s:
    """Sums over the cells of `(n, h, w)`: `(n, cells)`."""
    _, height, width = values.shape
    down, across = ((np.arange(_CELLS) * size) // _CELLS for size in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float32), down, axis=1), across, axis=2)
    flat_sums: Float32s = sums.reshape(len(values), _CELLS**2)
    return flat_sums


def _partners(small: Bytes) -> tuple[Rows, Float32s, Rows, Float32s]:
    """The nearest others by features, `(n, 8)`, nearest first, and by the features of the inner part."""
    described = _described(small)
    components = fit_components(described[spread_rows(len(small), 10_000)], _COMPONENTS)
    points = components.project(described)
    cells = build_cells(points)
    with all_cores() as pool:
        plain = pool.submit(search_cells, cells, points, 4, _PARTNERS + 1)
        inside = components.project(_described(_inner(small)))
        inner = pool.submit(search_cells, cells, inside, 2, _INNER_PARTNERS + 1)
        partners = _nearest_others(*plain.result(), _PARTNERS)
        return *partners, *_nearest_others(*inner.result(), _INNER_PARTNERS)


def _described(small: Bytes) -> Float32s:
    with all_cores() as pool:
        starts = range(0, max(len(small), 1), 512)
        return np.concatenate(list(pool.map(lambda i: describe_block(small[i : i + 512]), starts)))


def _inner(small: Bytes) -> Bytes:
    """The inner part of each picture; features are pooled, so that its size does not matter."""
    down, across = (_frame(side) for side in small.shape[1:3])
    return np.ascontiguousarray(small[:, down:-down, across:-across])


def _frame(side: int) -> int:
    """Pixels that the inner part leaves out on each side."""
    return max(round(side * (1 - _INNER) / 2), 1)


def _enlarged(gray: Float32s) -> Float32s:
    """The inner part of pictures `(n, h, w)` at the size of the whole, between pixels by straight lines."""
    down, across = (_between(side) for side in gray.shape[1:3])
    large: Float32s = (down @ gray) @ across.T
    return large


def _between(side: int) -> Float32s:
    """float32 `(side, side)`: weights that enlarge the inner part of a line."""
    frame = _frame(side)
    length = side - 2 * frame
    place = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1) + frame
    weights: Float32s = np.maximum(1 - np.abs(place[:, None] - np.arange(side)), 0).astype(np.float32)
    return weights


def _nearest_others(squares: Float32s, rows: Rows, count: int) -> tuple[Rows, Float32s]:
    """Of each row's answers the nearest `count` that are not itself, and their distances."""
    own = rows == np.arange(len(rows))[:, None]
    squares = np.where(own, np.inf, squares)
    order = np.argsort(squares, axis=1, kind="stable")[:, :count]
    near = np.take_along_axis(squares, order, axis=1)
    return np.take_along_axis(rows, order, axis=1), np.sqrt(near)


def _likely(
    partners: Rows, distances: Float32s, inner: Rows, inner_distances: Float32s
) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """Pairs far nearer than the usual: who asked, the other, and whether by the inner part alone."""
    far = np.where(np.isfinite(distances), distances, 0).max(axis=1, keepdims=True)
    near = (distances < NEARER * far) & (partners >= 0)
    close = (inner_distances < NEARER * far) & (inner >= 0)
    asked, column = np.nonzero(near)
    inner_asked, inner_column = np.nonzero(close)
    other = partners[asked, column]
    twice = (asked > other) & (partners[other] == asked[:, None]).any(axis=1)
    asked, other = asked[~twice], other[~twice]
    return (
        np.concatenate([asked, inner_asked]),
        np.concatenate([other, inner[inner_asked, inner_column]]),
        np.arange(len(asked) + len(inner_asked)) >= len(asked),
    )


def _usual(gray: Float32s, rows: Rows, partners: Rows) -> Float32s:
    """What is missing between a picture and its farther partners, the median of a few: `(rows,)`."""
    farther = partners[rows][:, -_LOOKALIKES:]
    count = farther.shape[1]
    none = np.zeros(len(rows) * count, bool)
    found = agreement(gray, np.maximum(farther, 0).ravel(), np.repeat(rows, count), none)
    missing = np.where(farther >= 0, found.missing.reshape(len(rows), count), 1)
    median: Float32s = np.median(missing, axis=1).astype(np.float32)
    return median


def share_detail(small: Bytes, first: Rows, second: Rows, mirrored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether pairs that agree in gray levels show the same detail, not the same tone alone: `(pairs,)`."""
    if min(small.shape[1:3]) < 2 * _CELLS:
        return np.ones(len(first), bool)
    kept = np.ones(len(first), bool)
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = (gray_of(averaged_down(small[rows[block]], _SIDE)) for rows in (first, second))
        a[mirrored[block]] = a[mirrored[block], :, ::-1]
        middle, _, cells, _, _ = _agree(register(a, b))
        kept[block] = (cells >= _SAME_CELLS) & (middle >= SAME_DETAIL)
    return kept


def _each_once(first: Rows, second: Rows, left: Float32s) -> Rows:
    """Positions of the best explanation of each pair."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((left, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    chosen: Rows = order[new]
    return chosen


def _told(found: Agreement, pair: int, by_inner: bool) -> str:
    """In words what was undone."""
    (a, b, down), (c, d, right) = found.movement[pair].tolist()
    size, turn = math.sqrt(abs(a * d - b * c)), math.degrees(math.atan2(b - c, a + d))
    size *= 1 / _INNER if by_inner else 1
    words = []
    if abs(size - 1) > 0.02:
        words.append(f"resized by {max(size, 1 / size) - 1:.0%} (cropped or framed)")
    if abs(turn) > 0.7:
        words.append(f"turned by {abs(turn):.0f} degrees")
    if max(abs(down), abs(right)) > 0.03:
        words.append("moved")
    words.append(f"detail agrees by {found.middle[pair]:.0%} in most places")
    return ", ".join(words)
