"""Texture statistics of neighboring pixels: what noise, lost rows and shuffled rows change."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, gray_of
from assay.data.values import Split
from assay.features.hand_made import map_blocks

#: Cells a side that noise is measured in, and which of the 16 counts, from the quietest: noise of a sensor
#: is everywhere, texture is not.
_CELLS: Final = 4
_QUIET: Final = 2

#: Pictures with fewer pixels a side have no cells to compare.
SMALLEST: Final = 8

#: Gray levels within which a row counts as one value: a compressed file is not exact.
_EVEN: Final = 3

#: Channels of what a decoder leaves lie at most so far apart, and gray is so near to the middle of 0-255:
#: colors, black and white are drawn, too.
_NEUTRAL: Final = 8
_GRAY: Final = (124, 132)

#: Rows of the largest squares that JPEG works in.
_SQUARES: Final = 16

#: Gray levels from the last row of a picture to what follows: sky ends in a gradient, a file does not.
_JUMP: Final = 10.0

#: Quantiles of each channel that `Texture.levels` holds; the same seen from either end.
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)


#: How far apart rows are compared; in pictures of at least so many rows up to the last: stripes that are less
#: than five rows wide repeat themselves within four, and of fewer rows some lie so by chance.
_LAGS: Final = (1, 2, 3, 4)
_ROWS_FOR_ALL: Final = 32

Figures = NDArray[np.float64]

#: Of each picture, besides its levels.
_FIGURES: Final = 6


@dataclass(frozen=True, eq=False)
class Texture:
    """One float32 `(n,)` per figure, and coarse levels of each picture; gray values in 0-255.

    noise: standard deviation of the noise, in the quietest part of the picture but two.
    down, across: von Neumann's ratio of rows up to three apart (the least) and of neighboring columns:
    0 where they are equal, 1 where they follow each other by chance.
    varies_down: standard deviation within a column, in the mean.
    filled: share of the height, from the bottom up, that has one value which hardly occurs above and has no
    color.
    gray: 1 where that value is the gray in the middle, as a decoder of JPEG leaves it, else 0.
    levels: `(n, 21, c)`, the means of 4 x 4 cells and five quantiles of each channel.
    """

    noise: Float32s
    down: Float32s
    across: Float32s
    varies_down: Float32s
    filled: Float32s
    gray: Float32s
    levels: Float32s


def texture_of(split: Split, known: Float32s | None = None) -> Texture:
    """The figures of every image of a split, in source order. All 0 under `SMALLEST` pixels a side.

    known: what `block_texture` gave for every image, where that was measured before.
    """
    table = map_blocks(block_texture, split) if known is None else known
    figures, levels = table[:, :_FIGURES], table[:, _FIGURES:]
    channels = min(split.shape[2], 3)
    noise, down, across, varies_down, filled, gray = np.ascontiguousarray(figures.T)
    shaped = levels.reshape(len(table), -1, channels)
    return Texture(noise, down, across, varies_down, filled, gray, shaped)


def block_texture(images: Bytes) -> Float32s:
    """The figures of uint8 `(n, h, w, c)` images, float32 `(n, 6 + 21 * min(c, 3))`."""
    colors = images[..., :3]
    count = _CELLS**2 + len(_QUANTILES)
    if not len(images) or min(images.shape[1:3]) < SMALLEST:
        return np.zeros((len(images), _FIGURES + count * colors.shape[3]), np.float32)
    gray = gray_of(colors)
    down, varies_down = von_neumann_ratio(gray, _LAGS if gray.shape[1] >= _ROWS_FOR_ALL else _LAGS[:-1])
    across, _ = von_neumann_ratio(gray.swapaxes(1, 2))
    channels = [colors[..., i].astype(np.float32) for i in range(colors.shape[3])]
    # Noise differs from channel to channel: their mean would hide some of it.
    noise = np.mean([noise_of(channel) for channel in channels], axis=0)
    figures = np.stack([noise, down, across, varies_down, *filled_below(colors)], axis=1)
    levels = np.stack([_levels(colors[..., i], channel) for i, channel in enumerate(channels)], axis=2)
    table: Float32s = np.concatenate([figures, levels.reshape(len(images), -1)], axis=1).astype(np.float32)
    return table


def von_neumann_ratio(gray: Float32s, lags: Sequence[int] = (1,)) -> tuple[Figures, Figures]:
    """Squared difference of neighboring rows over what rows in random order would have (von Neumann, 1941).

    And the standard deviation within columns. gray: `(n, h, w)`; both float64 `(n,)`; 0 where rows are equal.
    lags: the least of the ratios of rows so far apart: stripes repeat themselves, rows in disorder never do.
    """
    rows = gray.shape[1]
    variance = gray.var(axis=1, dtype=np.float64).mean(axis=1) * rows / (rows - 1)
    steps = [np.square(gray[:, k:] - gray[:, :-k]).mean(axis=(1, 2), dtype=np.float64) for k in lags]
    return np.min(steps, axis=0) / np.maximum(2 * variance, 1e-6), np.sqrt(variance)


def noise_of(gray: Float32s) -> NDArray[np.float64]:
    """Standard deviation of the noise of `(n, h, w)` pictures (Immerkaer, 1996), in a quiet part of each.

    The mask answers neither to planes nor to straight edges along the axes.
    """
    second = gray[:, :-2] - 2 * gray[:, 1:-1] + gray[:, 2:]
    second = np.abs(second[:, :, :-2] - 2 * second[:, :, 1:-1] + second[:, :, 2:])
    quiet = np.sort(_cell_means(second), axis=1)[:, _QUIET]
    deviation: NDArray[np.float64] = quiet * np.sqrt(np.pi / 2) / 6
    return deviation


def filled_below(images: Bytes) -> tuple[Figures, Figures]:
    """The share of the height that has one value from the bottom up, where that value is rare above and has
    no color; and 1 where it is the gray in the middle, else 0.

    A decoder leaves a file that ends early so. Black bars above and below, which bring pictures to one
    shape, do not count, nor do the stripes of a flag. images: uint8 `(n, h, w, c)`.
    """
    height = images.shape[1]
    most, least = _extreme(np.maximum, images), _extreme(np.minimum, images)
    spread: NDArray[np.int16] = most.astype(np.int16) - least
    even: NDArray[np.bool_] = np.logical_and.reduce(spread <= _EVEN, axis=2)
    value = images[:, :, 0].astype(np.int16)
    bar = _run_up(even, value, np.zeros(len(images), np.int64))
    barred = even[:, 0] & (np.abs(value[:, 0] - value[:, -1]) <= _EVEN).all(axis=1) & (bar < height)
    start = np.where(barred, bar, 0)
    run = _run_up(even, value, start)
    fill = value[np.arange(len(images)), height - 1 - np.minimum(start, height - 1)]
    gray = (fill >= _GRAY[0]).all(axis=1) & (fill <= _GRAY[1]).all(axis=1)
    # A decoder stops within a row of squares: beside what it has read that row is gray as well.
    beside = _run_up(np.ones_like(even), images[:, :, -1].astype(np.int16), start)
    lost = np.where(gray & (run > 0), np.clip(beside, run, run + _SQUARES), run)
    last = images[np.arange(len(images)), height - 1 - np.minimum(start + lost, height - 1)]
    jump = np.abs(last - fill[:, None]).mean(axis=(1, 2))
    neutral = np.ptp(fill, axis=1) <= _NEUTRAL
    likely = np.flatnonzero((run > 0) & (jump > _JUMP) & (lost + start < height) & neutral)
    alike = (np.abs(images[likely] - fill[likely, None, None]) <= _EVEN).all(axis=3).mean(axis=2)
    above = np.arange(height) < (height - start - lost)[likely, None]
    often = (alike * above).sum(axis=1) / np.maximum(above.sum(axis=1), 1)
    shares = np.zeros(len(images))
    shares[likely] = np.where(often < 0.2, run[likely] / height, 0.0)
    return shares, ((shares > 0) & gray).astype(np.float64)


def _extreme(pick: np.ufunc, images: Bytes) -> Bytes:
    """The most or least value of each row and channel, `(n, h, c)`: of halves, again and again.

    A reduction that keeps an axis of three channels last takes several times as long.
    """
    found = images
    while (width := found.shape[2]) > 1:
        half = (width + 1) // 2  # of an odd width the middle is in both halves
        found = pick(found[:, :, :half], found[:, :, width - half :])
    columns: Bytes = found[:, :, 0]
    return columns


def _run_up(even: NDArray[np.bool_], value: NDArray[np.int16], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of one and the same value, from the one `start` rows above the last on upwards."""
    height = even.shape[1]
    place = height - 1 - np.arange(height) - start[:, None]
    inside, place = place >= 0, np.maximum(place, 0)
    rows = np.arange(len(even))[:, None]
    same = (np.abs(value[rows, place] - value[rows, place[:, :1]]) <= _EVEN).all(axis=2)
    run: NDArray[np.int64] = np.cumprod(even[rows, place] & same & inside, axis=1).sum(axis=1)
    return run


def _levels(channel: Bytes, values: Float32s) -> Float32s:
    """Means of the cells and quantiles of one channel, `(n, 21)`."""
    ordered = np.sort(channel.reshape(len(channel), -1), axis=1, kind="stable")
    places = [round(share * (ordered.shape[1] - 1)) for share in _QUANTILES]
    table: Float32s = np.concatenate([_cell_means(values), ordered[:, places]], axis=1, dtype=np.float32)
    return table


def _cell_means(maps: Float32s) -> Float32s:
    """The means of `_CELLS` x `_CELLS` parts of `(n, h, w)` maps, `(n, 16)`."""
    return np.stack(
        [
            maps[:, top:bottom, left:right].mean(axis=(1, 2))
            for top, bottom in _parts(maps.shape[1])
            for left, right in _parts(maps.shape[2])
        ],
        axis=1,
    )


def _parts(length: int) -> Sequence[tuple[int, int]]:
    edges = [i * length // _CELLS for i in range(_CELLS + 1)]
    return list(pairwise(edges))
