"""The figures of chapter 2 that show single images, counts and pixel values."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from assay.core.arrays import Counts
from assay.data.preprocessing import Preprocessing
from assay.data.values import images_of
from assay.reports.drawing.canvas import draw, label, side_by_side, tip
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import BLUE, GREEN, MUTED, ORANGE, RED
from assay.reports.drawing.image_grid import Grid, draw_grid
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.percent_ticks import PercentTicks
from assay.reports.drawing.sampling import evenly_spaced, shown_classes, shown_note
from assay.reports.findings import classes as class_findings
from assay.reports.findings import pixels as pixel_findings
from assay.reports.findings.wording import count, decimal, percent
from assay.reports.values import Figure, Results, Table

_SAMPLES_PER_CLASS: Final = 10


def sample_grid(content: Results) -> Figure:
    """Ten images of each class, evenly spaced through the training split."""
    dataset, measurements = content.dataset, content.measurements["train"]
    shown = shown_classes(measurements.counts)
    chosen = [evenly_spaced(np.flatnonzero(dataset.train.labels == c), _SAMPLES_PER_CLASS) for c in shown]
    rows = np.concatenate(chosen).astype(np.int64)
    places = [(row, column) for row, some in enumerate(chosen) for column in range(len(some))]
    names = [dataset.classes[c] for c in shown]
    grid = Grid(
        images_of(dataset.train, rows),
        np.array(places, np.int64).reshape(-1, 2),
        (len(shown), _SAMPLES_PER_CLASS),
        names,
    )
    ids = [", ".join(dataset.train.ids[i] for i in some) or "no images" for some in chosen]
    return figure(
        "samples",
        draw_grid("samples", grid),
        f"A grid of {count(len(rows), 'training image')}, in one row for each of "
        f"{count(len(shown), 'class', 'classes')}, each row with up to {_SAMPLES_PER_CLASS} images.",
        pixel_findings.framing_finding(measurements)
        + pixel_findings.absent_sentence(dataset.classes, measurements.counts),
        Table(
            ("class", "images shown, by id"),
            tuple(zip(names, ids, strict=True)),
        ),
        shown_note(len(measurements.counts), len(shown)),
    )


def class_distribution(content: Results) -> Figure:
    """Images per class in every split, as shares of the split."""
    counts = {split: m.counts for split, m in content.measurements.items()}
    classes = content.dataset.classes
    shown = shown_classes(counts["train"])
    height = 0.75 + 0.17 * len(shown) * len(counts)
    return figure(
        "classes",
        draw("classes", height, painting(_bars, classes, counts, shown)),
        f"Bars with the share of every class in the splits {' and '.join(counts)}.",
        class_findings.distribution_finding(classes, counts),
        Table(
            ("class", *counts),
            tuple((classes[c], *(f"{n[c]:,}" for n in counts.values())) for c in shown),
        ),
        shown_note(len(classes), len(shown)),
    )


#: A value that is so many times as frequent as any other would flatten a histogram: it is cut off.
SPIKE: Final = 4

#: Small text to the right of a bar's end, a few points away.
_BESIDE: Final[dict[str, Any]] = {
    "textcoords": "offset points",
    "va": "center_baseline",
    "fontsize": 7.5,
    "color": MUTED,
}


def _bars(canvas: Canvas, classes: tuple[str, ...], counts: Mapping[str, Counts], shown: Counts) -> None:
    axes = canvas.add_subplot()
    thickness = 0.8 / len(counts)
    for n, (split, per_class) in enumerate(counts.items()):
        shares = per_class[shown] / max(1, per_class.sum())
        places = np.arange(len(shown)) - 0.4 + thickness * (n + 0.5)
        bars = axes.barh(places, shares, 0.86 * thickness, color=(BLUE, ORANGE, MUTED)[n % 3], label=split)
        for bar, c in zip(bars, shown, strict=True):
            tip(bar, f"{classes[c]}, {split}: {count(int(per_class[c]), 'image')}")
        for place, share, number in zip(places, shares, per_class[shown], strict=True):
            axes.annotate(f"{number:,}", (share, place), (3, 0), **_BESIDE)
    axes.set_yticks(np.arange(len(shown)), [label(classes[c]) for c in shown])
    axes.invert_yaxis()
    axes.margins(x=0.1, y=0.02)
    axes.xaxis.set_major_formatter(PercentTicks())
    axes.set_xlabel("share of the split")
    axes.legend(ncols=len(counts), loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def pixel_histogram(content: Results) -> Figure:
    """Pixel values of the training split, the zeros apart."""
    histogram = content.measurements["train"].histogram
    total = max(1, int(histogram.sum()))
    bands = [(0, 1), (1, 16), *((first, first + 16) for first in range(16, 256, 16))]
    pixels = [int(histogram[first:end].sum()) for first, end in bands]
    return figure(
        "intensity",
        draw("intensity", 2.7, painting(_levels, content.measurements["train"].histograms), 4.2),
        f"Left a bar: {percent(histogram[0] / total)} of the training pixels are 0. Right a histogram of the "
        "values 1 to 255.",
        pixel_findings.histogram_finding(histogram),
        Table(
            ("values", "pixels", "share"),
            tuple(
                (f"{first}-{end - 1}" if end - first > 1 else f"{first}", f"{n:,}", percent(n / total))
                for (first, end), n in zip(bands, pixels, strict=True)
            ),
            "Sixteen values a row; the figure shows each.",
        ),
    )


def _levels(canvas: Canvas, histograms: Counts) -> None:
    """histograms: pixels per class, channel and value."""
    channels = histograms.sum(axis=0)
    histogram = channels.sum(axis=0)
    shares = histogram / max(1, int(histogram.sum()))
    left, right = side_by_side(canvas, (1, 9))
    bar = left.bar([0], shares[:1], 0.6, color=ORANGE)
    tip(bar[0], f"0: {percent(float(shares[0]), 2)} of the pixels")
    left.set(xlim=(-0.8, 0.8), ylim=(0, 1), title="zeros")
    left.set_xticks([0], ["0"])
    left.text(0, shares[0], percent(float(shares[0]), 0), ha="center", va="bottom", fontsize=8)
    if len(channels) == 3:
        top = _color_lines(right, channels)
    else:
        right.stairs(shares[1:], np.arange(256) + 0.5, fill=True, color=BLUE)
        top = _height(right, shares)
    right.set(xlim=(0, 256), title="values 1 to 255", xlabel="pixel value")
    right.set_xticks([1, 64, 128, 192, 255])
    right.set_ylim(0, max(top, 1e-9) * 1.05)
    left.yaxis.set_major_formatter(PercentTicks())
    right.yaxis.set_major_formatter(PercentTicks())


def _color_lines(axes: Axes, channels: Counts) -> float:
    """A line for each of red, green and blue, of its own kind too; the height to show."""
    shares = channels / np.maximum(channels.sum(axis=1, keepdims=True), 1)
    lines = (("red", RED, "-"), ("green", GREEN, "--"), ("blue", BLUE, "-."))
    for one, (name, color, dashes) in zip(shares, lines, strict=True):
        axes.plot(np.arange(1, 256), one[1:], dashes, color=color, linewidth=1.1, label=name)
    axes.legend(loc="upper left")
    return _height(axes, shares.max(axis=0))


def _height(axes: Axes, shares: NDArray[np.float64]) -> float:
    """How high the values 1 to 255 reach. A spike at 255, as of a white ground, is cut off and told."""
    rest, white = float(shares[1:-1].max()), float(shares[-1])
    if white <= SPIKE * rest or rest == 0:
        return float(shares[1:].max())
    beside = {**_BESIDE, "ha": "right", "va": "top"}
    axes.annotate(f"255: {percent(white, 0)}", (1, 1), (-6, 0), xycoords="axes fraction", **beside)
    return rest


def class_histograms(content: Results) -> Figure:
    """Pixel values per class: one ridge each, zeros apart."""
    measurements, classes = content.measurements["train"], content.dataset.classes
    shown = shown_classes(measurements.counts)
    names, levels = [classes[c] for c in shown], measurements.histograms.sum(axis=1)[shown]
    height = 0.6 + 0.34 * len(shown)
    return figure(
        "intensity-by-class",
        draw("intensity-by-class", height, painting(_ridges, names, levels)),
        f"{count(len(shown), 'ridge')}, one per class: how often the values 1 to 255 occur, with the share "
        "of zeros beside it.",
        pixel_findings.class_histograms_finding(classes, measurements),
        Table(
            ("class", "mean", "zeros", "median of the rest"),
            tuple((name, *_level_cells(row)) for name, row in zip(names, levels, strict=True)),
        ),
        shown_note(len(classes), len(shown)),
    )


def _level_cells(row: Counts) -> tuple[str, str, str]:
    total = int(row.sum())
    if total == 0:
        return ("no images",) * 3
    rest = np.cumsum(row[1:])
    middle = f"{1 + int(np.searchsorted(rest, rest[-1] / 2))}" if rest[-1] else "all are 0"
    return f"{float(row @ np.arange(256)) / total:.1f}", percent(row[0] / total), middle


def _ridges(canvas: Canvas, names: list[str], levels: Counts) -> None:
    axes = canvas.add_subplot()
    bands = np.add.reduceat(levels[:, 1:].astype(np.float64), np.arange(0, 255, 5), axis=1)
    density = bands / np.maximum(bands.sum(axis=1, keepdims=True), 1)
    # Spikes at the two ends are cut at the height of a row, so that the rest can be read.
    scale = 0.9 / max(float(density[:, 1:-1].max()), 1e-9)
    for row, ridge in enumerate(density):
        edges = np.arange(1, 257, 5)
        axes.stairs(
            row - np.minimum(ridge * scale, 0.92), edges, baseline=row, fill=True, color=BLUE, alpha=0.75
        )
        share = levels[row, 0] / levels[row].sum() if levels[row].sum() else None
        axes.text(260, row, f"{percent(share, 0)} zeros", va="bottom", fontsize=8, color=MUTED)
    axes.set_yticks(np.arange(len(names)), [label(name) for name in names], va="bottom")
    axes.set(xlim=(0, 256), ylim=(len(names) - 0.9, -1.0), xlabel="pixel value, zeros left out")
    axes.set_xticks([1, 64, 128, 192, 255])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y")


def normalized_histogram(content: Results) -> Figure:
    """The training pixels before and after normalization."""
    preprocessing, histogram = content.preprocessing, content.measurements["train"].histogram
    assert preprocessing is not None
    shares = histogram / max(1, int(histogram.sum()))
    scaled = _normalized_levels(preprocessing)
    mean = float(shares @ scaled)
    spread = max(0.0, float(shares @ (scaled - mean) ** 2)) ** 0.5
    before = float(shares @ np.arange(256))
    spread_before = max(0.0, float(shares @ (np.arange(256) - before) ** 2)) ** 0.5
    return figure(
        "normalization",
        draw("normalization", 2.2, painting(_before_and_after, shares, scaled), 3.8),
        "Two histograms of the training pixels: before normalization from 0 to 255, after it from "
        f"{decimal(float(scaled[0]), 2)} to {decimal(float(scaled[-1]), 2)}.",
        f"Before: mean {decimal(before, 2)}, standard deviation {decimal(spread_before, 2)}. After: mean "
        f"{decimal(mean, 4)}, standard deviation {decimal(spread, 4)}. The shape stays, the scale changes.",
        Table(
            ("pixels", "lowest", "highest", "mean", "standard deviation"),
            (
                ("before", "0", "255", decimal(before, 4), decimal(spread_before, 4)),
                (
                    "after",
                    decimal(float(scaled[0]), 4),
                    decimal(float(scaled[-1]), 4),
                    decimal(mean, 4),
                    decimal(spread, 4),
                ),
            ),
        ),
    )


def _normalized_levels(preprocessing: Preprocessing) -> NDArray[np.float64]:
    """What each of the 256 levels becomes; of color, by the mean over the channels of mean and deviation."""
    levels = np.arange(256) / 255
    if preprocessing.normalizer == "minmax":
        return levels
    spread = float(np.mean(preprocessing.deviation)) or 1.0
    return np.asarray((levels - float(np.mean(preprocessing.mean))) / spread)


def _before_and_after(canvas: Canvas, shares: NDArray[np.float64], scaled: NDArray[np.float64]) -> None:
    step = scaled[1] - scaled[0]
    edges = (np.arange(257) - 0.5, np.append(scaled, scaled[-1] + step) - step / 2)
    inner, ends = float(shares[1:-1].max()), float(shares[1:].max())
    top = max(inner if 0 < inner < ends / SPIKE else ends, 1e-9) * 1.1
    for axes, at, title in zip(side_by_side(canvas), edges, ("before", "after"), strict=True):
        axes.stairs(shares, at, fill=True, color=BLUE)
        axes.set(title=title, xlabel="pixel value", ylim=(0, top), xlim=(at[0], at[-1]))
        axes.yaxis.set_major_formatter(PercentTicks())
