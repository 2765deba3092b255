"""The modes that pictures come in, as the two that Assay reads: gray, or red, green and blue."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WITH_OPACITY: Final = ("LA", "RGBA", "PA", "La", "RGBa")

#: What is said of an image that is white, but for `_EVEN` levels, once it lies over white, and whose opacity
#: differs by more than `_DRAWN`.
VANISHED: Final = "white on transparent, so nothing is left of it over white (lay it over another color)"
_EVEN: Final = 12
_DRAWN: Final = 96

#: What is said of an image that is as white, and whose colors under an even opacity differ by more than that.
HIDDEN: Final = "transparent all over, so nothing is left of its colors over white (save it without opacity)"


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image as EXIF says that it was seen (Exif 2.32, tag Orientation)."""
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


def as_plain(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    if image.mode in _WITH_OPACITY or "transparency" in image.info:
        return _over_white(image)
    mode = "L" if is_gray(image) else "RGB"
    return image if image.mode == mode else image.convert(mode)


def is_gray(image: Image.Image) -> bool:
    """Whether it has one channel: by its mode or, with a palette, when all of its colors are gray."""
    if image.mode not in ("P", "PA"):
        return image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
    colors = bytes(image.getpalette("RGB") or ())
    return colors[0::3] == colors[1::3] == colors[2::3]


def vanished(image: Image.Image, plain: Image.Image) -> str:
    """What was lost of an image with opacity that is nearly even once it lies over white; empty for nothing:
    a drawing in its opacity, or in the colors under that."""
    if not (image.mode in _WITH_OPACITY or "transparency" in image.info):
        return ""
    if np.asarray(plain).min() < 255 - _EVEN:
        return ""
    *colors, opacity = np.moveaxis(np.asarray(image.convert("RGBA")), 2, 0)
    if _differ(opacity):
        return VANISHED
    return HIDDEN if any(map(_differ, colors)) else ""


def _differ(values: NDArray[np.uint8]) -> bool:
    return int(values.max()) - int(values.min()) > _DRAWN


def _over_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    over = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return over.getchannel(0) if is_gray(image) else over.convert("RGB")
