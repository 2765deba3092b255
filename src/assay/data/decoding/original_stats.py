"""How a picture looks at the size of its file: what making it smaller would hide or undo."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import Float32s, gray_of

#: What `appearance` gives, in order; in gray levels (0-255) unless said.
#:
#: deviation: of the channel that varies most. low: the lowest 1st percentile of a channel; high: the
#: highest 99th; span: the widest distance from the one to the other within a channel; reach: the widest
#: from least to most. clipped: share of values at 255. detail: see `detail`.
FIGURES: Final = ("deviation", "low", "high", "span", "reach", "clipped", "detail")

#: Larger pictures are looked at in so many values a channel, evenly spread, and their detail in the
#: middle, so many pixels a side.
_VALUES: Final = 1 << 20
_MIDDLE: Final = 512

#: Detail means little in pictures with fewer pixels a side: objects drawn with them are all edges.
SMALLEST: Final = 64

#: Sizes that detail is looked for at: the picture itself, and half of it.
_OCTAVES: Final = 2

#: What rounding to whole gray levels adds to the variance of a Laplacian: the squares of its weights
#: (16 + 4) times the variance 1/12 of rounding.
_ROUNDING: Final = 20 / 12


def appearance(pixels: NDArray[np.uint8]) -> list[float]:
    """The `FIGURES` of one picture, uint8 `(h, w, c)`."""
    height, width, channels = pixels.shape
    step = int(np.ceil(np.sqrt(height * width / _VALUES)))
    few = _as_image(pixels[::step, ::step])
    counts = np.array(few.histogram(), float).reshape(channels, 256)
    lows, highs = ([_percentile(each, share) for each in counts] for share in (0.01, 0.99))
    top, left = max((height - _MIDDLE) // 2, 0), max((width - _MIDDLE) // 2, 0)
    middle = _as_image(pixels[top : top + _MIDDLE, left : left + _MIDDLE]).convert("L")
    return [
        max(_deviation(each) for each in counts),
        min(lows),
        max(highs),
        max(high - low for low, high in zip(lows, highs, strict=True)),
        float(max(np.ptp(np.flatnonzero(each)) for each in counts)),
        float(counts[:, 255].sum() / counts.sum()),
        float(_detail(np.asarray(middle, np.float32)[None], _ROUNDING)[0]),
    ]


def _as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """The same as Pillow has it: its loops over pixels take a fifth of the time."""
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def _deviation(counts: NDArray[np.float64]) -> float:
    levels = np.arange(256)
    mean = np.average(levels, weights=counts)
    return float(np.sqrt(np.average((levels - mean) ** 2, weights=counts)))


def _percentile(counts: NDArray[np.float64], share: float) -> float:
    """The least level that `share` of the values do not exceed."""
    return float(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def detail(pictures: NDArray[np.uint8]) -> Float32s:
    """How much finer structure is than at half the size, where it is least: float32 `(n,)`.

    The deviation of the Laplacian over that of the picture made half as large, less what rounding adds;
    the lesser of the picture and its half. About 0.6 in photographs of any content and contrast; blur over
    1.5 pixels brings it under 0.35. NaN under `SMALLEST` pixels a side, and where nothing varies.
    pictures: uint8 `(n, h, w, c)`.
    """
    return _detail(gray_of(pictures), _ROUNDING / pictures.shape[3])


def _detail(gray: Float32s, rounding: float) -> Float32s:
    """The detail of gray pictures `(n, h, w)`; rounding: what it adds to the variance of their Laplacian."""
    if min(gray.shape[1:]) < SMALLEST:
        return np.full(len(gray), np.nan, np.float32)
    fine = [_laplacian_variance(gray) - rounding]
    for _ in range(_OCTAVES):
        gray, rounding = _half(gray), rounding / 4
        fine.append(_laplacian_variance(gray) - rounding)
    power = np.maximum(np.stack(fine), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(power[1:] > 0, power[:-1] / power[1:], np.nan)
    known = np.where(np.isnan(ratios).all(axis=0), 0, ratios)
    least: Float32s = np.sqrt(np.nanmin(known, axis=0)).astype(np.float32)
    least[np.isnan(ratios).all(axis=0)] = np.nan
    return least


def _laplacian_variance(gray: Float32s) -> NDArray[np.float64]:
    second = -4 * gray[:, 1:-1, 1:-1]
    for neighbors in (gray[:, :-2, 1:-1], gray[:, 2:, 1:-1], gray[:, 1:-1, :-2], gray[:, 1:-1, 2:]):
        second += neighbors
    flat = second.reshape(len(second), -1)
    mean, power = flat.mean(axis=1, dtype=np.float64), np.einsum("ij,ij->i", flat, flat) / flat.shape[1]
    variance: NDArray[np.float64] = power - mean**2
    return variance


def _half(gray: Float32s) -> Float32s:
    """Averages over 2 x 2 pixels; an odd last row or column is left out."""
    even = gray[:, : gray.shape[1] // 2 * 2, : gray.shape[2] // 2 * 2]
    total = even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]
    halved: Float32s = np.multiply(total, np.float32(0.25), dtype=np.float32)
    return halved
