"""A grid of images as a figure: rows with class names, every image at the same scale.

On the page each image is an element of its own, cut out of one sheet, so that a phone can show fewer in a row
and no caption shrinks; the file on disk is one picture.
"""

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from PIL import Image

from assay.reports.drawing.canvas import WIDTH, Drawing, Plot, draw_png, label, plot, text_width
from assay.reports.drawing.colors import INK, MUTED
from assay.reports.drawing.image_tiles import GAP, cell_ratio, fitting, mosaic
from assay.reports.drawing.memoized import drawn_once, painting

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
    """The grid as a figure; images keep their proportions within reason."""
    return drawn_once(lambda: _drawn(name, grid), "grid", name, grid)


def _drawn(name: str, grid: Grid) -> Drawing:
    rows, columns = grid.shape
    grid = replace(grid, images=fitting(grid.images, rows * columns))
    layout = _layout(grid)
    png = draw_png(name, rows * layout.step + 2 * _MARGIN, painting(_paint, grid, layout))
    return Drawing(_page_grid(name, grid), png)


def _page_grid(name: str, grid: Grid) -> str:
    """The grid as elements of the page: a sheet of all images, and a window on it for each."""
    rows, columns = grid.shape
    _, height, width, _ = grid.images.shape
    sheet = f"tiles-{html.escape(name)}"
    kind = "grid named" if grid.names else "grid"
    narrow = columns if grid.names else 2 * -(-columns // 4)  # even: pairs stay beside each other
    style = (
        f"--columns:{columns};--narrow:{narrow};--aspect:{1 / cell_ratio(grid.images.shape[1:]):.4g};"
        f"max-width:{min(50.0, 6.2 * columns + 8 * bool(grid.names)):.4g}rem"
    )
    places = {(int(row), int(column)): n for n, (row, column) in enumerate(grid.places)}
    cells: list[str] = []
    for row in range(rows):
        if grid.names:
            cells.append(f'<b class="row-name">{_breakable(label(grid.names[row]))}</b>')
        for column in range(columns):
            number = places.get((row, column))
            if number is not None:
                box = f"{column * (width + GAP)} {row * (height + GAP)} {width} {height}"
                cells.append(_page_cell(sheet, box, grid.captions[number] if grid.captions else ()))
            elif grid.names:
                cells.append("<span></span>")
    image = _sheet(sheet, mosaic(grid.images, grid.places, grid.shape))
    return f'<div class="{kind}" style="{style}">{image}{"".join(cells)}</div>'


def windows(name: str, images: NDArray[np.uint8]) -> tuple[str, list[str]]:
    """Images `(n, h, w, c)` as elements of the page: the sheet of all, and a window on it for each."""
    images = fitting(images, max(1, len(images)))
    _, height, width, _ = images.shape
    whole = mosaic(images, row_by_row(len(images), 1), (max(1, len(images)), 1))
    boxes = [f"0 {n * (height + GAP)} {width} {height}" for n in range(len(images))]
    return _sheet(f"tiles-{name}", whole), [_window(f"tiles-{name}", box) for box in boxes]


def _sheet(name: str, whole: NDArray[np.uint8]) -> str:
    return (
        f'<svg class="sheet" aria-hidden="true"><defs><image id="{name}" width="{whole.shape[1]}" '
        f'height="{whole.shape[0]}" href="{_data_address(whole)}"/></defs></svg>'
    )


def _window(sheet: str, box: str) -> str:
    return f'<svg viewBox="{box}" preserveAspectRatio="none" aria-hidden="true"><use href="#{sheet}"/></svg>'


def _page_cell(sheet: str, box: str, caption: Sequence[str]) -> str:
    window = _window(sheet, box)
    lines = "".join(f"<span>{_breakable(line)}</span>" for line in caption if line)
    return f'<span class="cell">{window}{lines}</span>'


def _breakable(line: str) -> str:
    """A text for the page that may go on in the next line after a sign that ends a word: `Animals_Nature`."""
    return re.sub(r"(?<=[^\W\d_])([_./-])(?=\w)", r"\1<wbr>", html.escape(line))


def _data_address(picture: NDArray[np.uint8]) -> str:
    """A picture, uint8 RGBA `(h, w, 4)`, as a data address, in one channel where all is gray.

    Gaps take the color of the images beside them: a window that ends within a pixel shows a part of the next.
    """
    colors = _spread(picture)
    gray = (colors == colors[..., :1]).all()
    out = io.BytesIO()
    Image.fromarray(colors[..., 0] if gray else colors).save(out, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _spread(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colors of a picture with transparent gaps, its images wider by a pixel on every side."""
    colors, there = picture[..., :3].copy(), picture[..., 3] > 0
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        new = np.roll(there, step, axis) & ~there
        colors[new] = np.roll(colors, step, axis)[new]
        there |= new
    return colors


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
