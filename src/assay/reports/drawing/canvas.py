"""Drawing: one matplotlib figure becomes an SVG for the page and a PNG on white, equal for equal input.

Nothing here keeps state: no pyplot, and matplotlib's settings are put back after each drawing.
"""

import io
import logging
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine

from assay.core.text import one_line
from assay.reports.drawing.colors import INK, LINE, MUTED
from assay.reports.drawing.memoized import drawn_once
from assay.reports.drawing.page_svg import TIP, page_svg
from assay.reports.drawing.scripts import (
    OWN_FONT,
    beyond_own_font,
    by_numbers,
    font_families,
    lacks_fonts,
    shown,
)

#: Inches. At 72 units an inch the text is as large as the page's on a phone, and a little larger on a desk.
WIDTH: Final = 7.0

#: Inches on a phone: the same type is as large there, in a figure of less than half the width.
NARROW: Final = 3.0

#: Pixels per inch of the PNG: 980 pixels wide.
_PNG_DPI: Final = 140

#: The same of what an SVG holds as pixels (clouds of points): sharp on a dense screen.
_RASTER_DPI: Final = 180

#: Class names in figures are cut to this many letters; the tables beside them show them whole.
LONGEST_LABEL: Final = 22

_SETTINGS: Final[dict[str, Any]] = {
    "text.parse_math": False,  # a class named "$x$" is a name, not a formula
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and recolored
    "svg.image_inline": True,
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "image.interpolation": "none",
}


@dataclass(frozen=True)
class Drawing:
    """One picture in its forms: see `assay.reports.values.Figure`. narrow: for a phone; empty: the same."""

    svg: str
    png: bytes
    narrow: str = ""


Paint = Callable[[Canvas], None]


def draw(
    name: str, height: float, paint: Paint, narrow_height: float | None = None, *, arrange: bool = True
) -> Drawing:
    """Make a figure `WIDTH` by `height` inches, let `paint` fill it, and give all its forms.

    name: unique on the page: it goes into the identifiers inside the SVG. narrow_height: inches on a phone,
    where the figure is `NARROW` wide; None: as on a desk. arrange: make room for labels and titles; False
    where `paint` gives everything its place. A `painting` of values is drawn once (see there).
    """
    return drawn_once(
        lambda: _drawn(name, height, paint, narrow_height, arrange=arrange),
        *(name, height, paint, narrow_height, arrange),
    )


def _drawn(name: str, height: float, paint: Paint, narrow_height: float | None, *, arrange: bool) -> Drawing:
    with _settings(name), _missing_glyphs_ignored():
        canvas = _painted(WIDTH, height, paint, arrange=arrange)
        wide = _svg(canvas)
        png = _png(_with_fonts(canvas, WIDTH, height, paint, arrange=arrange))
        families = mpl.rcParams["font.family"]
    with _settings(f"{name}-narrow", families), _missing_glyphs_ignored():
        narrow = _svg(_filled(NARROW, narrow_height or height, paint, arrange=arrange))
    return Drawing(wide, png, narrow)


def draw_png(name: str, height: float, paint: Paint) -> bytes:
    """The PNG alone of a figure in which `paint` gives everything its place."""
    with _settings(name), _missing_glyphs_ignored():
        canvas = _painted(WIDTH, height, paint, arrange=False)
        return _png(_with_fonts(canvas, WIDTH, height, paint, arrange=False))


def _painted(width: float, height: float, paint: Paint, *, arrange: bool) -> Canvas:
    """The figure in the own font, or in all fonts where that lacks a character.

    All of them are asked for every text, which takes a tenth of a report's time.
    """
    canvas = _filled(width, height, paint, arrange=arrange)
    if beyond_own_font(canvas):
        mpl.rcParams["font.family"] = [*font_families()]  # put back by `_settings`
        canvas = _filled(width, height, paint, arrange=arrange)
    return canvas


