"""Class names in any script can be told from each other in every form of a figure."""

import io

import numpy as np
import pytest
from PIL import Image

from assay.reports.drawing import scripts
from assay.reports.drawing.canvas import Drawing, draw, label

NAMES = ["قطة", "बिल्ली", "いぬ", "猫", "ไก่", "חתול", "😀 smile"]


def drawing_of(name: str) -> Drawing:
    def paint(canvas):
        axes = canvas.subplots()
        axes.set_yticks([0, 1], [label(name), "cat"])
        axes.set_title(label(name))

    return draw("names", 1.5, paint)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_name_as_text(name: str) -> None:
    """The browser sets it with its own fonts, and from right to left where it must."""
    found = drawing_of(name)
    assert label(name) in found.svg
    assert label(name) in found.narrow


@pytest.mark.parametrize(("one", "other"), [("猫", "犬"), ("いぬ", "いむ"), ("बिल्ली", "बिल्ला"), ("𒀀", "𒀁")])
def test_the_picture_has_no_boxes(one: str, other: str) -> None:
    """Boxes would be equal: two names of one script and length, whatever fonts this machine has."""
    assert drawing_of(one).png != drawing_of(other).png


def test_what_no_font_has_becomes_numbers() -> None:
    """Word by word, and only in the picture."""
    assert scripts.drawable("𒀀𒀁 cat") == "U+12000-12001 cat"
    assert scripts.drawable("قطة שלום cat é 12") == "قطة שלום cat é 12"
    assert scripts.shown("𒀀") == "𒀀"
    with scripts.by_numbers():
        assert scripts.shown("𒀀") == "U+12000"
    assert drawing_of("𒀀").png == drawing_of("U+12000").png


def test_letters_from_right_to_left_are_joined_and_in_order() -> None:
    """The first letter of an Arabic word stands at its right, in another form than alone."""
    joined, alone = pixels(drawing_of("سسس").png), pixels(drawing_of("س\u200cس\u200cس").png)
    assert not np.array_equal(joined, alone)
    first, last = pixels(drawing_of("אי").png), pixels(drawing_of("יא").png)
    ink = [np.flatnonzero((image < 128).any(axis=0)) for image in (first, last)]
    assert not np.array_equal(*ink)  # a narrow letter left, or right


def test_fonts_of_the_system_come_after_the_own() -> None:
    """Where the own font has a character every machine draws the same."""
    assert scripts.font_families()[0] == scripts.OWN_FONT
