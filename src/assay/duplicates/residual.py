"""What remains between two pictures once a change is undone, smoothed: noise averages out, another picture
does not."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s
from assay.duplicates.alignment import LEAST_GAIN, MOST_GAIN, line, made_from, opposite
from assay.duplicates.candidates import Candidates

#: What smoothing leaves of white noise: the squares of the weights 1/4, 1/2, 1/4, in both directions.
NOISE_LEFT: Final = 3 / 8

#: Independent values among smoothed ones: one in so many (the squared correlations of neighbors, summed).
ONE_IN: Final = 3.8

#: Pulls the fitted weights of strongly correlated neighbors towards each other, as a share of their power.
_SHRINKAGE: Final = 1e-6

#: Averages over pixels of which some were cut off at 255 are hardly ever darker than this.
_BRIGHT: Final = 200
_ENOUGH: Final = 0.3

#: Pairs at a time: as many as have this many values, but no more. A mixture of neighbors takes 80 bytes for
#: each value, and larger pieces would be asked of the system, and cleared by it, again and again.
_VALUES: Final = 1 << 19
_MOST_PAIRS: Final = 128


def remainder(
    small: Bytes, pairs: Candidates, mirrored: NDArray[np.bool_], between_pixels: bool
) -> tuple[Float32s, Float32s]:
    """What remains of each pair, and what the flatter of its pictures shows: float32 `(pairs,)` each.

    Root mean square in gray levels (0-255) over the common window, both smoothed over 3 x 3 pixels.
    small: uint8 `(n, h, w, c)`, thumbnails; mirrored: bool `(pairs,)`, as `compare` found.
    between_pixels: the pictures were averaged down, so that a copy may be moved by a fraction of a pixel;
    then a mixture of 3 x 3 neighbors is fitted in place of one gain.
    """
    parts = [(np.zeros(0, np.float32), np.zeros(0, np.float32))]
    step = max(1, min(_MOST_PAIRS, _VALUES // math.prod(small.shape[1:])))
    for start in range(0, len(pairs), step):
        rows = np.arange(start, min(start + step, len(pairs)))
        first, second = opposite(small, pairs.chosen(rows), mirrored[rows])
        parts.append(_smoothed_remainder(first, second, between_pixels))
    residual, structure = (np.concatenate(part) for part in zip(*parts, strict=True))
    return residual, structure


def smoothed(pictures: Float32s) -> Float32s:
    """Pictures `(n, h, w, c)` weighted 1/4, 1/2, 1/4 down and across: `(n, h - 2, w - 2, c)`."""
    half, quarter = np.float32(0.5), np.float32(0.25)
    down = quarter * (pictures[:, :-2] + pictures[:, 2:]) + half * pictures[:, 1:-1]
    across = quarter * (down[:, :, :-2] + down[:, :, 2:]) + half * down[:, :, 1:-1]
    return across.astype(np.float32, copy=False)


def _smoothed_remainder(first: Float32s, second: Float32s, between_pixels: bool) -> tuple[Float32s, Float32s]:
    if min(first.shape[1:3]) < 5:  # nothing would be left
        return np.full(len(first), np.inf, np.float32), np.ones(len(first), np.float32)
    a, b = smoothed(first), smoothed(second)
    left = np.minimum(_lit(first, second), _lit(second, first))
    if between_pixels:
        left = np.minimum(left, np.minimum(_mixed(a, b), _mixed(b, a)))
        left = np.minimum(left, np.minimum(_dark_parts(a, b), _dark_parts(b, a)))
    return left, np.minimum(a.std(axis=(1, 2, 3)), b.std(axis=(1, 2, 3)))


def _lit(source: Float32s, target: Float32s) -> Float32s:
    """What remains of `target` made from `source` by gain, offset and cutting off."""
    flat = (len(source), math.prod(source.shape[1:]))
    made, _ = made_from(source.reshape(flat), target.reshape(flat))
    difference = made.reshape(source.shape) - target
    return _root_mean_square(smoothed(difference))


def _mixed(source: Float32s, target: Float32s) -> Float32s:
    """What remains of `target` made from each pixel's 3 x 3 neighbors in `source`, all weighted alike.

    Least squares over the pixels of `target` that were not cut off at 0 or 255. Infinite where the
    weights do not add up to a gain that is looked for.
    """
    height, width = source.shape[1] - 2, source.shape[2] - 2
    wanted = target[:, 1:-1, 1:-1].reshape(len(target), height * width * target.shape[3])
    shifted = [source[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    inputs = np.stack([part.reshape(wanted.shape) for part in shifted] + [np.ones_like(wanted)], axis=1)
    used = inputs * ((wanted > 0) & (wanted < 255))[:, None]
    power = (used @ inputs.transpose(0, 2, 1)).astype(np.float64)
    pull = _SHRINKAGE * np.maximum(np.trace(power, axis1=1, axis2=2), 1)
    power += pull[:, None, None] * np.eye(10)
    weights = np.linalg.solve(power, used.astype(np.float64) @ wanted[..., None])[..., 0]
    made = np.clip((weights[:, None].astype(np.float32) @ inputs)[:, 0], 0, 255)
    gain = weights[:, :9].sum(axis=1)
    left = _root_mean_square(made - wanted)
    return np.where((gain > LEAST_GAIN) & (gain < MOST_GAIN), left, np.float32(np.inf))


def _dark_parts(source: Float32s, target: Float32s) -> Float32s:
    """What remains of `target` made from `source` by gain and offset, where both are under `_BRIGHT`.

    Where bright pixels were cut off before averaging, no gain explains their averages. Infinite where
    little of the picture is left, or next to nothing is shown there.
    """
    used = ((source < _BRIGHT) & (target < _BRIGHT)).reshape(len(source), -1)
    flat_source, flat_target = source.reshape(used.shape), target.reshape(used.shape)
    gain, offset = line(flat_source, flat_target, used)
    difference = (flat_source * gain[:, None] + offset[:, None] - flat_target) * used
    count = np.maximum(used.sum(axis=1), 1)
    left = np.sqrt(np.square(difference).sum(axis=1) / count)
    return np.where(count > _ENOUGH * used.shape[1], left, np.float32(np.inf))


def _root_mean_square(values: Float32s) -> Float32s:
    root: Float32s = np.sqrt(np.square(values).mean(axis=tuple(range(1, values.ndim))))
    return root
