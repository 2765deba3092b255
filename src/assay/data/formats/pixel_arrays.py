"""Images in arrays: brought into the one form that the rest reads, and every value checked.

What can be meant in one way is brought into that form, and said in a note; what can be meant in two is
refused.
"""

from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.values import BLOCK

#: The smallest flat image: fewer values a row are features of something.
FEWEST_PIXELS: Final = 64

_CHANNELS: Final = (1, 3)

_FLOAT_FIX: Final = (
    "Give uint8 values in 0-255, or say that they are in [0, 1]: --floats 0-1, in Python floats=True."
)


def plain_images(values: NDArray[Any], where: str) -> tuple[NDArray[Any], str]:
    """Images as `(n, h, w)` or `(n, h, w, c)`, and a note on how they got there; empty where they were so.

    From flat squares `(n, h * h)`, channels first `(n, c, h, w)`, and RGBA `(n, h, w, 4)`. Raises AssayError
    `bad-arrays` for what can be meant in two ways. Other shapes stay as they are, for whoever checks them.
    """
    if values.ndim == 2 and values.shape[1] >= FEWEST_PIXELS:
        return _from_rows(values, where)
    if values.ndim == 4 and values.shape[1] in _CHANNELS and values.shape[3] not in (*_CHANNELS, 4):
        return np.ascontiguousarray(values.transpose(0, 2, 3, 1)), "the channels came first, (n, c, h, w)"
    if values.ndim == 4 and values.shape[1] == values.shape[3] == 3 < values.shape[2]:
        fix = "Use X.transpose(0, 2, 3, 1) if the channels come first; else make the images higher than 3."
        what = f"images of shape {values.shape} may have channels first or last"
        raise AssayError("bad-arrays", where, what, fix)
    if values.ndim == 4 and values.shape[3] == 4 and values.dtype == np.uint8:
        return _over_white(values), "the fourth channel is alpha: laid over white"
    return values, ""


def _from_rows(values: NDArray[Any], where: str) -> tuple[NDArray[Any], str]:
    count = values.shape[1]
    side = isqrt(count)
    if side * side == count:
        note = f"each row of {count:,} values is a gray square, {side} x {side}"
        return values.reshape(len(values), side, side), note
    side = isqrt(count // 3)
    if side * side * 3 == count:
        fix = (
            f"Reshape it: X.reshape(-1, {side}, {side}, 3) if the colors of a pixel lie together, "
            f"X.reshape(-1, 3, {side}, {side}).transpose(0, 2, 3, 1) if red comes first, as in CIFAR-10."
        )
        raise AssayError(
            "bad-arrays", where, f"rows of {count:,} values may be colored squares in two orders", fix
        )
    return values, ""


def _over_white(values: NDArray[Any]) -> NDArray[np.uint8]:
    found = np.empty((*values.shape[:3], 3), np.uint8)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float32)
        alpha = block[..., 3:] / 255
        found[start : start + BLOCK] = np.rint(block[..., :3] * alpha + 255 * (1 - alpha))
    return found


def pixels(values: NDArray[Any], where: str, floats: bool = False) -> NDArray[np.uint8]:
    """Images as uint8 `(n, h, w, c)`, from `(n, h, w)` or `(n, h, w, c)` with 1 or 3 channels.

    Integers must lie in 0-255. Floats are refused unless `floats`: then they must lie in [0, 1] and
    become round(255 x). Raises AssayError `bad-arrays` or `pixel-out-of-range`.
    """
    shaped = values[..., None] if values.ndim == 3 else values
    if shaped.ndim != 4 or shaped.shape[3] not in (1, 3) or 0 in shaped.shape[1:]:
        raise AssayError(
            "bad-arrays",
            where,
            f"images of shape {values.shape} are not (n, height, width) or (n, height, width, 1 or 3)",
            "Give one image per row, channels last.",
        )
    if shaped.dtype == np.uint8:
        return shaped
    if shaped.dtype.kind == "f":
        return _scaled(shaped, where, floats)
    if shaped.dtype.kind not in "iu":
        raise AssayError("bad-arrays", where, f"images of type {values.dtype} are not numbers", _FLOAT_FIX)
    _check_values((shaped < 0) | (shaped > 255), where, "outside 0-255")
    return shaped.astype(np.uint8)


def _scaled(values: NDArray[Any], where: str, floats: bool) -> NDArray[np.uint8]:
    if not floats:
        raise AssayError("bad-arrays", where, f"images are {values.dtype}, not uint8", _FLOAT_FIX)
    # `not (0 <= x <= 1)` rather than `x < 0 or x > 1`: it also catches NaN.
    _check_values(~((values >= 0) & (values <= 1)), where, "outside [0, 1]")
    scaled = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), BLOCK):
        scaled[start : start + BLOCK] = np.rint(values[start : start + BLOCK] * 255.0)
    return scaled


def _check_values(bad: NDArray[np.bool_], where: str, what: str) -> None:
    if bad.any():
        images = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
        raise AssayError(
            "pixel-out-of-range",
            where,
            f"{len(images):,} of {len(bad):,} images have values {what}, the first at index {images[0]}",
            "Bring all values into the range.",
        )
