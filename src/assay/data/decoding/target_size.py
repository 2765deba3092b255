"""The one size that all images of a set are brought to, and how it is chosen."""

import re
import statistics
from collections.abc import Sequence
from typing import Final

from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.data.values import Resize

#: Where sizes differ, images are made no larger than this without being asked: 64 x 64 can be trained
#: on a processor, and what a photograph shows can mostly still be told.
LARGEST_DEFAULT: Final = 64

_LARGEST: Final = 4096

#: Share of each picture that cropping must leave, in the mean, to be the rule unasked: what is cut off a
#: photograph of 16 to 9 is missed less than a black frame is seen in every figure; a line of text is sides.
_LEAST_LEFT: Final = 0.55

#: No larger side is proposed: it takes the memory and the time of twelve times as many pixels as 64 already.
_LARGE: Final = 224

#: Of a picture: with less missing, which a pixel's rounding may be, nothing is said.
_WHOLE: Final = 0.98


def parse_size(text: str | int) -> tuple[int, int]:
    """Height and width from `--size`: "64" for a square, or "48x64" for 48 high and 64 wide.

    Raises AssayError `bad-value`.
    """
    found = re.fullmatch(r"([0-9]{1,5})(?:x([0-9]{1,5}))?", str(text).strip())
    sides = [int(side) for side in found.groups() if side] if found else []
    if not sides or not all(1 <= side <= _LARGEST for side in sides):
        raise AssayError(
            "bad-value",
            "--size",
            f"{text!r} is not a size of 1 to {_LARGEST} pixels",
            "Give one side, as 64, or height x width, as 48x64.",
        )
    return sides[0], sides[-1]


def working_shape(shapes: Sequence[Shape]) -> Shape:
    """Height, width and channels for images of these shapes.

    The common size where all agree; else a square with the median side (the root of the area), at most
    `LARGEST_DEFAULT`. Gray only where all are gray.
    """
    channels = max(shape[2] for shape in shapes)
    sizes = {shape[:2] for shape in shapes}
    if len(sizes) == 1:
        height, width = sizes.pop()
        return height, width, channels
    median = statistics.median((shape[0] * shape[1]) ** 0.5 for shape in shapes)
    side = min(LARGEST_DEFAULT, max(1, round(median)))
    return side, side, channels


def left_by_cropping(shape: tuple[int, ...], height: int, width: int) -> float:
    """The share of a picture of `shape` (height and width first) that its middle in that proportion is."""
    wider = shape[1] * height / (shape[0] * width)
    return min(wider, 1 / wider)


def resizing_rule(shapes: Sequence[tuple[int, ...]], height: int, width: int) -> Resize:
    """How pictures of these shapes get to one size where nobody says how: `crop` where that leaves most of
    them, so that no black frame is taken for a part of any picture; else `fit`."""
    left = statistics.fmean(left_by_cropping(shape, height, width) for shape in shapes)
    return "crop" if left >= _LEAST_LEFT else "fit"


def about_resizing(shapes: Sequence[tuple[int, int]], height: int, width: int, resize: Resize) -> list[str]:
    """What became of pictures of these heights and widths, a sentence each: made smaller, cut, or framed."""
    changed = [shape for shape in shapes if shape != (height, width)]
    notes = []
    larger = [shape for shape in changed if shape[0] * shape[1] > height * width]
    if larger:
        median = round(statistics.median((high * wide) ** 0.5 for high, wide in larger))
        side = max(min(median, _LARGE), height, width)
        more = f"; --size {side} keeps more of them, at a cost" if side > max(height, width) else ""
        notes.append(
            f"{len(larger):,} of {len(shapes):,} images were made smaller, from {median} pixels a side in "
            f"the median to {height} x {width}, and lost details{more}"
        )
    parts = [share for shape in changed if (share := left_by_cropping(shape, height, width)) < _WHOLE]
    if parts and resize != "stretch":
        gone = (
            f"{100 - 100 * statistics.fmean(parts):.0f} % in the mean, {100 - 100 * min(parts):.0f} % at most"
        )
        notes.append(
            f"of {len(parts):,} images the sides were cut off ({gone}); --resize fit keeps all, "
            "in a black frame"
            if resize == "crop"
            else f"{len(parts):,} images stand in a black frame ({gone} of the area), which counts as part "
            "of them; --resize crop leaves none"
        )
    return notes


def side_that_keeps(notes: Sequence[str]) -> int:
    """The side that a note of `about_resizing` proposes for pictures made smaller; 0 without one."""
    found = (re.search(r"made smaller.*--size ([0-9]+) keeps", note) for note in notes)
    return next((int(match.group(1)) for match in found if match), 0)
