"""The one size that all images of a set are brought to, and how it is chosen."""

import re
import statistics
from collections.abc import Sequence
from typing import Final

from assay.core.arrays import Shape
from assay.core.errors import AssayError

#: Where sizes differ, images are made no larger than this without being asked: 64 x 64 can be trained
#: on a processor, and what a photograph shows can mostly still be told.
LARGEST_DEFAULT: Final = 64

_LARGEST: Final = 4096


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
