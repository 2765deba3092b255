"""Detail that two pictures share, place by place, once they are lined up: copies share it, and pictures
that share tone alone (plain surfaces, sky) do not."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of
from assay.core.thread_pool import all_cores
from assay.duplicates.by_detail.registration import register, soft
from assay.duplicates.candidates import averaged_down

#: Pixels a side that detail is compared at, at most.
SIDE: Final = 64

#: The picture is cut into so many cells each way; one counts where it shows something (variance of local
#: contrast) in one picture or the other, and where this share of it is seen in both.
CELLS: Final = 5
_SHOWS: Final = 0.05
_SEEN: Final = 0.4

#: Pairs that agree in gray levels share no detail below this correlation, or in fewer cells.
SAME_DETAIL: Final = 0.3
_SAME_CELLS: Final = 0.1

#: A cell is rich where the power of its slopes, a pixel, is this much, and in the weaker of two directions
#: this share of that in the stronger: a curve, a corner or a texture, and no straight edge.
_SLOPES: Final = 0.002
_SAME_SLOPES: Final = 0.5
_CROSSING: Final = 0.1

#: Fewer cells that show something prove nothing.
_FEWEST_CELLS: Final = 4

#: Share of the cells that may disagree: a fifth (a corner, a logo), or half (a text across the picture).
DISAGREEING: Final = (0.2, 0.5)

_BLOCK: Final = 128


@dataclass(frozen=True, eq=False)
class Agreement:
    """How pairs agree once lined up.

    missing: float32 `(pairs, 2)`, from 0 to 2: what is missing to a correlation of 1, but for the share
    `DISAGREEING` of the cells; 1 where next to nothing is shown. spread: int64 `(pairs,)`, over how many
    cells detail that is no straight edge is shared, the first and the last counted; 0: none. movement:
    float32 `(pairs, 2, 3)`, as in `Registered`.
    """

    missing: Float32s
    spread: Rows
    movement: Float32s


def compare_detail(first: Float32s, second: Float32s, rows: tuple[Rows, Rows]) -> Agreement:
    """Line up gray pictures float32 `(n, h, w)`, values in 0-255, and compare them cell by cell.

    rows: which picture of `first` and of `second` make each pair, `(pairs,)` each. Of two pictures that
    differ in sharpness, the sharper one is made soft first.
    """
    pairs = len(rows[0])
    if not pairs:
        nothing = np.zeros((0, len(DISAGREEING)), np.float32)
        return Agreement(nothing, np.zeros(0, np.int64), np.zeros((0, 2, 3), np.float32))

    def part(block: slice) -> tuple[Float32s, Rows, Float32s]:
        of_first, place_first = np.unique(rows[0][block], return_inverse=True)
        of_second, place_second = np.unique(rows[1][block], return_inverse=True)
        pair = register(first[of_first], second[of_second], (place_first, place_second))
        a, b = soft(pair.moved), soft(pair.second)
        seen = _Seen.of(pair.inside)
        sharp_a, sharp_b = _within(a, seen), _within(b, seen)
        soft_a, soft_b = _within(soft(soft(a)), seen), _within(soft(soft(b)), seen)
        found = [
            _correlations(*two, seen) for two in ((sharp_a, sharp_b), (soft_a, sharp_b), (sharp_a, soft_b))
        ]
        missing = np.min([_missing(correlations) for correlations in found], axis=0)
        return missing, _spread(a, b, seen), pair.movement

    with all_cores() as pool:
        parts = list(pool.map(part, [slice(i, i + _BLOCK) for i in range(0, pairs, _BLOCK)]))
    return Agreement(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _missing(correlations: Float32s) -> Float32s:
    """What is missing to full agreement in the best cells but for each share of `DISAGREEING`."""
    ordered = np.sort(correlations, axis=1)  # cells that show nothing come last, as NaN
    number = np.count_nonzero(~np.isnan(correlations), axis=1)
    places = [(share * np.maximum(number - 1, 0)).astype(int) for share in DISAGREEING]
    each = np.arange(len(correlations))
    missing = np.stack([1 - ordered[each, place] for place in places], axis=1)
    missing[number < _FEWEST_CELLS] = 1
    return missing.astype(np.float32)


def share_detail(small: Bytes, first: Rows, second: Rows, mirrored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether pairs that agree in gray levels show the same detail, not the same tone alone: `(pairs,)`."""
    if min(small.shape[1:3]) < 2 * CELLS:
        return np.ones(len(first), bool)
    kept = np.ones(len(first), bool)
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = (gray_of(averaged_down(small[rows[block]], SIDE)) for rows in (first, second))
        a[mirrored[block]] = a[mirrored[block], :, ::-1]
        pair = register(a, b)
        correlations = np.sort(cell_correlations(soft(pair.moved), soft(pair.second), pair.inside), axis=1)
        number = np.count_nonzero(~np.isnan(correlations), axis=1)
        middle = correlations[np.arange(len(a)), np.maximum(number - 1, 0) // 2]
        kept[block] = (number >= _SAME_CELLS * CELLS**2) & (middle >= SAME_DETAIL)
    return kept


def cell_correlations(first: Float32s, second: Float32s, inside: NDArray[np.bool_]) -> Float32s:
    """Correlations of pictures of local contrast `(pairs, h, w)`, cell by cell: float32 `(pairs, cells)`.

    inside: where both have pixels. NaN for a cell that shows nothing.
    """
    seen = _Seen.of(inside)
    return _correlations(_within(first, seen), _within(second, seen), seen)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Where both pictures of a pair have pixels, `(pairs, h, w)`; how many in each cell, `(pairs, cells)`."""

    inside: NDArray[np.bool_]
    count: Float32s

    @classmethod
    def of(cls, inside: NDArray[np.bool_]) -> "_Seen":
        """Counted once, however often the pair is compared."""
        return cls(inside, np.maximum(_cell_sums(inside), 1))


@dataclass(frozen=True, eq=False)
class _Within:
    """Pictures where both have pixels, `(pairs, h, w)`, their mean and variance by cell, `(pairs, cells)`."""

    picture: Float32s
    mean: Float32s
    shown: Float32s


def _within(pictures: Float32s, seen: _Seen) -> _Within:
    picture = pictures * seen.inside
    mean = _cell_sums(picture) / seen.count
    return _Within(picture, mean, _cell_sums(picture * picture) / seen.count - mean**2)


def _correlations(a: _Within, b: _Within, seen: _Seen) -> Float32s:
    common = _cell_sums(a.picture * b.picture) / seen.count - a.mean * b.mean
    whole = math.prod(a.picture.shape[1:]) / CELLS**2
    shows = (seen.count > _SEEN * whole) & (np.maximum(a.shown, b.shown) > _SHOWS)
    correlation = common / np.maximum(np.sqrt(np.maximum(a.shown * b.shown, 0)), _SHOWS / 2)
    found: Float32s = np.where(shows, correlation, np.float32(np.nan)).astype(np.float32)
    return found


def _cell_sums(values: NDArray[np.generic]) -> Float32s:
    """Sums over the cells of `(n, h, w)`: `(n, cells)`."""
    _, height, width = values.shape
    down, across = ((np.arange(CELLS) * size) // CELLS for size in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float32), down, axis=1), across, axis=2)
    flat_sums: Float32s = sums.reshape(len(values), CELLS**2)
    return flat_sums


def _spread(a: Float32s, b: Float32s, seen: _Seen) -> Rows:
    """Down or across, whichever is more: from the first to the last cell in which both pictures have the same
    slopes, in more than one direction (by the structure tensor). A corner is seen in no more than two by two.
    """
    down_a, across_a = np.gradient(a, axis=(1, 2))
    down_b, across_b = np.gradient(b, axis=(1, 2))
    inside = seen.inside
    yy, xx = (_cell_sums(u * v * inside) for u, v in ((down_a, down_b), (across_a, across_b)))
    xy = _cell_sums((down_a * across_b + down_b * across_a) / 2 * inside)
    middle, reach = (yy + xx) / 2, np.sqrt(np.square((yy - xx) / 2) + np.square(xy))
    crossing = np.maximum(middle - reach, 0) / np.maximum(middle + reach, 1e-6)
    power_a, power_b = (
        _cell_sums((d * d + u * u) * inside) for d, u in ((down_a, across_a), (down_b, across_b))
    )
    same = yy + xx > _SAME_SLOPES * np.sqrt(power_a * power_b)  # grain of one's own has no part in it
    strong = same & (middle > _SLOPES * seen.count)
    rich = (strong & (crossing > _CROSSING)).reshape(-1, CELLS, CELLS)
    return np.maximum(_extent(rich.any(axis=2)), _extent(rich.any(axis=1)))


def _extent(there: NDArray[np.bool_]) -> Rows:
    """From the first to the last place that is True, both counted: `(n,)` of bool `(n, places)`."""
    places = there.shape[1]
    last = places - there[:, ::-1].argmax(axis=1)
    found: Rows = np.where(there.any(axis=1), last - there.argmax(axis=1), 0)
    return found
