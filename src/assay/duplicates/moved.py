"""Pictures that were cropped, turned a little or framed: one picture of a pair is moved, turned and resized
as the other was, and the two are compared in gray levels.

Lookalikes, such as a letter of two fonts, agree as well as copies do wherever blur and light are forgiven.
Made from its source by the movement that fits best, a copy leaves rounding, and a lookalike does not.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of
from assay.core.thread_pool import all_cores
from assay.duplicates.alignment import LEAST_GAIN, MOST_GAIN
from assay.duplicates.by_detail.registration import grid, warped
from assay.duplicates.candidates import averaged_down
from assay.duplicates.resampling import Filter, weights_at

#: What may remain, root mean square: gray levels (rounding leaves .3), or this share of the deviation of the
#: copy's values, whichever is more; and never more than the second share. On the tuning sets of
#: benchmarks/truth_sets.py copies leave .003 to .01 of it, and different pictures .014 and more.
LEFT: Final = 0.6
SHARE_LEFT: Final = 0.01
_MOST_SHARE: Final = 0.1

#: Rounds of Gauss and Newton with a shift, a turn and one size, at so many pixels a side at most; and the
#: share of the deviation that a pair may leave after them: of pictures made smaller for it, whose copies
#: leave up to .45 on the tuning sets, and of those compared as they are, whose copies leave .2.
_STAGES: Final = ((0, 0.6, 0.6), (2, 0.45, 0.3), (3, 0.3, 0.2))
_SIDE: Final = 32

#: Rounds at full size, two sizes and a slant besides.
_ROUNDS: Final = 6

#: The least of the copy that must be seen in its source, and how far a turned picture is from an upright one.
_SEEN: Final = 0.6
_UPRIGHT: Final = 0.01

_FILTERS: Final[tuple[Filter, ...]] = ("triangle", "cubic", "lanczos", "area")
_BLOCK: Final = 128


def moved_remainder(first: Bytes, second: Bytes, rows: tuple[Rows, Rows], movement: Float32s) -> Float32s:
    """What remains of each pair once one is moved as the other was, as a share of what may: `(pairs,)`.

    first, second: uint8 `(n, h, w, c)`. rows: which picture of each make the pairs. movement: `(pairs, 2, 3)`
    as in `Registered`, a first guess. Infinite where the pair is far from any fit.
    """

    def part(block: slice) -> Float32s:
        return _block_remainder(first[rows[0][block]], second[rows[1][block]], movement[block])

    with all_cores() as pool:
        parts = list(pool.map(part, [slice(i, i + _BLOCK) for i in range(0, len(movement), _BLOCK)]))
    return np.concatenate([np.zeros(0, np.float32), *parts])


def _block_remainder(first: Bytes, second: Bytes, movement: Float32s) -> Float32s:
    """Either may be the copy: what was made larger cannot be made again from what it became."""
    left = _from_source(first, second, movement)
    rest = np.flatnonzero(left > 1)
    left[rest] = np.minimum(left[rest], _from_source(second[rest], first[rest], _inverse(movement[rest])))
    return left


def _from_source(source: Bytes, copy: Bytes, movement: Float32s) -> Float32s:
    left = np.full(len(movement), np.inf, np.float32)
    small = max(source.shape[1:3]) <= _SIDE
    kept, a, b = np.arange(len(movement)), *(gray_of(averaged_down(side, _SIDE)) for side in (source, copy))
    for rounds, most, most_of_small in _STAGES:
        movement = _refined(a, b, movement, rounds, 4)
        near = _moved_share(a, b, movement) < (most_of_small if small else most)
        kept, a, b, movement = kept[near], a[near], b[near], movement[near]
    if len(kept):
        left[kept] = _one_way(source[kept], copy[kept], movement)
    return left


def _one_way(source: Bytes, copy: Bytes, movement: Float32s) -> Float32s:
    """What remains of copies made from their sources, as a share of what may."""
    movement = _refined(gray_of(source), gray_of(copy), movement, _ROUNDS, 6)
    planes = [np.ascontiguousarray(source[..., i], np.float32) for i in range(source.shape[3])]
    moved = [warped(plane, movement) for plane in planes]
    made = np.stack([part for part, _ in moved], axis=3)
    left = _left(made, copy.astype(np.float32), _within(moved[0][1]))
    upright = (np.abs(movement[:, 0, 1]) < _UPRIGHT) & (np.abs(movement[:, 1, 0]) < _UPRIGHT)
    for i in np.flatnonzero((left > 1) & upright):
        left[i] = min(left[i], _least(_boxed(source[i], movement[i]), copy[i].astype(np.float32)))
    return left


def _least(ways: Iterator[tuple[Float32s, NDArray[np.bool_]]], copy: Float32s) -> float:
    return min(
        (float(_left(made[None], copy[None], inside[None])[0]) for made, inside in ways), default=np.inf
    )


def _boxed(source: Bytes, movement: Float32s) -> Iterator[tuple[Float32s, NDArray[np.bool_]]]:
    """The source made larger or smaller by the filters of common libraries, in the place that the movement
    says, and with whole pixels left on each side of the copy, or cut off on each side of the source.

    With each where the copy shows it.
    """
    height, width = source.shape[:2]
    lines = [
        _line(float(movement[i, i]), float(movement[i, 2]), side) for i, side in ((0, height), (1, width))
    ]
    planes = source.transpose(2, 0, 1).astype(np.float32)
    for down, across in zip(
        *(_whole(*line, side) for line, side in zip(lines, (height, width), strict=True)), strict=True
    ):
        centers = [_centers(step, start, side) for (step, start), side in ((down, height), (across, width))]
        inside = np.outer(*((c > 0) & (c < side) for c, side in zip(centers, (height, width), strict=True)))
        for kind in _FILTERS:
            vertical = _weights(down[0], down[1], height, kind)
            horizontal = _weights(across[0], across[1], width, kind)
            made = np.clip(vertical @ planes @ horizontal.T, 0, 255)
            yield made.transpose(1, 2, 0).astype(np.float32, copy=False), inside


def _centers(step: float, start: float, side: int) -> NDArray[np.float64]:
    places: NDArray[np.float64] = step * (np.arange(side, dtype=np.float64) + 0.5) + start
    return places


@lru_cache(maxsize=256)  # 4 MB; of lines through whole pixels the same few come for pair after pair
def _weights(step: float, start: float, side: int, kind: Filter) -> Float32s:
    weights = weights_at(_centers(step, start, side), side, max(step, 1.0), kind)
    weights.setflags(write=False)
    return weights


def _line(size: float, shift: float, side: int) -> tuple[float, float]:
    """Of a movement along one side: pixels of the source to one of the copy, where the copy's edge lies."""
    return size, (1 - size + shift) * (side - 1) / 2 + 0.5 - 0.5 * size


