"""Weights that make a line of pixels smaller or larger, as common image libraries do."""

from functools import lru_cache
from typing import Final, Literal

import numpy as np

from assay.core.arrays import Float32s, Float64s
from assay.features.hand_made import area_weights

#: Triangle, cubic (Keys 1981, a = -1/2) and Lanczos (a = 3) grow with the step, so that no pixel is passed
#: over; "area" averages equal shares of the line; "linear" reads between the two nearest pixels, however
#: large the step.
Filter = Literal["triangle", "area", "cubic", "lanczos", "linear"]

#: Lines of this many different lengths and filters are kept.
_KEPT: Final = 512


@lru_cache(maxsize=_KEPT)
def resampling(pixels: int, made: int, kind: Filter) -> Float32s:
    """float32 `(made, pixels)`: each row makes one pixel of a line of `made`. Not to be changed."""
    centers = (np.arange(made) + 0.5) * pixels / made
    area = kind == "area"
    weights = area_weights(pixels, made) if area else weights_at(centers, pixels, max(pixels / made, 1), kind)
    weights.setflags(write=False)
    return weights


def weights_at(centers: Float64s, pixels: int, step: float, kind: Filter) -> Float32s:
    """float32 `(centers, pixels)`: averages around places of a line, counted in pixels from its edge.

    step: pixels from one place to the next. kind: any but "area".
    """
    if kind == "linear":
        centers, step = np.clip(centers, 0.5, pixels - 0.5), 1.0
    away = np.abs(np.arange(pixels) + 0.5 - centers[:, None]) / step
    weights = _heights(away, kind)
    total = weights.sum(axis=1, keepdims=True)
    shares: Float32s = (weights / np.where(total == 0, 1, total)).astype(np.float32)
    return shares


def _heights(away: Float64s, kind: Filter) -> Float64s:
    """The filter at distances, in steps."""
    if kind == "cubic":
        near, far = (1.5 * away - 2.5) * away**2 + 1, ((2.5 - 0.5 * away) * away - 4) * away + 2
        return np.where(away < 1, near, np.where(away < 2, far, 0))
    if kind == "lanczos":
        return np.where(away < 3, np.sinc(away) * np.sinc(away / 3), 0)
    heights: Float64s = np.maximum(1 - away, 0)
    return heights
