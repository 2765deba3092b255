"""What pairs that agree in gray levels rest on: on more than a straight edge, and on one grain."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, gray_of
from assay.duplicates.alignment import Alignment, made_from, opposite
from assay.duplicates.by_detail.compared import SPREAD
from assay.duplicates.by_detail.detail import CELLS, SIDE, compare_detail
from assay.duplicates.by_detail.registration import soft
from assay.duplicates.candidates import Candidates, averaged_down
from assay.duplicates.jpeg import saved_as_jpeg

#: A straight edge or a corner fits many pictures once it may be moved, mirrored or lit otherwise (a gain by
#: more than this). Where no more is shared, only rounding may remain, in gray levels.
_LIT: Final = 0.1
_ROUNDING: Final = 0.6

#: Grain is looked at in the plainer half of a pair: second differences down and across, which planes and
#: straight edges leave alone (Immerkaer, "Fast noise variance estimation", 1996).
_PLAIN: Final = 0.4

#: Noise leaves as much at edges as elsewhere, where another edge leaves so many times more there, and this
#: share of its power or more in second differences, where other light leaves next to nothing.
_EVEN: Final = 1.2
_ROUGH: Final = 0.5

#: Of white noise neighboring second differences are correlated: one independent value in so many.
_ONE_IN: Final = 3.78

#: Grain of at least so many gray levels is shared where its correlation is so many standard errors over 0.
_LEAST_SHARED: Final = 0.7
_SURE: Final = 2.6

#: Of a copy with noise over it, the correlation is the smaller deviation over the larger. Where both have
#: so much grain, white in both, and share less than this part of that, they are two pictures of one thing.
_LEAST_FOREIGN: Final = 1.5
_PART: Final = 0.5

#: White grain has slopes of so much power beside that of its second differences; texture has more.
_WHITE: Final = 0.2

#: Pairs at a time.
_BLOCK: Final = 128


class Grain(NamedTuple):
    """Of pairs, bool `(pairs,)` each: whether their grain is the same, or surely not.

    noise: whether what remains between them is noise that one of them does not have.
    """

    shared: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    noise: NDArray[np.bool_]


def well_founded(small: Bytes, pairs: Candidates, alignment: Alignment) -> NDArray[np.bool_]:
    """Which of some pairs that agree in gray levels are copies by more than chance: bool `(pairs,)`.

    small: uint8 `(n, h, w, c)`, thumbnails; alignment: of these pairs. A pair that had to be moved, mirrored
    or lit otherwise shows more than a straight edge, or leaves rounding or noise alone, or has one grain. And
    of no pair does each picture have a grain of its own, as two photographs of one thing do.
    """
    grain = compare_grain(small, pairs, alignment)
    changed = (pairs.down != 0) | (pairs.right != 0) | alignment.mirrored
    changed |= np.abs(alignment.gain - 1) > _LIT
    doubtful = np.flatnonzero(changed & (alignment.residual > _ROUNDING) & ~grain.shared & ~grain.noise)
    founded = ~grain.foreign
    founded[doubtful] &= _more_than_an_edge(small, pairs.chosen(doubtful), alignment.mirrored[doubtful])
    return founded


def _more_than_an_edge(small: Bytes, pairs: Candidates, mirrored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if min(small.shape[1:3]) < 2 * CELLS:
        return np.ones(len(pairs), bool)
    parts = [np.zeros(0, np.int64)]
    for start in range(0, len(pairs), _BLOCK):
        block = slice(start, start + _BLOCK)
        a, b = (gray_of(averaged_down(small[rows[block]], SIDE)) for rows in (pairs.first, pairs.second))
        a[mirrored[block]] = a[mirrored[block], :, ::-1]
        each = np.arange(len(a))
        parts.append(compare_detail(a, b, (each, each)).spread)
    return np.concatenate(parts) >= SPREAD


def compare_grain(small: Bytes, pairs: Candidates, alignment: Alignment) -> Grain:
    """Whether pairs, lined up as `alignment` says, have one grain."""
    parts = [Grain(*np.zeros((3, 0), bool))]
    for start in range(0, len(pairs), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(pairs)))
        first, second = map(gray_of, opposite(small, pairs.chosen(rows), alignment.mirrored[rows]))
        found = _grain_of(first, second, alignment.gain[rows])
        compressed = saved_as_jpeg(small[pairs.first[rows]]) | saved_as_jpeg(small[pairs.second[rows]])
        parts.append(found._replace(foreign=found.foreign & ~compressed))
    return Grain(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _grain_of(first: Float32s, second: Float32s, gain: Float32s) -> Grain:
    """Of gray windows `(pairs, h, w)`; gain: of the second over the first."""
    if min(first.shape[1:]) < 5:
        return Grain(*np.zeros((3, len(first)), bool))
    remaining = _remaining(first, second)
    first = first * gain[:, None, None]
    slopes = [_slopes(soft(picture)) for picture in (first, second)]
    steepest = np.maximum(*slopes).reshape(len(first), -1)
    plain = steepest <= np.quantile(steepest, _PLAIN, axis=1, keepdims=True)
    a, b = (_second_differences(picture).reshape(plain.shape) for picture in (first, second))
    power_a, power_b, common = (_mean(one * other, plain) for one, other in ((a, a), (b, b), (a, b)))
    white = np.ones(len(first), bool)
    for slope, power in zip(slopes, (power_a, power_b), strict=True):
        white &= _mean(np.square(slope).reshape(plain.shape), plain) < _WHITE * power
    least, most = np.sqrt(np.minimum(power_a, power_b)), np.sqrt(np.maximum(power_a, power_b))
    correlation = common / np.maximum(least * most, 1e-6)
    error = np.sqrt(_ONE_IN / np.count_nonzero(plain, axis=1))
    apart = correlation + error < _PART * least / np.maximum(most, 1e-6)
    return Grain(
        (least >= _LEAST_SHARED) & (correlation > _SURE * error),
        white & (least >= _LEAST_FOREIGN) & apart,
        _is_noise(remaining, plain) & ~((least >= _LEAST_SHARED) & apart),
    )


def _remaining(first: Float32s, second: Float32s) -> Float32s:
    """What remains of the one made from the other, whichever way leaves less: `(pairs, h, w)`."""
    a, b = (picture.reshape(len(picture), -1) for picture in (first, second))
    forward, backward = (made_from(one, other)[0] - other for one, other in ((a, b), (b, a)))
    better = np.square(forward).sum(axis=1, keepdims=True) <= np.square(backward).sum(axis=1, keepdims=True)
    left: Float32s = np.where(better, forward, backward).reshape(first.shape)
    return left


def _is_noise(remaining: Float32s, plain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether what remains is as strong at edges as in the plain part, and as rough as noise: `(pairs,)`."""
    power = np.square(remaining[:, 1:-1, 1:-1]).reshape(plain.shape)
    rough = np.square(_second_differences(remaining)).reshape(plain.shape)
    even = _mean(power, ~plain) <= _EVEN**2 * _mean(power, plain)
    noise: NDArray[np.bool_] = even & (rough.mean(axis=1) >= _ROUGH * power.mean(axis=1))
    return noise


def _mean(values: Float32s, where: NDArray[np.bool_]) -> Float32s:
    """Means of `(pairs, pixels)` over some pixels of each: `(pairs,)`."""
    means: Float32s = (values * where).sum(axis=1) / np.maximum(np.count_nonzero(where, axis=1), 1)
    return means


def _slopes(pictures: Float32s) -> Float32s:
    """Steepness at each inner pixel: `(n, h - 2, w - 2)`."""
    down = (pictures[:, 2:, 1:-1] - pictures[:, :-2, 1:-1]) / 2
    across = (pictures[:, 1:-1, 2:] - pictures[:, 1:-1, :-2]) / 2
    steep: Float32s = np.hypot(down, across)
    return steep


def _second_differences(pictures: Float32s) -> Float32s:
    """Second differences down of those across, of the deviation of white noise: `(n, h - 2, w - 2)`."""
    across = pictures[:, :, :-2] - 2 * pictures[:, :, 1:-1] + pictures[:, :, 2:]
    down = across[:, :-2] - 2 * across[:, 1:-1] + across[:, 2:]
    found: Float32s = (down / 6).astype(np.float32, copy=False)
    return found
