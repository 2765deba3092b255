"""Lining two pictures up: a small movement, turn and zoom, found coarse to fine (Lucas and Kanade, 1981).

Worked on pictures of local contrast: each pixel less its surroundings' mean, over their deviation. So a
gain, an offset, gamma, a tint and shade count for little, and a text or a logo spoils only its own place.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows
from assay.features.hand_made import area_weights

#: Gray levels (0-255) of deviation below which surroundings count as plain: grain is not made large.
_PLAIN: Final = 6.0

#: Sides, in pixels, that pictures are lined up at, and rounds of Gauss and Newton at each.
_SIDES: Final = ((16, 6), (32, 4), (64, 3))

#: Pulls the movement towards none, as a share of the power of the picture's slopes.
_SHRINKAGE: Final = 1e-3

#: The most that a copy is larger or smaller, turned (sine of 6 degrees), and moved (of half a side).
LARGEST_CHANGE: Final = 0.16
LARGEST_TURN: Final = 0.105
FARTHEST: Final = 0.16


@dataclass(frozen=True, eq=False)
class Registered:
    """Pairs lined up, arrays `(pairs, ...)`.

    movement: float32 `(pairs, 2, 3)`; in units of half a side from the middle, place (y, x) of the second
    picture lies at `movement @ (y, x, 1)` of the first.
    moved, second: float32 `(pairs, h, w)`, local contrast of the first picture, moved, and of the second.
    inside: bool `(pairs, h, w)`, where the first picture has pixels.
    """

    movement: Float32s
    moved: Float32s
    second: Float32s
    inside: NDArray[np.bool_]


def register(first: Float32s, second: Float32s, rows: tuple[Rows, Rows] | None = None) -> Registered:
    """Line up gray pictures float32 `(n, h, w)`, values in 0-255.

    rows: which picture of `first` and of `second` make each pair, `(pairs,)` each; None: those in the same
    place. What concerns a picture alone is computed once, in however many pairs it is.
    """
    of_first, of_second = rows or (np.arange(len(first)), np.arange(len(second)))
    movement = np.zeros((len(of_first), 2, 3), np.float32)
    movement[:, 0, 0] = movement[:, 1, 1] = 1
    previous = None
    for side, rounds in _SIDES:
        shape = (min(side, first.shape[1]), min(side, first.shape[2]))
        if shape == previous:
            continue
        previous = shape
        a, b = (local_contrast(_reduced(pictures, shape)) for pictures in (first, second))
        a_soft, b_soft = soft(a)[of_first], soft(b)[of_second]
        for _ in range(rounds):
            movement = _improved(a_soft, b_soft, movement)
    moved, inside = warped(a[of_first], movement)
    return Registered(movement, moved, b[of_second], inside)


def local_contrast(gray: Float32s) -> Float32s:
    """Each pixel less the mean around it, over the deviation around it; `(n, h, w)`."""
    reach = max(min(gray.shape[1:]) // 8, 2)
    above = gray - _blurred(gray, reach)
    around = np.sqrt(_blurred(np.square(above), reach))
    return (above / (around + np.float32(_PLAIN))).astype(np.float32, copy=False)


def soft(pictures: Float32s) -> Float32s:
    """Weighted 1/4, 1/2, 1/4 down and across, the same shape."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = _weighted(padded[:, :-2], padded[:, 1:-1], padded[:, 2:])
    return _weighted(down[:, :, :-2], down[:, :, 1:-1], down[:, :, 2:])


def _weighted(before: Float32s, here: Float32s, after: Float32s) -> Float32s:
    sides: Float32s = before + after
    sides *= np.float32(1 / 4)
    sides += here * np.float32(1 / 2)
    return sides


def warped(pictures: Float32s, movement: Float32s) -> tuple[Float32s, NDArray[np.bool_]]:
    """The pictures `(n, h, w)` read where `movement` points, between pixels; and where they have any."""
    n, height, width = pictures.shape
    at_y = _moved_to(movement[:, 0], (height, width), height)
    at_x = _moved_to(movement[:, 1], (height, width), width)
    inside = (at_y >= -0.01) & (at_y <= height - 0.99) & (at_x >= -0.01) & (at_x <= width - 0.99)
    low_y, low_x = np.floor(np.clip(at_y, 0, height - 1.001)), np.floor(np.clip(at_x, 0, width - 1.001))
    part_y, part_x = (np.clip(at - low, 0, 1, out=at) for at, low in ((at_y, low_y), (at_x, low_x)))
    low_y *= np.float32(width)
    low_y += low_x
    start = low_y.astype(np.int64)  # whole numbers below 2^24, which single precision holds
    start += np.arange(n, dtype=np.int64)[:, None] * (height * width)
    flat = pictures.reshape(-1)
    # The place beside and below: the same index into a view that begins later.
    upper, right, lower, far = (flat[step:].take(start, mode="clip") for step in (0, 1, width, width + 1))
    _between(upper, right, part_x)
    _between(lower, far, part_x)
    _between(upper, lower, part_y)
    return upper.reshape(n, height, width), inside.reshape(n, height, width)