def _whole(step: float, start: float, side: int) -> list[tuple[float, float]]:
    """A line as it is, with whole pixels around the source, and with whole pixels of the source cut off."""
    first, last = round(-start / step), round((side - start) / step)
    framed = side / max(last - first, 1)
    low, high = round(start), round(start + step * side)
    return [(step, start), (framed, -first * framed), (max(high - low, 1) / side, float(low))]


def _refined(first: Float32s, second: Float32s, movement: Float32s, rounds: int, free: int) -> Float32s:
    """The movement that brings `first` nearest to `second` in gray levels, gain and offset left out.

    float32 `(n, h, w)`. free: 4 for a shift, a turn and a size, 6 for any linear movement.
    """
    n, height, width = second.shape
    y, x = grid(height, width)
    wanted = second.reshape(n, height * width, 1)
    for _ in range(rounds):
        moved, inside = warped(first, movement)
        slope_y, slope_x = np.gradient(moved, axis=(1, 2))
        per_y = slope_y.reshape(n, height * width) * np.float32((height - 1) / 2)
        per_x = slope_x.reshape(n, height * width) * np.float32((width - 1) / 2)
        if free == 4:
            slopes = [per_y * y + per_x * x, per_x * y - per_y * x, per_y, per_x]
        else:
            slopes = [per_y * y, per_y * x, per_y, per_x * y, per_x * x, per_x]
        values = moved.reshape(n, height * width)
        terms = np.stack([*slopes, values, np.ones_like(values)], axis=1)
        seen = terms * inside.reshape(n, 1, height * width)
        power = (seen @ terms.transpose(0, 2, 1)).astype(np.float64)
        scale = np.trace(power, axis1=1, axis2=2)[:, None, None]
        power += np.eye(free + 2) * (1e-6 * scale + 1e-3)
        fitted = np.linalg.solve(power, (seen @ wanted).astype(np.float64))[..., 0]
        step = fitted[:, :free] / np.clip(fitted[:, free], LEAST_GAIN, MOST_GAIN)[:, None]
        if free == 4:
            larger, turned, down, right = step.T
            step = np.stack([larger, -turned, down, turned, larger, right], axis=1)
        step = step.reshape(n, 2, 3)
        small = np.abs(step).max(axis=(1, 2)) < 0.2
        movement = np.where(small[:, None, None], movement + step, movement).astype(np.float32)
    return movement


