"""The test images as points on a map: near each other where the model sees them alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from assay.core.arrays import Float64s, Rows
from assay.estimators.principal_components import principal_axes
from assay.evaluation.metrics import SMALLEST_PROBABILITY
from assay.evaluation.values import Evaluation
from assay.reports.drawing.canvas import draw, is_narrow, label, text_width
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import CARD, CLASS_COLORS, INK, MARKERS, RINGS
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.sampling import MOST_CLASSES, evenly_spaced
from assay.reports.findings.wording import count, decimal, name, percent
from assay.reports.values import Figure, Table

#: Points drawn at most, right answers and mistakes each; more would only cover each other.
_MOST_POINTS: Final = 4_000

#: Features beyond this are not decomposed: the map would take longer than the training.
MOST_FEATURES: Final = 2_048

#: Least distance of two names, as a share of the map's height.
_APART: Final = 0.045

#: The figure's height.
_INCHES: Final = 4.4


@dataclass(frozen=True, eq=False)
class Map:
    """The judged images in two dimensions.

    points: float64 `(n, 2)`, the two largest principal components. explained: their shares of the
    variance. of: what was decomposed, in words. values: float64 `(n, d)`, what was decomposed, centered.
    """

    points: Float64s
    explained: tuple[float, float]
    of: str
    values: Float64s


def map_of(evaluation: Evaluation, features: NDArray[np.floating[Any]] | None = None) -> Map | None:
    """The map of the judged images; None for fewer than three images or classes too many.

    features: what the model computes for each image, `(n, d)`; None takes the logarithms of its
    probabilities, which are its last layer's outputs but for a constant.
    """
    values = _log_probabilities(evaluation) if features is None else features.astype(np.float64)
    if len(values) < 3 or values.shape[1] > MOST_FEATURES or values.shape[1] < 2:
        return None
    centered = values - values.mean(axis=0)
    two, squares = principal_axes(centered, 2)
    if squares[0] <= 0:
        return None
    # An axis has no sign of its own; the largest entry decides, so that every machine draws the same.
    two = two * np.sign(two[np.abs(two).argmax(axis=0), [0, 1]])
    shares = np.maximum(squares, 0) / np.square(centered).sum()
    what = "the outputs of its last layer" if features is None else "the features before its last layer"
    return Map(centered @ two, (float(shares[0]), float(shares[1])), what, centered)


def _log_probabilities(evaluation: Evaluation) -> Float64s:
    logs = np.log(np.maximum(evaluation.probabilities, SMALLEST_PROBABILITY))
    centered: Float64s = logs - logs.mean(axis=1, keepdims=True)
    return centered


_NONE: Final = np.zeros(0, np.int64)


def drawn_rows(evaluation: Evaluation, flagged: Rows = _NONE) -> tuple[Rows, Rows, Rows]:
    """The images that the map draws: right answers, mistakes, and which of both the audit flagged."""
    wrong = evaluation.predicted != evaluation.labels
    right, mistaken = (evenly_spaced(np.flatnonzero(which), _MOST_POINTS) for which in (~wrong, wrong))
    return right, mistaken, np.intersect1d(flagged, np.concatenate([right, mistaken]))


def map_figure(found: Map, evaluation: Evaluation, flagged: Rows = _NONE) -> Figure:
    """The map, with mistakes and images that the audit flagged marked, and each class named in its middle.

    flagged: rows of the judged images.
    """
    wrong = evaluation.predicted != evaluation.labels
    centers = class_centers(found, evaluation)
    record = {
        "of": found.of,
        "explained": list(found.explained),
        "centers": {evaluation.classes[c]: center.tolist() for c, center in centers.items()},
    }
    drawn = drawn_rows(evaluation, flagged)
    left = len(wrong) - sum(map(len, drawn[:2]))
    return figure(
        "map",
        draw(
            "map",
            _INCHES,
            painting(_draw, found, drawn, evaluation.labels, evaluation.classes, centers),
            3.6,
            arrange=False,
        ),
        f"A map of {count(len(wrong), 'test image')} as points, colored by class; the "
        f"{count(int(wrong.sum()), 'mistake')} with a ring"
        + (f", {count(len(flagged), 'flagged image')} with a cross." if len(flagged) else "."),
        _finding(found, centers, evaluation),
        Table(
            ("class", "first component", "second component"),
            tuple((evaluation.classes[c], *(decimal(v, 2) for v in center)) for c, center in centers.items()),
            "The middle of each class: the median of its points.",
        ),
        f"Not drawn: {left:,} points, at equal steps through the split." if left else "",
        record,
    )


def class_centers(found: Map, evaluation: Evaluation) -> dict[int, Float64s]:
    """The median point of each class with images, at most `MOST_CLASSES` of them: those with most images."""
    counts = evaluation.confusion.sum(axis=1)
    shown = sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist())
    return {c: np.median(found.points[evaluation.labels == c], axis=0) for c in shown if counts[c]}


#: Where the axes lie in the figure, as shares of its width and height: left, bottom, width, height.
BOX: Final = (0.08, 0.1, 0.91, 0.88)


def _limits(found: Map) -> tuple[float, float, float, float]:
    """Ends of the two axes: all points, with room above for the names."""
    (left, bottom), (right, top) = found.points.min(axis=0), found.points.max(axis=0)
    width, height = (right - left) or 1.0, (top - bottom) or 1.0
    return (
        float(left - 0.03 * width),
        float(right + 0.03 * width),
        float(bottom - 0.04 * height),
        float(top + 0.12 * height),
    )


def places_on_map(found: Map, points: Float64s) -> Float64s:
    """Where points lie in the map's axes: shares of the width from the left, of the height from the top."""
    left, right, bottom, top = _limits(found)
    across = (points[:, 0] - left) / (right - left)
    up = (points[:, 1] - bottom) / (top - bottom)
    return np.stack([across, 1 - up], axis=1)


