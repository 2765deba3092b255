import io
import logging
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from assay.reports.drawing.canvas import draw, label, tip
from assay.reports.drawing.colors import BLUE, INK, PALETTE
from assay.reports.drawing.page_svg import page_svg


def painted(text: str = "hello", name: str = "one"):
    def paint(canvas) -> None:
        axes = canvas.add_subplot()
        axes.bar([1, 2], [3, 4], color=BLUE)
        axes.set_title(text)
        axes.imshow(np.zeros((2, 2, 4), np.uint8), extent=(0, 1, 0, 1))

    return draw(name, 2.0, paint)


def test_equal_input_gives_equal_bytes() -> None:
    """Both files are the same when drawn again, and in a process with another hash seed."""
    assert painted() == painted()
    program = (
        "import hashlib; from assay.reports.drawing.canvas import draw\n"
        "d = draw('x', 2.0, lambda c: c.add_subplot().bar([1, 2], [3, 4]))\n"
        "print(hashlib.sha256(d.svg.encode() + d.png).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_colors_become_the_pages_variables() -> None:
    """In the page's copy every color of the palette is a variable, so dark can replace it."""
    svg = painted().svg
    assert "fill: var(--blue)" in svg
    assert "fill: var(--ink)" in svg
    assert not any(color.light in svg for color in PALETTE.values())
    assert "<style" not in svg
    assert "font-family" not in svg


def test_what_is_written_is_never_rewritten() -> None:
    """A text that looks like a color, a tag or a data address stays what it is."""
    text = f'style="fill: {INK}" <g id="a"> data:image/png;base64,AAAA $x$ &amp;'
    tree = ET.fromstring(painted(text).svg)
    assert text in [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_pictures_have_no_names_in_common() -> None:
    """Two figures on one page share no identifier, and every reference leads somewhere."""
    first, second = painted(name="one").svg, painted(name="two").svg
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) <= own


def test_settings_are_put_back() -> None:
    """Drawing leaves matplotlib as it found it, and does not heed a user's own settings."""
    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 40.0, "axes.facecolor": "red"}):
        odd = painted()
    assert odd == painted()
    assert dict(mpl.rcParams) == before


def test_missing_glyphs_make_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    """A script the font lacks gives no warning (which would be an error here) and no log line."""
    with caplog.at_level(logging.WARNING):
        painted("\u4e2d\u6587 \u0e44\u0e17\u0e22 \U0001f45f")
    assert not caplog.records


def test_nothing_global_is_used() -> None:
    """No pyplot: a caller's own figures and backend are left alone."""
    program = "import sys, assay.reports.page.html; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_png_is_on_white() -> None:
    """The PNG can be put into any document: opaque, white around the picture."""
    picture = Image.open(io.BytesIO(painted().png)).convert("RGBA")
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
    assert picture.info.keys() == {"dpi"}


def test_only_page_colors_and_data_addresses() -> None:
    """The page's copy refers to nothing outside itself."""
    svg = page_svg(painted().svg)
    assert not re.search(r'(?:href|src)="(?!#|data:image/png)', svg)


def test_labels_are_cut_and_visible() -> None:
    """Class names in figures stay short and on one line."""
    assert label("a\nb") == "a\\nb"
    assert label("x" * 300) == "x" * 21 + "\u2026"
    assert label("\u4e2d" * 300) == "\u4e2d" * 10 + "\u2026"
    assert label("x" * 22) == "x" * 22


def test_a_tip_is_the_title_of_its_mark() -> None:
    """Whoever points at a mark reads its value; a hostile class name in it is text, on a phone too."""
    name = '"><script>x</script> 88 %'

    def paint(canvas) -> None:
        tip(canvas.add_subplot().bar([1], [2])[0], name)

    drawn = draw("tips", 2.0, paint)
    for svg in (drawn.svg, drawn.narrow):
        titles = [e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("title")]
        assert titles == [name]


def test_a_phone_has_a_figure_of_its_own() -> None:
    """Narrower, with type of the same size: not the wide one scaled down."""
    drawn = painted()
    wide, narrow = (float(ET.fromstring(svg).get("viewBox").split()[2]) for svg in (drawn.svg, drawn.narrow))
    assert (wide, narrow) == (504.0, 216.0)
    sizes = [
        set(re.findall(r"font-size: ([\d.]+)px|font: ([\d.]+)px", svg)) for svg in (drawn.svg, drawn.narrow)
    ]
    assert sizes[0] == sizes[1] != set()
