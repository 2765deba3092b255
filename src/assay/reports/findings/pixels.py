"""What the pixels of these very data say, in sentences. Every word is decided by a figure."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_statistics import PixelStatistics, pixel_statistics
from assay.audits.measures.pixel_sums import Measurements
from assay.reports.findings.bimodality import ASHMAN_D, SHALLOWEST_VALLEY, SMALLEST_SHARE, Humps, humps
from assay.reports.findings.wording import count, listed, name, percent

#: The central 98 % of the values spanning less than half the scale is a narrow range.
_NARROW: Final = 128
#: Bulmer (1979, Principles of Statistics): a skewness beyond 1 is high.
_SKEWED: Final = 1.0
#: A median this far into either quarter of the scale leaves the other side nearly unused.
_DARK, _BRIGHT = 64, 191

#: A larger gamma is no advice: the median, over 237, is the ground. None of a dark median is under 0.1.
_STEEPEST: Final = 10.0

Levels = NDArray[np.int64]


def histogram_finding(histogram: Levels) -> str:
    """Range, mean and spread, zeros, one hump or two, and which contrast adjustment to consider.

    histogram: int64 `(256,)`, pixels per value.
    """
    statistics = pixel_statistics(histogram)
    if statistics is None:
        return "There are no pixels to look at."
    if statistics.minimum == statistics.maximum:
        return f"Every pixel is {statistics.minimum}: the images hold no picture at all."
    return " ".join(
        (
            range_sentence(statistics),
            f"Mean {statistics.mean:.4f}, standard deviation {statistics.deviation:.4f}; "
            f"{percent(statistics.zero_share)} of the pixels are exactly 0.",
            humps_sentence(humps(histogram)),
            contrast_sentence(histogram),
        )
    )


def range_sentence(statistics: PixelStatistics) -> str:
    """Whether the full 0-255 range is used."""
    low, high = statistics.minimum, statistics.maximum
    if (low, high) == (0, 255):
        return "The full range 0-255 is used."
    return f"Only {low}-{high} of 0-255 is used ({percent((high - low + 1) / 256, 0)} of the levels)."


def humps_sentence(found: Humps | None) -> str:
    """Whether the histogram is bimodal, by the test of `assay.reports.findings.bimodality`."""
    if found is None:
        return "A single value cannot be bimodal."
    first, second = found.means
    verdict = (
        f"It is bimodal, as background against subject is: humps with means {first:.0f} and {second:.0f}."
        if found.bimodal
        else "It is not bimodal, so no single brightness parts background from subject."
    )
    return (
        f"{verdict} (Test: Ashman's D is {found.ashman_d:.2f}, limit {ASHMAN_D:g}; the smaller hump holds "
        f"{percent(min(found.shares))} of the pixels, limit {percent(SMALLEST_SHARE, 0)}; the valley lies "
        f"{percent(found.valley, 0)} below the lower hump, limit {percent(SHALLOWEST_VALLEY, 0)}.)"
    )


def contrast_sentence(histogram: Levels) -> str:
    """Which contrast adjustment to consider, judged on the pixels that are not exactly 0."""
    bright = histogram.copy()
    bright[0] = 0
    subject = pixel_statistics(bright)
    if subject is None:
        return ""
    if subject.high - subject.low < _NARROW:
        return (
            f"The central 98 % of the non-zero pixels span only {subject.low}-{subject.high}: consider a "
            "contrast stretch to 0-255."
        )
    middle = _median(bright)
    if middle in (1, 255):
        which = "white" if middle == 255 else "nearly black"
        return (
            f"Most of the non-zero pixels are {which}: a plain ground, which no contrast adjustment changes."
        )
    if abs(subject.skewness) > _SKEWED or not _DARK <= middle <= _BRIGHT:
        return _gamma_sentence(subject.skewness, middle)
    crowded = _crowded_share(bright)
    if crowded > 0.5:
        return (
            f"{percent(crowded, 0)} of the non-zero pixels crowd into a tenth of the levels: consider "
            "histogram equalization."
        )
    return (
        f"The non-zero pixels are spread well (median {middle}, skewness {subject.skewness:.2f}): no "
        "contrast adjustment is called for."
    )


def _gamma_sentence(skewness: float, middle: int) -> str:
    gamma = math.log(0.5) / math.log(min(max(middle, 1), 254) / 255)
    if gamma > _STEEPEST:
        return (
            f"Most of the non-zero pixels are nearly white (median {middle}): a plain ground, or too much "
            "light, which no contrast adjustment corrects."
        )
    side = "dark" if middle < 128 else "bright"
    return (
        f"The non-zero pixels lean to the {side} side (median {middle}, skewness {skewness:.2f}): "
        f"consider a gamma of {gamma:.2f}, which would bring their median to the middle of the scale."
    )


def _median(histogram: Levels) -> int:
    return int(np.searchsorted(np.cumsum(histogram), histogram.sum() / 2))


def _crowded_share(histogram: Levels) -> float:
    """The largest share of the pixels that lies within 26 neighboring levels, a tenth of the scale."""
    total = np.concatenate([[0], np.cumsum(histogram)])
    return float((total[26:] - total[:-26]).max() / total[-1])


def class_histograms_finding(classes: tuple[str, ...], measurements: Measurements) -> str:
    """The brightest and the darkest class, and how far apart they are beside the spread of single pixels.

    A mean over an image spreads far less: whether it tells the class, the check `shortcuts` says.
    """
    per_class = measurements.histograms.sum(axis=1)
    means = per_class @ np.arange(256) / np.maximum(per_class.sum(axis=1), 1)
    known = [(float(means[label]), classes[label]) for label in np.flatnonzero(per_class.sum(axis=1))]
    whole = pixel_statistics(measurements.histogram)
    if whole is None or len(known) < 2:
        return f"{count(len(known), 'class', 'classes')} with images: there is nothing to compare."
    darkest, brightest = min(known), max(known)
    distance = (brightest[0] - darkest[0]) / whole.deviation if whole.deviation else 0.0
    verdict = (
        "brightness alone already separates some classes, and a change of exposure would confuse them"
        if distance > 0.5
        else "one pixel hardly tells the class (whether the mean of an image does, the check shortcuts says)"
    )
    return (
        f"{name(brightest[1])} is brightest (mean {brightest[0]:.1f}), {name(darkest[1])} darkest "
        f"({darkest[0]:.1f}): {distance:.2f} standard deviations of the pixels apart, so {verdict}."
    )


def framing_finding(measurements: Measurements) -> str:
    """How large and how bright the pictures are, at the border and inside, and which classes have none."""
    _, height, width, channels = measurements.sums.shape
    total = int(measurements.counts.sum())
    if total == 0:
        return "There are no images to look at."
    mean = measurements.sums.sum(axis=(0, 3)) / (total * channels)
    kind = {1: "gray", 3: "color"}.get(channels, f"{channels}-channel")
    border = np.ones((height, width), bool)
    border[1:-1, 1:-1] = False
    if border.all():
        return f"{count(total, f'{kind} image')} of {height} x {width} pixels: too small to have an inside."
    return (
        f"{count(total, f'{kind} image')} of {height} x {width} pixels. The outermost ring of pixels "
        f"averages {mean[border].mean():.1f}, the inside {mean[~border].mean():.1f}: "
        f"{_framing(mean[border].mean(), mean[~border].mean())}."
    )


def _framing(border: float, inside: float) -> str:
    """What the brightness of the border against the inside says about the framing (levels, 0-255)."""
    # Few bright pixels, or noise on the ground, leave small means: then their ratio tells.
    if inside - border > 25 or (inside - border > 5 and border < inside / 2):
        return "bright subjects that stand inside a dark frame"
    if border - inside > 25 or (border - inside > 5 and 255 - border < (255 - inside) / 2):
        return "dark subjects that stand inside a bright frame"
    return "the pictures reach the border, so look whether subjects are cut off"


def absent_sentence(classes: tuple[str, ...], counts: Levels) -> str:
    """Which classes have no image at all; empty when all have some."""
    absent = [name(classes[label]) for label in np.flatnonzero(counts == 0)]
    return f" No image at all: {listed(absent)}." if absent else ""