def _draw(
    canvas: Canvas,
    found: Map,
    drawn: tuple[Rows, Rows, Rows],
    labels: Rows,
    classes: tuple[str, ...],
    centers: dict[int, Float64s],
) -> None:
    axes = canvas.add_axes(BOX)
    left_end, right_end, bottom, top = _limits(found)
    axes.set(xlim=(left_end, right_end), ylim=(bottom, top))
    right, wrong, flagged = drawn
    size = float(np.clip(12_000 / len(found.points), 5, 22)) * (0.5 if is_narrow(canvas) else 1.0)
    # Thousands of points as pixels: as shapes they would make the page several times as large.
    cycle = lcm(len(MARKERS), len(CLASS_COLORS))  # classes that far apart look alike, and are drawn together
    for look in range(min(cycle, len(classes))):
        for rows, ring in ((right, False), (wrong, True)):
            mine = rows[labels[rows] % cycle == look]
            if len(mine):
                _points(axes, found.points[mine], look, size, ring=ring)
    _crosses(axes, found.points[flagged], size)
    _name_classes(axes, [(label(classes[c]), center) for c, center in centers.items()])
    first, second = found.explained
    axes.set(
        xlabel=f"component 1 ({percent(first, 0)} of the variance)",
        ylabel=f"component 2 ({percent(second, 0)})",
    )
    axes.set_xticks([])
    axes.set_yticks([])


def _points(axes: Axes, points: Float64s, label: int, size: float, *, ring: bool) -> None:
    """The points of the classes that look as `label` does; mistakes are larger, with a ring."""
    marker, color = MARKERS[label % len(MARKERS)], CLASS_COLORS[label % len(CLASS_COLORS)]
    style: dict[str, Any] = {"marker": marker, "rasterized": True, "linewidths": 0}
    x, y = points.T
    if not ring:
        axes.scatter(x, y, s=size, color=color, alpha=0.6, zorder=2, **style)
        return
    dark, light = RINGS
    for times, shade in ((3.6, light), (2.6, dark), (1.5, color)):
        axes.scatter(x, y, s=times * size, color=shade, zorder=3, **style)


def _crosses(axes: Axes, points: Float64s, size: float) -> None:
    """A cross on each image that the audit flagged, dark on light: it can be seen on every color."""
    x, y = points.T
    for width, shade in zip((2.2, 1.0), reversed(RINGS), strict=True):
        axes.scatter(x, y, s=2.2 * size, marker="x", color=shade, linewidths=width, zorder=3, rasterized=True)


def _name_classes(axes: Axes, centers: Sequence[tuple[str, Float64s]]) -> None:
    """Write each name at its place, on a ground of the page's color; moved up where two would overlap."""
    bottom, top = axes.get_ylim()
    left, right = axes.get_xlim()
    narrow = is_narrow(axes.figure)  # type: ignore[arg-type]
    high, letter = (
        (0.06, 0.034) if narrow else (_APART, 0.0145)
    )  # shares of the map that a line and a letter take
    placed: list[tuple[float, float, float]] = []
    for text, center in sorted(centers, key=lambda entry: float(entry[1][1])):
        half = letter * text_width(text) / 2 * (right - left)
        x = float(np.clip(center[0], left + half, right - half))
        y = float(center[1])
        while any(abs(y - b) < high * (top - bottom) and abs(x - a) < half + other for a, b, other in placed):
            y += 0.1 * high * (top - bottom)
        placed.append((x, y, half))
        ground = {"boxstyle": "round,pad=0.15", "facecolor": CARD, "edgecolor": "none", "alpha": 0.8}
        axes.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=8,
            color=INK,
            fontweight="bold",
            bbox=ground,
            zorder=4,
        )


def _finding(found: Map, centers: dict[int, Float64s], evaluation: Evaluation) -> str:
    """How much of the model's view the map shows, and which classes lie nearest to each other on it."""
    text = (
        f"The two components of {found.of} contain {percent(sum(found.explained), 0)} of the variance; the "
        "rest is not on the map."
    )
    if len(centers) < 2:
        return text
    labels = list(centers)
    middle = np.array([centers[c] for c in labels])
    apart = np.linalg.norm(middle[:, None] - middle[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    first, second = np.unravel_index(int(apart.argmin()), apart.shape)
    pair = [name(evaluation.classes[labels[int(i)]]) for i in (first, second)]
    a, b = labels[int(first)], labels[int(second)]
    mixed = int(evaluation.confusion[a, b] + evaluation.confusion[b, a])
    told = f"confused {count(mixed, 'time')}" if mixed else "never confused"
    return f"{text} Nearest to each other lie {pair[0]} and {pair[1]}, {told}."
