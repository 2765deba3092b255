"""Detail that two pictures share, place by place, once they are lined up: copies share it, and pictures
that share tone alone (plain surfaces, sky) do not."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows
from assay.duplicates.candidates import averaged_down
from assay.duplicates.registration import Registered, register, soft
from assay.features.hand_made import gray_of

#: Pixels a side that detail is compared at, at most.
_SIDE: Final = 64

#: The picture is cut into so many cells each way; one counts where it shows something (variance of local
#: contrast) in one picture or the other, and where this share of it is seen in both.
_CELLS: Final = 5
_SHOWS: Final = 0.05
_SEEN: Final = 0.4

#: Pairs that agree in gray levels share no detail below this correlation, or in fewer cells.
SAME_DETAIL: Final = 0.3
_SAME_CELLS: Final = 0.1

_BLOCK: Final = 128


def share_detail(small: Bytes, first: Rows, second: Rows, mirrored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether pairs that agree in gray levels show the same detail, not the same tone alone: `(pairs,)`."""
    if min(small.shape[1:3]) < 2 * _CELLS:
        return np.ones(len(first), bool)
    kept = np.ones(len(first), bool)
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = (gray_of(averaged_down(small[rows[block]], _SIDE)) for rows in (first, second))
        a[mirrored[block]] = a[mirrored[block], :, ::-1]
        middle, cells = _agree(register(a, b))
        kept[block] = (cells >= _SAME_CELLS) & (middle >= SAME_DETAIL)
    return kept


def _agree(pair: Registered) -> tuple[Float32s, Float32s]:
    """The median of the cells' correlations, and the share of cells that show something: `(pairs,)` each."""
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
    middle = np.where(number > 0, ordered[each, np.maximum(number - 1, 0) // 2], 0).astype(np.float32)
    return middle, (number / _CELLS**2).astype(np.float32)


def _cell_sums(values: NDArray[np.generic]) -> Float32s:
    """Sums over the cells of `(n, h, w)`: `(n, cells)`."""
    _, height, width = values.shape
    down, across = ((np.arange(_CELLS) * size) // _CELLS for size in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float32), down, axis=1), across, axis=2)
    flat_sums: Float32s = sums.reshape(len(values), _CELLS**2)
    return flat_sums
