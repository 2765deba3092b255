"""Brightness, contrast and sharpness of every image, from its pixels alone."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
from assay.core.arrays import Float32s, gray_of
from assay.data.decoding.original_stats import FIGURES, detail
from assay.data.values import Split
from assay.features.hand_made import map_blocks

#: The columns of the table that `block_stats` fills, in order.
COLUMNS: Final = (
    "mean",
    "deviation",
    "low",
    "high",
    "span",
    "reach",
    "sharpness",
    "clipped",
    "top",
    "bottom",
    "left",
    "right",
    "corners",
    "contact",
    "detail",
)

#: A border pixel is touched where it is this far, in gray levels, from the background of the set.
TOUCHED: Final = 40


@dataclass(frozen=True, eq=False)
class ImageStats:
    """One float32 `(n,)` per figure; gray values in 0-255.

    mean: of the gray values. deviation: of the channel that varies most. low: the lowest 1st percentile
    of a channel, high: the highest 99th; span: the widest distance from the one to the other within a
    channel, reach: the widest from least to most.
    sharpness: deviation of the Laplacian over that of the gray values; NaN for constant images and those
    under 3 x 3 pixels. clipped: share of pixels at 255. top, bottom, left, right: mean of that border
    line. corners: mean of the four corner patches. contact: share of the border pixels that are
    more than `TOUCHED` from the background of the set. detail: see
    `assay.data.decoding.original_stats.detail`.
    """

    mean: Float32s
    deviation: Float32s
    low: Float32s
    high: Float32s
    span: Float32s
    reach: Float32s
    sharpness: Float32s
    clipped: Float32s
    top: Float32s
    bottom: Float32s
    left: Float32s
    right: Float32s
    corners: Float32s
    contact: Float32s
    detail: Float32s


def image_stats_of(split: Split, background: float, known: Float32s | None = None) -> ImageStats:
    """The figures of every image of a split, in source order.

    background: gray value that the border of the pictures usually has. known: what `block_stats` gave for
    every image when the background was not known yet; then only `contact` is measured.
    """
    if known is None:
        table = map_blocks(lambda images: block_stats(images, background), split)
    else:
        table = known.copy()
        touched = map_blocks(lambda images: _contact(gray_of(images[..., :3]), background), split)
        table[:, COLUMNS.index("contact")] = touched
    return ImageStats(*(np.ascontiguousarray(table[:, i]) for i in range(len(COLUMNS))))


def as_stored(look: ImageStats, split: Split) -> ImageStats:
    """The same, with what was measured at the size of the files in place of the working size."""
    if split.original_stats is None:
        return look
    return replace(look, **{name: split.original_stats[:, i] for i, name in enumerate(FIGURES)})


def background_of(measurements: Measurements) -> float:
    """The gray value that a border pixel of the mean image typically has; 0 without images."""
    total = max(int(measurements.counts.sum()), 1)
    mean = measurements.sums.sum(axis=0)[..., :3].mean(axis=2) / total
    border = np.concatenate([mean[0], mean[-1], mean[:, 0], mean[:, -1]])
    return float(np.median(border)) if border.size else 0.0


def block_stats(images: NDArray[np.uint8], background: float | None = None) -> Float32s:
    """The figures of uint8 `(n, h, w, c)` images, float32 `(n, len(COLUMNS))`.

    background: as in `image_stats_of`; where it is not known yet, `contact` is 0.
    """
    gray = gray_of(images[..., :3])
    if not len(images):
        return np.zeros((0, len(COLUMNS)), np.float32)
    # A picture of two equally bright colors shows something: contrast is the channels', not the gray's.
    channels = images[..., :3].reshape(len(images), -1, min(images.shape[3], 3))
    least, low, high, most = _percentiles(channels, (0, 0.01, 0.99, 1))
    figures = (
        gray.mean(axis=(1, 2)),
        _deviations(channels).max(axis=1),
        low.min(axis=1),
        high.max(axis=1),
        (high - low).max(axis=1),
        (most - least).max(axis=1),
        _sharpness(gray, gray.std(axis=(1, 2))),
        (images == 255).mean(axis=(1, 2, 3)),
        gray[:, 0].mean(axis=1),
        gray[:, -1].mean(axis=1),
        gray[:, :, 0].mean(axis=1),
        gray[:, :, -1].mean(axis=1),
        _corners(gray),
        np.zeros(len(gray), np.float32) if background is None else _contact(gray, background),
        detail(images[..., :3]),
    )
    return np.stack(figures, axis=1).astype(np.float32)


def _deviations(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The standard deviation of each channel of `(n, m, c)` bytes, float64 `(n, c)`.

    From sums and sums of squares, which are whole numbers here; `numpy.std` takes five times as long.
    """
    channels = np.ascontiguousarray(values.swapaxes(1, 2)).astype(np.float64)
    mean = channels.mean(axis=2)
    power = np.einsum("ncm,ncm->nc", channels, channels) / values.shape[1]
    deviations: NDArray[np.float64] = np.sqrt(np.maximum(power - mean**2, 0))
    return deviations


def _percentiles(values: NDArray[np.uint8], shares: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """For each share of `(n, m, c)` values the one that it does not exceed, float64 `(n, c)`.

    Between two values by a straight line, as `numpy.percentile`, which takes twice as long.
    """
    ordered = np.sort(values, axis=1, kind="stable")  # of bytes: by counting
    found = []
    for share in shares:
        place = share * (values.shape[1] - 1)
        before, after = (ordered[:, round_(place)].astype(np.float64) for round_ in (math.floor, math.ceil))
        found.append(before + (after - before) * (place - math.floor(place)))
    return found


def _sharpness(gray: Float32s, deviation: Float32s) -> Float32s:
    if gray.shape[1] < 3 or gray.shape[2] < 3:
        return np.full(len(gray), np.nan, np.float32)
    middle = gray[:, 1:-1, 1:-1]
    around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
    second = (around - 4 * middle).reshape(len(gray), -1).std(axis=1)
    return np.where(deviation > 0, second / np.maximum(deviation, 1e-6), np.nan).astype(np.float32)


def _contact(gray: Float32s, background: float) -> Float32s:
    border = np.concatenate([gray[:, 0], gray[:, -1], gray[:, :, 0], gray[:, :, -1]], axis=1)
    share: Float32s = (np.abs(border - background) > TOUCHED).mean(axis=1, dtype=np.float32)
    return share


def _corners(gray: Float32s) -> Float32s:
    edge = max(min(gray.shape[1:]) // 10, 1)
    patches = [
        gray[:, y, x] for y in (slice(edge), slice(-edge, None)) for x in (slice(edge), slice(-edge, None))
    ]
    means: Float32s = np.mean([patch.mean(axis=(1, 2)) for patch in patches], axis=0)
    return means
