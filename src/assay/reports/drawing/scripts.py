"""Class names in any script, in the PNG of a figure: by fonts of the system, or else by numbers.

Matplotlib joins letters and sets them from right to left where a script asks for it. The page needs none of
this: there a figure's text is text, which the browser sets with its own fonts.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final
from zlib import crc32

#: Comes with matplotlib, so that every machine draws the same wherever it has the characters.
OWN_FONT: Final = "DejaVu Sans"

#: Kinds of characters that are no letters of their own: marks on others, controls, spaces.
_UNSEEN: Final = ("Mn", "Cf", "Zs")

#: Characters that are numbered one by one: as many as a figure has room for.
_SHORT: Final = 3

#: Families that have what the own font lacks, as systems call them, in the order of asking.
_FAMILIES: Final = (
    "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans CJK KR", "Noto Sans JP",
    "Noto Sans SC", "Noto Sans KR", "Noto Sans TC", "Source Han Sans", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Droid Sans Fallback", "IPAGothic", "IPAexGothic", "TakaoPGothic", "VL Gothic",
    "Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Arial Unicode MS", "Microsoft YaHei",
    "MS Gothic", "Malgun Gothic", "Noto Sans Devanagari", "Lohit Devanagari", "Mangal", "Nirmala UI",
    "Noto Sans Arabic", "Noto Naskh Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Bengali",
    "Noto Sans Tamil", "Noto Sans Telugu", "FreeSans", "FreeSerif", "Unifont", "Noto Emoji", "Symbola",
    "Segoe UI Symbol", "Segoe UI Emoji",
)  # fmt: skip


@cache
def font_families() -> tuple[str, ...]:
    """The own font, and those of the system that are asked for characters that it lacks."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    # The library's own list may be older than a font, which then would be missing.
    listed = {font.fname for font in fontManager.ttflist}
    wanted = tuple(name.replace(" ", "").lower() for name in _FAMILIES)
    for path in sorted(findSystemFonts()):
        if path not in listed and Path(path).name.replace(" ", "").lower().startswith(wanted):
            with suppress(
                OSError, RuntimeError, ValueError
            ):  # a damaged font, or of a kind that it cannot read
                fontManager.addfont(path)
    there = {font.name for font in fontManager.ttflist}
    return (OWN_FONT, *(name for name in _FAMILIES if name in there))


@cache
def _characters() -> frozenset[int]:
    """The characters that any of these fonts has."""
    return frozenset(code for name in font_families() for code in _of_font(name))


@cache
def _of_font(name: str) -> frozenset[int]:
    """The characters that a font has."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(name)).get_charmap())


def drawable(text: str) -> str:
    """The text, a word of which no font has a character as the numbers of its characters in Unicode: that
    tells classes apart, boxes do not."""
    return " ".join(word if _has(word) else _numbers(word) for word in text.split(" "))


def _has(word: str) -> bool:
    return all(ord(c) in _characters() or unicodedata.category(c) in _UNSEEN for c in word)


def _numbers(word: str) -> str:
    """The numbers of the characters; of a long word the first, and a number for all of them."""
    if len(word) <= _SHORT:
        return "U+" + "-".join(f"{ord(c):X}" for c in word)
    return f"U+{ord(word[0]):X}..#{crc32(word.encode('utf-8', 'backslashreplace')):08x}"


def lacks_fonts(canvas: Any) -> bool:
    """Whether a painted figure holds a text of which no font has a character."""
    return any(drawable(line) != line for text in _beyond_ascii(canvas) for line in text.split("\n"))


def beyond_own_font(canvas: Any) -> bool:
    """Whether a painted figure holds a character that the own font lacks."""
    letters = {c for text in _beyond_ascii(canvas) for c in text}
    return any(ord(c) not in _of_font(OWN_FONT) and c != "\n" for c in letters)


def _beyond_ascii(canvas: Any) -> set[str]:
    """The texts of a painted figure that hold more than ASCII."""
    from matplotlib.text import Text

    return {text for text in (found.get_text() for found in canvas.findobj(Text)) if not text.isascii()}


_by_numbers = ContextVar("by_numbers", default=False)


@contextmanager
def by_numbers() -> Iterator[None]:
    """Meanwhile `shown` gives names that can be drawn."""
    before = _by_numbers.set(True)
    try:
        yield
    finally:
        _by_numbers.reset(before)


def shown(text: str) -> str:
    """The text as it is, or what stands for it in a picture that is painted `by_numbers`."""
    return drawable(text) if _by_numbers.get() else text
