"""Matplotlib's SVG as a part of the page: colors as variables, tips as titles, pictures packed."""

import base64
import html
import io
import re
from typing import Final
from urllib.parse import unquote

from PIL import Image

from assay.reports.drawing.colors import PALETTE

#: Colors of a cloud of points: a third of the bytes of all that there are, and no difference to be seen.
_SHADES: Final = 128

#: Before the text of a tip in an identifier: see `tip`.
TIP: Final = "tip:"


def page_svg(svg: str) -> str:
    """Matplotlib's SVG file as a part of the page.

    Without its prolog, metadata and style sheet (which would rule the whole page), without identifiers
    that other figures have too, in the page's font and colors, and with its pictures packed tight.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    # Inside tags only: what is written between them may be a class name, and stays as it is.
    return re.sub(r"<[^<>]*>", lambda tag: _page_tag(tag[0]), svg)


def _page_tag(tag: str) -> str:
    if tag.startswith("<g "):
        told = re.search(rf' id="{TIP}([^"]*)"', tag)
        tag = re.sub(r' id="[^"]*"', "", tag)
        if told:
            return f"{tag}<title>{html.escape(unquote(told[1]))}</title>"
    if tag.startswith("<svg "):
        tag = re.sub(r' (?:width|height|version)="[^"]*"', "", tag)
    if tag.startswith("<image "):
        return re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _packed, tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    return re.sub(r"(?<=: )#[0-9a-f]{6}\b", _page_color, tag)


_VARIABLES: Final = {color.light: f"var(--{name})" for name, color in PALETTE.items()}


def _page_color(found: re.Match[str]) -> str:
    return _VARIABLES.get(found[0], found[0])


def _packed(found: re.Match[str]) -> str:
    """The embedded picture again, in as few channels as it needs (matplotlib always writes four)."""
    picture = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGBA")
    red, green, blue, alpha = picture.split()
    gray = red.tobytes() == green.tobytes() == blue.tobytes()
    opaque = alpha.getextrema() == (255, 255)
    mode = ("L" if gray else "RGB") + ("" if opaque else "A")
    out = io.BytesIO()
    packed = picture.convert(mode) if mode != "RGBA" else picture.quantize(_SHADES, Image.Quantize.FASTOCTREE)
    packed.save(out, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")