def _filled(width: float, height: float, paint: Paint, *, arrange: bool) -> Canvas:
    canvas = Canvas(figsize=(width, height))
    FigureCanvasAgg(canvas)
    paint(canvas)
    if arrange:  # once for both files: as the figure's own engine it would run before each
        ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.05).execute(canvas)
    for axes in canvas.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if (
                not axis.get_label_text()
            ):  # else all ticks are measured, for the place of a label without text
                axis.set_label_coords(0, 0)
    return canvas


def _with_fonts(canvas: Canvas, width: float, height: float, paint: Paint, *, arrange: bool) -> Canvas:
    """The figure or, where it holds a name that no font has, the same painted with numbers in its place."""
    if mpl.rcParams["font.family"] == [OWN_FONT] or not lacks_fonts(canvas):
        return canvas
    with by_numbers():
        return _painted(width, height, paint, arrange=arrange)


def _png(canvas: Canvas) -> bytes:
    png = io.BytesIO()
    canvas.savefig(png, format="png", dpi=_PNG_DPI, facecolor="white", metadata={"Software": None})
    return png.getvalue()


def _svg(canvas: Canvas) -> str:
    svg = io.StringIO()
    canvas.savefig(svg, format="svg", dpi=_RASTER_DPI, transparent=True, metadata={"Date": None})
    return page_svg(svg.getvalue())


def is_narrow(canvas: Canvas) -> bool:
    """Whether the figure is being painted for a phone."""
    return canvas.get_figwidth() < WIDTH


def side_by_side(canvas: Canvas, ratios: tuple[float, ...] = (1, 1)) -> list[Axes]:
    """Charts beside each other, widths in these ratios; on a phone below each other."""
    if is_narrow(canvas):
        return list(canvas.subplots(len(ratios), 1))
    return list(canvas.subplots(1, len(ratios), width_ratios=ratios))


def tip(artist: Artist, text: str) -> None:
    """Show `text` where the reader points at `artist` on the page."""
    artist.set_gid(TIP + quote(one_line(text), safe=""))


class Plot(Canvas):
    """A matplotlib figure for a notebook, in the report's style: a cell that ends with one shows it.

    It is known to no pyplot, so nothing needs closing.
    """

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        with _settings("plot", font_families()), _missing_glyphs_ignored():
            self.savefig(out, format="png", dpi=_PNG_DPI, facecolor="white")
        return out.getvalue()


def plot(height: float, paint: Callable[[Canvas], None], *, arrange: bool = True) -> Plot:
    """A figure as `draw` makes it, as an object to go on with."""
    with _settings("plot", font_families()), _missing_glyphs_ignored():
        canvas = Plot(figsize=(WIDTH, height))
        FigureCanvasAgg(canvas)
        paint(canvas)
        if arrange:
            ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.05).execute(canvas)
    return canvas


def label(text: str) -> str:
    """A class name as a figure can show it: visible characters only, and not too many."""
    line = shown(one_line(text))
    if text_width(line) <= LONGEST_LABEL:
        return line
    while text_width(line) >= LONGEST_LABEL:
        line = line[: min(len(line) - 1, LONGEST_LABEL - 1)]
    return line + "\N{HORIZONTAL ELLIPSIS}"


def text_width(text: str) -> int:
    """How wide a text is, in letters: characters of some scripts (CJK, emoji) are as wide as two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@contextmanager
def _settings(name: str, families: Sequence[str] = (OWN_FONT,)) -> Iterator[None]:
    """Matplotlib's own defaults and ours, whatever the user's matplotlibrc says; put back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        for setting, value in {
            **_SETTINGS,
            "font.family": [*families],  # by name: of a generic family only the first is asked
            "svg.hashsalt": name,
        }.items():
            mpl.rcParams[setting] = value  # type: ignore[index]
        yield


@contextmanager
def _missing_glyphs_ignored() -> Iterator[None]:
    """Class names may be in a script that no font has: the page shows them by the browser's fonts."""
    font_log = logging.getLogger("matplotlib.font_manager")
    level = font_log.level
    font_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
            warnings.filterwarnings("ignore", r"Matplotlib currently does not support", UserWarning)
            yield
    finally:
        font_log.setLevel(level)
