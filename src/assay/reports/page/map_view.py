"""The map of the test images for the page's script: points to draw at any zoom, and who lies near whom."""

import base64
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from assay.audits.issues import Issue
from assay.core.arrays import Rows
from assay.estimators.nearest_neighbors import nearest
from assay.evaluation.values import Evaluation
from assay.reports.drawing.canvas import label
from assay.reports.drawing.colors import CLASS_COLORS, MARKERS, RINGS
from assay.reports.figures.embedding import BOX, Map, class_centers, drawn_rows, places_on_map

#: Images shown beside one that was chosen on the map.
ALIKE: Final = 5

#: Steps of a coordinate: two bytes hold them.
_STEPS: Final = 65_535

#: Bits of a point's kind.
_WRONG: Final = 1
_FLAGGED: Final = 2


def flagged_rows(issues: Iterable[Issue], n: int) -> Rows:
    """Rows of the test split that some check of the audit flagged: int64, rising. n: how many rows it has."""
    rows = {issue.index for issue in issues if issue.split == "test" and 0 <= issue.index < n}
    return np.array(sorted(rows), np.int64)


def alike(found: Map, rows: Rows, count: int = ALIKE) -> Rows:
    """For each of `rows` the `count` others that the model computes the most similar features for.

    Returns positions in `rows`, nearest first: int64 `(len(rows), min(count, len(rows) - 1))`. Near: the
    smallest squared difference of `Map.values`, in all its dimensions and not only the two that are drawn.
    """
    values = found.values[rows].astype(np.float32)
    _, near = nearest(values, values, count + 1)
    # An image is its own nearest; where others are equal to it, it may stand behind them, or not at all.
    own = near == np.arange(len(rows))[:, None]
    own[~own.any(axis=1), -1] = True
    others: Rows = near[~own].reshape(len(rows), -1)
    return others


def map_data(found: Map, evaluation: Evaluation, flagged: Rows) -> dict[str, Any]:
    """What the script draws, as JSON types.

    box: the axes within the figure, as shares: left, top, width, height. places: uint16 pairs, little-endian,
    in base64: from the left and from the top of the axes. classes: a byte each, by
    which color and marker go. kinds: a byte each, mistakes 1, flagged 2. names: of classes, and where.
    """
    right, wrong, marked = drawn_rows(evaluation, flagged)
    rows = np.concatenate([right, wrong])
    kinds = _WRONG * np.isin(rows, wrong) + _FLAGGED * np.isin(rows, marked)
    steps = np.rint(places_on_map(found, found.points[rows]) * _STEPS)
    cycle = len(CLASS_COLORS) * len(MARKERS)
    centers = class_centers(found, evaluation)
    return {
        "box": [BOX[0], 1 - BOX[1] - BOX[3], BOX[2], BOX[3]],
        "places": _base64(steps.astype("<u2")),
        "classes": _base64((evaluation.labels[rows] % cycle).astype(np.uint8)),
        "kinds": _base64(kinds.astype(np.uint8)),
        "names": [
            [label(evaluation.classes[c]), *places_on_map(found, center[None])[0].round(4).tolist()]
            for c, center in centers.items()
        ],
        "colors": CLASS_COLORS,
        "markers": MARKERS,
        "rings": RINGS,
    }


def _base64(values: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