def _between(here: Float32s, there: Float32s, part: Float32s) -> None:
    """Move values that share of the way to others, in place; the others are used up."""
    there -= here
    there *= part
    here += there


def _moved_to(row: Float32s, shape: tuple[int, int], side: int) -> Float32s:
    """Where each place of a picture moves to along one side, in pixels: `(n, h w)`. row: that of the movement
    for the side, `(n, 3)`."""
    y, x = grid(*shape)
    places: Float32s = row[:, 0, None] * y
    places += row[:, 1, None] * x
    places += row[:, 2, None]
    places += 1
    places *= np.float32((side - 1) / 2)
    return places


def _improved(first: Float32s, second: Float32s, movement: Float32s) -> Float32s:
    """One round: the movement that brings the first nearer to the second, least squares on the slopes."""
    n, height, width = second.shape
    moved, inside = warped(first, movement)
    slopes = np.empty((n, 4, height * width), np.float32)
    larger, turned, per_y, per_x = slopes.transpose(1, 0, 2)
    seen = inside.reshape(n, -1).astype(np.float32)
    for slope, per, side in zip(
        np.gradient(moved, axis=(1, 2)), (per_y, per_x), (height, width), strict=True
    ):
        np.multiply(slope.reshape(n, -1), np.float32((side - 1) / 2), out=per)
        per *= seen
    y, x = grid(height, width)
    np.multiply(per_y, y, out=larger)
    larger += per_x * x
    np.multiply(per_x, y, out=turned)
    turned -= per_y * x
    np.subtract(second, moved, out=moved)
    moved *= inside
    error = moved.reshape(n, -1, 1)
    power = slopes @ slopes.transpose(0, 2, 1)
    power += (_SHRINKAGE * np.trace(power, axis1=1, axis2=2) + 1e-6)[:, None, None] * np.eye(4, dtype="f4")
    size, turn, down, right = np.linalg.solve(power, slopes @ error)[..., 0].T
    step = np.stack([size, -turn, down, turn, size, right], axis=1).reshape(n, 2, 3)
    better = movement + step
    near = (
        (np.abs(better[:, 0, 0] - 1) < LARGEST_CHANGE)
        & (np.abs(better[:, 1, 0]) < LARGEST_TURN)
        & (np.abs(better[:, :, 2]).max(axis=1) < FARTHEST)
    )
    improved: Float32s = np.where(near[:, None, None], better, movement).astype(np.float32)
    return improved


@lru_cache(maxsize=8)
def grid(height: int, width: int) -> tuple[Float32s, Float32s]:
    """Where each pixel lies, in units of half a side from the middle: y and x, `(h w,)`, read-only."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    found = y.ravel().astype(np.float32), x.ravel().astype(np.float32)
    for side in found:
        side.flags.writeable = False
    return found


def _reduced(gray: Float32s, shape: tuple[int, int]) -> Float32s:
    if gray.shape[1:] == shape:
        return gray
    down, across = area_weights(gray.shape[1], shape[0]), area_weights(gray.shape[2], shape[1])
    small = (down @ gray) @ across.T
    return small.astype(np.float32, copy=False)


def _blurred(pictures: Float32s, reach: int) -> Float32s:
    """Averages over `2 * reach + 1` pixels down and across, at the border over fewer."""
    for axis in (1, 2):
        size = pictures.shape[axis]
        sums = np.cumsum(pictures, axis=axis, dtype=np.float32)
        low, high = np.maximum(np.arange(size) - reach, 0), np.minimum(np.arange(size) + reach, size - 1)
        counts = (high - low + 1).astype(np.float32)
        pictures = sums.take(high, axis)
        before = (slice(None),) * axis
        pictures[(*before, slice(reach + 1, None))] -= sums[(*before, slice(size - reach - 1))]
        pictures /= counts[:, None] if axis == 1 else counts
    return pictures
