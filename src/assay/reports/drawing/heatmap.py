"""A matrix as a figure: cells tinted in two colors, each with its number."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from assay.reports.drawing.canvas import is_narrow, label, tip
from assay.reports.drawing.colors import BLUE, INK, ORANGE

#: The strongest tint: text in the page's ink stays readable on it in the light and in the dark scheme.
STRONGEST_TINT: Final = 0.5
_FAINTEST: Final = 0.02

#: With more rows than this the numbers would be too small to read; the table beside the figure has them.
_MOST_WITH_TEXT: Final = 16
_MOST_ON_PHONE: Final = 5

_NUMBER: Final[dict[str, Any]] = {"ha": "center", "va": "center", "fontsize": 7.5}


def heat_map(
    canvas: Canvas,
    names: Sequence[str],
    blue: NDArray[np.float64],
    orange: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
) -> None:
    """Paint a square matrix. blue, orange: float64 `(k, k)` in [0, 1], how strong each tint is."""
    size = len(names)
    axes = canvas.add_subplot(aspect="auto")
    for row in range(size):
        for column in range(size):
            for strength, color in ((blue[row, column], BLUE), (orange[row, column], ORANGE)):
                if strength > _FAINTEST:
                    corner = (column - 0.48, row - 0.46)
                    alpha = STRONGEST_TINT * strength
                    cell = axes.add_patch(Rectangle(corner, 0.96, 0.92, color=color, alpha=alpha, lw=0))
                    tip(cell, f"{names[row]}, {names[column]}: {texts[row][column]}")
            if size <= (_MOST_ON_PHONE if is_narrow(canvas) else _MOST_WITH_TEXT):
                number = axes.text(column, row, texts[row][column], color=INK, **_NUMBER)
                number.set_in_layout(False)  # always inside: measuring each takes longer than drawing it
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    axes.set_yticks(range(size), [label(n) for n in names])
    axes.set_xticks(range(size), [label(n) for n in names], rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
