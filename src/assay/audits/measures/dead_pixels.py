"""Pixels that are dead or stuck: one value in every image, of the whole set or of one split alone."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements

#: Fewer images than this cannot tell a dead pixel from one that happens to be equal.
_FEWEST: Final = 50

#: Pixels a side under which a place may stay empty among neighbors that are drawn on, as in 8 x 8 digits.
_SMALLEST: Final = 12

#: A place whose mean differs by this many gray levels from its neighbors' is not one of them.
_UNLIKE: Final = 40

#: Gray levels of deviation from which the neighbors vary.
_VARIES: Final = 4

#: A pixel that is rarely anything but background may be constant in one split by chance. Had it other values
#: in the share q of n images, its mean would lie sqrt(n q) standard errors away, and all n would be equal
#: with a chance of exp(-n q): at 6 errors 2e-16.
_NO_CHANCE: Final = 6.0


#: Images in which the neighbors of a dead pixel make another value likely: all are equal with a chance of
#: exp(-6).
_MOVED: Final = 6.0


@dataclass(frozen=True, eq=False)
class _Moments:
    """Images, and float64 `(h, w, c)` mean and variance of every place."""

    count: int
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def dead_pixels(measurements: Mapping[str, Measurements]) -> list[dict[str, Any]]:
    """Places that have one value in all images while the places around them vary, or hold another value.

    First those of the whole set, then those of one split that the other splits show to vary. Each with
    `splits`, row, column, channel and value.
    """
    whole = _moments(measurements.values())
    if whole is None or min(whole.mean.shape[:2]) < _SMALLEST:
        return []
    everywhere = _dead(whole)
    found = _places(everywhere, whole, list(measurements))
    for name, own in measurements.items():
        alone = _moments([own])
        rest = _moments(m for other, m in measurements.items() if other != name)
        if alone and rest:
            found += _places(_dead(alone) & ~everywhere & _moved(alone, rest), alone, [name])
    return found


def _moments(parts: Iterable[Measurements]) -> _Moments | None:
    """Of all parts together; None of too few images."""
    known = list(parts)
    count = sum(int(part.counts.sum()) for part in known)
    if count < _FEWEST:
        return None
    mean = np.sum([part.sums.sum(axis=0) for part in known], axis=0) / count
    squares = np.sum([part.square_sums.sum(axis=0) for part in known], axis=0) / count
    return _Moments(count, mean, np.maximum(squares - mean**2, 0))


def _dead(places: _Moments) -> NDArray[np.bool_]:
    # A border that is black in every image is background: dead means unlike the neighbors.
    dead = np.zeros(places.mean.shape, bool)
    inner = _without_margins(places.variance)
    mean, variance = places.mean[inner], places.variance[inner]
    if min(mean.shape[:2]) < 3:
        return dead
    unlike = np.abs(mean - _around(mean)) > _UNLIKE
    varies = (_around(variance) > _VARIES**2) & _expected(mean, variance, places.count)
    dead[inner] = (variance < 1e-9) & (varies | unlike)
    return dead & ~_margin(places, inner)


def _expected(mean: NDArray[np.float64], variance: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Where, by its neighbors, a place should have had another value in `_MOVED` of the images at least.

    Values within 0-255 that deviate from one by s in the root of the mean square do so in (s / 255)^2 of all
    cases or more. A place that ink rarely reaches may be empty in every one of a few images.
    """
    square = _around(variance) + (mean - _around(mean)) ** 2
    expected: NDArray[np.bool_] = count * square / 255**2 > _MOVED
    return expected


def _without_margins(variance: NDArray[np.float64]) -> tuple[slice, slice]:
    """The part inside of the outer rows and columns that never vary: a frame is no row of dead pixels."""
    varies: NDArray[np.bool_] = variance >= 1e-9
    return _span(varies.any(axis=(1, 2))), _span(varies.any(axis=(0, 2)))


def _margin(places: _Moments, inner: tuple[slice, slice]) -> NDArray[np.bool_]:
    """What lies outside of `inner`, and every constant place that places of the same value join to it.

    Letters that end at one height leave corners: constant, beside ink, and still part of the background.
    """
    constant: NDArray[np.bool_] = places.variance < 1e-9
    margin = constant.copy()
    margin[inner] = False
    before = np.zeros_like(margin)
    while not np.array_equal(margin, before):
        before = margin.copy()
        for axis in (0, 1):
            here, free = np.moveaxis(margin, axis, 0), np.moveaxis(constant, axis, 0)
            same = np.abs(np.diff(np.moveaxis(places.mean, axis, 0), axis=0)) < 1e-6
            here[1:] |= here[:-1] & same & free[1:]
            here[:-1] |= here[1:] & same & free[:-1]
    return margin


def _span(lines: Any) -> slice:
    """From the first line that varies to the last; empty where none does."""
    found = np.flatnonzero(lines)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0)


def _moved(alone: _Moments, rest: _Moments) -> NDArray[np.bool_]:
    """Where the value of a constant place is no chance draw from what the other splits hold there.

    By mean and variance alone: a value stuck within 6 standard errors of the others' mean is not told.
    """
    error = np.sqrt(rest.variance) * math.sqrt(1 / alone.count + 1 / rest.count)
    return np.abs(alone.mean - rest.mean) > _NO_CHANCE * error


def _places(mask: NDArray[np.bool_], of: _Moments, splits: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "splits": splits,
            "row": int(y),
            "column": int(x),
            "channel": int(c),
            "value": round(float(of.mean[y, x, c])),
        }
        for y, x, c in np.argwhere(mask)
    ]


def _around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of the 3 x 3 neighborhood of each place, itself left out."""
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    height, width, _ = values.shape
    neighbors = [
        padded[y : y + height, x : x + width] for y in range(3) for x in range(3) if (y, x) != (1, 1)
    ]
    middle: NDArray[np.float64] = np.median(np.stack(neighbors), axis=0)
    return middle
