"""The figures of chapter 2 that set classes beside each other: mean and deviation images, correlation."""

from dataclasses import replace
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from assay.audits.measures.pixel_statistics import class_mean_correlation
from assay.audits.measures.pixel_sums import Measurements
from assay.reports.drawing.canvas import draw, label
from assay.reports.drawing.captions import figure
from assay.reports.drawing.heatmap import heat_map
from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.sampling import shown_classes, shown_note
from assay.reports.findings import classes as class_findings
from assay.reports.findings.wording import count, decimal
from assay.reports.values import Figure, Results, Table

#: Images beside each other in a gallery.
_COLUMNS: Final = 5

#: From no deviation to the largest: dark blue over red to light yellow, rising in lightness all the way.
_WARM: Final = ("#10131c", "#3d2350", "#8a2f57", "#d2503f", "#f29b4b", "#fbefb2")


def class_means(content: Results) -> Figure:
    """The mean image of each class."""
    measurements, classes = content.measurements["train"], content.dataset.classes
    shown = shown_classes(measurements.counts)
    means = measurements.class_means[shown]
    captions = [(label(classes[c]), f"mean {m.mean():.1f}") for c, m in zip(shown, means, strict=True)]
    return figure(
        "means",
        draw_grid("means", _gallery(means.round().astype(np.uint8), captions)),
        f"{count(len(shown), 'picture')}: the average training image of each class.",
        class_findings.means_finding(classes, measurements, shown),
        _table(content, shown),
        shown_note(len(classes), len(shown)),
    )


def class_deviations(content: Results) -> Figure:
    """The standard deviation image of each class, one color scale for all."""
    measurements, classes = content.measurements["train"], content.dataset.classes
    shown = shown_classes(measurements.counts)
    spread = measurements.class_deviations[shown].mean(axis=3)
    largest = float(spread.max())
    names = [label(classes[c]) for c in shown]
    captions = [(n, f"mean {s.mean():.1f}, most {s.max():.1f}") for n, s in zip(names, spread, strict=True)]
    return figure(
        "deviations",
        draw_grid("deviations", _gallery(_warm(spread / max(largest, 1e-9)), captions)),
        f"{count(len(shown), 'picture')}: where the training images of each class differ from each other, "
        f"from black (not at all) to light yellow (by {largest:.1f} of 255 levels).",
        class_findings.deviations_finding(classes, measurements, shown),
        _table(content, shown),
        shown_note(len(classes), len(shown)),
    )


def _gallery(pictures: NDArray[np.uint8], captions: list[tuple[str, str]]) -> Grid:
    rows = -(-len(pictures) // _COLUMNS)
    return Grid(pictures, row_by_row(len(pictures), _COLUMNS), (rows, _COLUMNS), captions=captions)


def _table(content: Results, shown: NDArray[np.int64]) -> Table:
    """The data behind both galleries, each image summed up."""
    measurements, classes = content.measurements["train"], content.dataset.classes
    means, deviations = measurements.class_means, measurements.class_deviations
    return Table(
        ("class", "images", "average of the mean image", "average deviation", "largest deviation"),
        tuple(
            (
                classes[c],
                f"{measurements.counts[c]:,}",
                f"{means[c].mean():.2f}",
                f"{deviations[c].mean():.2f}",
                f"{deviations[c].max():.2f}",
            )
            for c in shown
        ),
    )


def _warm(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Shares in [0, 1] `(n, h, w)` as colors, uint8 `(n, h, w, 3)`."""
    stops = np.array([to_rgb(color) for color in _WARM])
    at = np.linspace(0, 1, len(stops))
    channels = [np.interp(shares, at, stops[:, channel]) for channel in range(3)]
    return (255 * np.stack(channels, axis=-1)).round().astype(np.uint8)


def mean_correlation(content: Results) -> Figure:
    """Pearson correlation of the class means, as a matrix."""
    measurements, classes = content.measurements["train"], content.dataset.classes
    shown = shown_classes(measurements.counts)
    correlation = class_mean_correlation(_only(measurements, shown))
    names = [classes[c] for c in shown]
    texts = [[decimal(None if np.isnan(r) else float(r), 2) for r in row] for row in correlation]
    height = 1.1 + 0.3 * len(shown)
    return figure(
        "correlation",
        draw("correlation", height, painting(_signed_map, names, correlation, texts)),
        f"A matrix of {len(shown)} by {len(shown)} cells: how alike the mean images of two classes are, from "
        "-1 to 1.",
        class_findings.correlation_finding(classes, shown, correlation),
        Table(
            ("class", *names),
            tuple((name, *row) for name, row in zip(names, texts, strict=True)),
        ),
        shown_note(len(classes), len(shown)),
    )


#: Tints begin below this, so that differences of hundredths are not drawn as if they were large.
_HIGHEST_FLOOR: Final = 0.9


def _signed_map(
    canvas: Canvas, names: list[str], correlation: NDArray[np.float64], texts: list[list[str]]
) -> None:
    # From the lowest of them on: otherwise a matrix of classes that are all alike has one and the same tint.
    known = np.nan_to_num(correlation)
    others = known[~np.eye(len(known), dtype=bool)]
    low = min(max(0.0, float(others.min())) if len(others) else 0.0, _HIGHEST_FLOOR)
    heat_map(canvas, names, np.maximum(known - low, 0) / (1 - low), np.maximum(-known, 0), texts)


def _only(measurements: Measurements, labels: NDArray[np.int64]) -> Measurements:
    """The measurements of some classes alone."""
    return replace(
        measurements,
        counts=measurements.counts[labels],
        histograms=measurements.histograms[labels],
        sums=measurements.sums[labels],
        square_sums=measurements.square_sums[labels],
    )
