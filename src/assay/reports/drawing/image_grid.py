"""A grid of images as a figure: rows with class names, every image at the same scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from assay.reports.drawing.canvas import WIDTH, Drawing, Plot, draw, label, plot, text_width
from assay.reports.drawing.colors import INK, MUTED
from assay.reports.drawing.image_tiles import GAP, cell_ratio, fitting, mosaic

#: Inches kept free: for each letter of a class name, for the caption below an image, around everything.
_LETTER: Final = 0.08
_CAPTION: Final = 0.42
_MARGIN: Final = 0.05


@dataclass(frozen=True, eq=False)
class Grid:
    """Images by row and column.

    images: uint8 `(n, h, w, c)`; places: int64 `(n, 2)`, row and column of each; shape: rows, columns.
    names: one per row, or empty. captions: one per image, each up to two lines, or empty.
    """

    images: NDArray[np.uint8]
    places: NDArray[np.int64]
    shape: tuple[int, int]
    names: Sequence[str] = ()
    captions: Sequence[tuple[str, str]] = ()


def row_by_row(count: int, columns: int) -> NDArray[np.int64]:
    """int64 `(count, 2)`: places filled from the left, then downward."""
    return np.stack(np.divmod(np.arange(count), columns), axis=1)


def draw_grid(name: str, grid: Grid) -> Drawing:
    """The grid as a figure `WIDTH` wide; images keep their proportions within reason."""
    rows, columns = grid.shape
    grid = replace(grid, images=fitting(grid.images, rows * columns))
    layout = _layout(grid)
    return draw(
        name, rows * layout.step + 2 * _MARGIN, lambda canvas: _paint(canvas, grid, layout), arrange=False
    )


def plot_grid(grid: Grid) -> Plot:
    """The grid as a matplotlib figure."""
    rows, columns = grid.shape
    grid = replace(grid, images=fitting(grid.images, rows * columns))
    layout = _layout(grid)
    return plot(rows * layout.step + 2 * _MARGIN, lambda canvas: _paint(canvas, grid, layout), arrange=False)


@dataclass(frozen=True)
class _Layout:
    """Inches: where the first column begins, the size of an image, the gap to the next, a row's step."""

    left: float
    width: float
    height: float
    gap: float
    step: float


def _layout(grid: Grid) -> _Layout:
    longest = max((text_width(label(name)) for name in grid.names), default=0)
    left = _MARGIN + (0.15 + _LETTER * longest if longest else 0)
    columns, pixels = grid.shape[1], grid.images.shape[2]
    unit = (WIDTH - left - _MARGIN) / (columns * (pixels + GAP) - GAP)  # inches to a pixel
    width, gap = unit * pixels, unit * GAP
    height = width * cell_ratio(grid.images.shape[1:])
    return _Layout(left, width, height, gap, height + (_CAPTION if grid.captions else gap))


def _paint(canvas: Canvas, grid: Grid, layout: _Layout) -> None:
    """Place each row as one picture, so that names and captions line up with it."""
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    columns = grid.shape[1]
    right = layout.left + columns * (layout.width + layout.gap) - layout.gap
    for row in range(grid.shape[0]):
        top = _MARGIN + row * layout.step
        bottom = top + layout.height
        mine = grid.places[:, 0] == row
        if mine.any():
            picture = mosaic(grid.images[mine], grid.places[mine] * (0, 1), (1, columns))
            axes.imshow(picture, extent=(layout.left, right, bottom, top), aspect="auto")
        if grid.names:
            axes.text(layout.left - 0.12, (top + bottom) / 2, label(grid.names[row]), ha="right", va="center")
    for place, lines in zip(grid.places, grid.captions, strict=bool(grid.captions)):
        _caption(axes, layout, place, lines)
    axes.set(xlim=(0, WIDTH), ylim=(canvas.get_figheight(), 0))


def _caption(axes: Axes, layout: _Layout, place: NDArray[np.int64], lines: tuple[str, str]) -> None:
    x = layout.left + place[1] * (layout.width + layout.gap) + layout.width / 2
    y = _MARGIN + place[0] * layout.step + layout.height + 0.05
    for n, (line, color) in enumerate(zip(lines, (INK, MUTED), strict=True)):
        axes.text(x, y + 0.125 * n, line, ha="center", va="top", fontsize=7, color=color)