def _moved_share(first: Float32s, second: Float32s, movement: Float32s) -> Float32s:
    moved, inside = warped(first, movement)
    return _shares(moved[..., None], second[..., None], inside)[0]


def _left(made: Float32s, copy: Float32s, inside: NDArray[np.bool_]) -> Float32s:
    """What remains, as a share of what may: `(n,)` of `(n, h, w, c)`; inside: bool `(n, h, w)`."""
    share, deviation = _shares(made, copy, inside)
    left = share * deviation / np.maximum(LEFT, SHARE_LEFT * deviation)
    most: Float32s = np.maximum(left, share / _MOST_SHARE)
    return most


def _shares(made: Float32s, copy: Float32s, inside: NDArray[np.bool_]) -> tuple[Float32s, Float32s]:
    """What gain and offset leave of the copies, as a share of their deviation, and the deviation, both where
    `inside`. Infinite beyond the gains looked for, and where little is seen."""
    n = len(made)
    flat = (n, math.prod(made.shape[1:]))
    weight = np.repeat(inside[..., None], made.shape[3], axis=3).reshape(flat).astype(np.float32)
    total = np.maximum(weight.sum(axis=1), 1)
    a, b = made.reshape(flat), copy.reshape(flat)
    a = (a - (np.einsum("ij,ij->i", a, weight) / total)[:, None]) * weight
    b = (b - (np.einsum("ij,ij->i", b, weight) / total)[:, None]) * weight
    power, wanted = (
        np.maximum(np.einsum("ij,ij->i", a, a), 1e-3),
        np.maximum(np.einsum("ij,ij->i", b, b), 1e-3),
    )
    gain = np.einsum("ij,ij->i", a, b) / power
    b -= gain[:, None] * a
    share = np.sqrt(np.einsum("ij,ij->i", b, b) / wanted)  # 1 less the correlation squared would be rounding
    far = (gain < LEAST_GAIN) | (gain > MOST_GAIN) | (weight.mean(axis=1) < _SEEN)
    return np.where(far, np.float32(np.inf), share), np.sqrt(wanted / total)


def _within(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the outermost pixels: `(n, h, w)`."""
    kept = np.zeros_like(inside)
    middle = inside[:, 1:-1, 1:-1]
    around = inside[:, :-2, 1:-1] & inside[:, 2:, 1:-1] & inside[:, 1:-1, :-2] & inside[:, 1:-1, 2:]
    kept[:, 1:-1, 1:-1] = middle & around
    return kept


def _inverse(movement: Float32s) -> Float32s:
    """The inverse of each movement: float32 `(n, 2, 3)`."""
    turned = np.linalg.inv(movement[:, :, :2].astype(np.float64))
    shift = -turned @ movement[:, :, 2:].astype(np.float64)
    back: Float32s = np.concatenate([turned, shift], axis=2).astype(np.float32)
    return back
