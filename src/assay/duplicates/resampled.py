"""Pictures that were made smaller and brought back to size: the same is done to the other picture of a pair,
and the two are compared in gray levels.

Blurred edges differ from sharp ones by as much as another letter does. Made from its source in the right way,
a copy leaves rounding, and no other picture comes near.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of
from assay.duplicates.alignment import LEAST_GAIN, MOST_GAIN
from assay.duplicates.candidates import Candidates
from assay.duplicates.resampling import Filter, resampling
from assay.features.hand_made import pooled

#: How much smaller the side was made; both whole numbers of pixels next to it are tried.
FACTORS: Final = (1 / 2, 3 / 5, 2 / 3, 7 / 10, 3 / 4, 4 / 5)

#: Filters down and up, as in common libraries: bilinear, area and bilinear, bilinear without smoothing,
#: bicubic, Lanczos.
_FILTERS: Final[tuple[tuple[Filter, Filter], ...]] = (
    ("triangle", "triangle"),
    ("area", "triangle"),
    ("linear", "linear"),
    ("cubic", "cubic"),
    ("lanczos", "lanczos"),
)

#: What may remain, root mean square: gray levels (rounding twice leaves .4), or this share of the deviation
#: of the copy's values, whichever is more; and never more than the second share. On the tuning sets of
#: benchmarks/truth_sets.py copies leave .02 in 19 of 20, and pictures that are none .07 and more.
LEFT: Final = 0.6
SHARE_LEFT: Final = 0.03
_MOST_SHARE: Final = 0.1

#: Pairs are compared in cells first, so many each way, then with one of the two made two thirds as large:
#: what leaves more than these shares of the deviation is no copy.
_CELLS: Final = 7
_LEFT_IN_CELLS: Final = 0.11
_LEFT_AT_TWO_THIRDS: Final = 0.23

#: Values of pictures that are compared at once.
_VALUES: Final = 1 << 20


def made_smaller(small: Bytes, pairs: Candidates) -> tuple[Rows, Float32s]:
    """The pairs of which one picture was made smaller and brought back: positions, each pair of rows once.

    With them what remains, as a share of what may: float32, from 0 to 1. small: uint8 `(n, h, w, c)`.
    """
    sides = np.sort(np.stack([pairs.first, pairs.second]), axis=0)
    _, once = np.unique(sides, axis=1, return_index=True)
    once = once[_alike_in_cells(small, pairs.first[once], pairs.second[once])]
    left = np.full(len(once), np.inf, np.float32)
    for block in _blocks(len(once), math.prod(small.shape[1:])):
        one, other = small[pairs.first[once[block]]], small[pairs.second[once[block]]]
        softer = (_roughness(one) < _roughness(other))[:, None, None, None]
        left[block] = _left(np.where(softer, other, one), np.where(softer, one, other))
    kept = left <= 1
    return once[kept], left[kept]


def _alike_in_cells(small: Bytes, first: Rows, second: Rows) -> NDArray[np.bool_]:
    """Whether pairs show about the same, coarsely: bool `(pairs,)`."""
    blocks = _blocks(len(small), math.prod(small.shape[1:]))
    parts = [pooled(gray_of(small[block]), _CELLS) for block in blocks]
    cells = np.concatenate([np.zeros((0, _CELLS**2), np.float32), *parts])
    shares = [_share(cells[first[some]], cells[second[some]]) for some in _blocks(len(first), _CELLS**2)]
    return np.concatenate([np.zeros(0, np.float32), *shares]) < _LEFT_IN_CELLS


def _roughness(pictures: Bytes) -> Float32s:
    """Power of the steps between neighbors over that of the picture: `(n,)`. A copy made smaller has less."""
    gray = gray_of(pictures)
    steps = [_flat(gray[:, 1:] - gray[:, :-1]), _flat(gray[:, :, 1:] - gray[:, :, :-1])]
    power = sum(np.einsum("ij,ij->i", each, each) for each in steps)
    rough: Float32s = power / np.maximum(_flat(gray).var(axis=1), 1e-3)
    return rough


def _left(source: Bytes, copy: Bytes) -> Float32s:
    """What remains of the copies made from their sources in the way that explains each best, as a share of
    what may: `(n,)` of uint8 `(n, h, w, c)`."""
    left = np.full(len(source), np.inf, np.float32)
    likely = np.flatnonzero(
        _share(_flat(_two_thirds(gray_of(source))), _flat(gray_of(copy))) < _LEFT_AT_TWO_THIRDS
    )
    if not len(likely):
        return left
    target = _flat(copy[likely].astype(np.float32))
    deviation = np.maximum(target.std(axis=1), 1e-3)
    least = np.full(len(likely), np.inf, np.float32)
    for made in _ways(source[likely]):
        least = np.minimum(least, _share(_flat(made), target))
    left[likely] = np.maximum(
        least * deviation / np.maximum(LEFT, SHARE_LEFT * deviation), least / _MOST_SHARE
    )
    return left


def _ways(pictures: Bytes) -> Iterator[Float32s]:
    """Pictures uint8 `(n, h, w, c)`, made smaller and brought back in every way: float32, the same shape."""
    planes = pictures.transpose(0, 3, 1, 2).astype(np.float32)
    height, width = planes.shape[2], planes.shape[3]
    sizes = {
        (around(height * factor), around(width * factor))
        for factor in FACTORS
        for around in (math.floor, math.ceil)
    }
    for size in sorted(sizes):
        if min(size) < 1 or size == (height, width):
            continue
        for down, up in _FILTERS:
            reduced = np.rint(np.clip(_resampled(planes, size, down), 0, 255))
            yield np.clip(_resampled(reduced, (height, width), up), 0, 255).transpose(0, 2, 3, 1)


def _two_thirds(gray: Float32s) -> Float32s:
    height, width = gray.shape[1], gray.shape[2]
    smaller = _resampled(gray, (max(height * 2 // 3, 1), max(width * 2 // 3, 1)), "triangle")
    return _resampled(smaller, (height, width), "triangle")


def _resampled(planes: Float32s, size: tuple[int, int], kind: Filter) -> Float32s:
    height, width = planes.shape[-2:]
    made = resampling(height, size[0], kind) @ planes @ resampling(width, size[1], kind).T
    return made.astype(np.float32, copy=False)


def _share(source: Float32s, target: Float32s) -> Float32s:
    """What gain and offset leave of `target`, as a share of its deviation; infinite beyond the gains looked
    for: `(n,)` of `(n, values)`."""
    a, b = (values - values.mean(axis=1, keepdims=True) for values in (source, target))
    power, wanted = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    gain = np.einsum("ij,ij->i", a, b) / np.maximum(power, 1e-3)
    b -= gain[:, None] * a
    share = np.sqrt(np.einsum("ij,ij->i", b, b) / np.maximum(wanted, 1e-3))
    return np.where((gain > LEAST_GAIN) & (gain < MOST_GAIN), share, np.float32(np.inf)).astype(np.float32)


def _flat(pictures: Float32s) -> Float32s:
    return pictures.reshape(len(pictures), math.prod(pictures.shape[1:]))


def _blocks(count: int, values: int) -> list[slice]:
    step = max(_VALUES // values, 1)
    return [slice(start, start + step) for start in range(0, count, step)]
