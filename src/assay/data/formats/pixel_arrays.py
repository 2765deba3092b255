"""Images in arrays: brought into the one form that the rest reads, and every value checked.

What can be meant in one way is brought into that form, and said in a note; what can be meant in two is
refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.values import BLOCK

#: The smallest flat image: fewer values a row are features of something.
FEWEST_PIXELS: Final = 64

_CHANNELS: Final = (1, 3)

#: What floats are: pixels from 0 to 1, or from 0 to 255.
FloatRange = Literal["0-1", "0-255"]

#: Where the colors lie: of a pixel side by side, or a whole plane of each.
ChannelOrder = Literal["last", "first"]

_ORDERS: Final = (
    "--channel-order last if the colors of a pixel lie together, --channel-order first if all red values "
    "come first, as in CIFAR-10."
)


@dataclass(frozen=True)
class ArrayForm:
    """What the user said of arrays whose values or shapes can be meant in several ways."""

    floats: FloatRange | None = None
    channel_order: ChannelOrder | None = None


#: The largest value of each.
_LARGEST: Final[dict[FloatRange, int]] = {"0-1": 1, "0-255": 255}

#: Lines of pixels must resemble the next ones so much more in one order of colors than in the other.
_CLEARLY: Final = 0.8

#: The share of the pixels of an alpha channel that is clear or opaque, at least.
_CLEAR_OR_OPAQUE: Final = 0.5

#: Pixels from 0 to 255 of a whole set reach at least this: below it, and above 1, they are something else.
_DARKEST: Final = 32

#: Rows that are looked at to tell the order of their colors.
_LOOKED_AT: Final = 2_000


def plain_images(
    values: NDArray[Any], where: str, order: ChannelOrder | None = None
) -> tuple[NDArray[Any], str]:
    """Images as `(n, h, w)` or `(n, h, w, c)`, and a note on how they got there; empty where they were so.

    From flat squares `(n, h * h)`, channels first `(n, c, h, w)`, and RGBA `(n, h, w, 4)`. order: where the
    colors lie in shapes that can be meant in two ways. Raises AssayError `bad-arrays` for these without it.
    Other shapes stay as they are, for whoever checks them.
    """
    both = values.ndim == 4 and values.shape[1] == values.shape[3] == 3 < values.shape[2]
    side = _colored_side(values)
    if order is not None and not (both or side):
        what = f"the shape {values.shape} says where the colors lie, so it would be ignored"
        raise AssayError("option-not-used", "--channel-order", what, "Leave it out.")
    if side:
        return _from_colored_rows(values, side, where, order)
    if values.ndim == 2 and values.shape[1] >= FEWEST_PIXELS:
        return _from_rows(values)
    if both and order is None:
        what = f"images of shape {values.shape} may have channels first or last"
        raise AssayError("bad-arrays", where, what, f"Say which: {_ORDERS}")
    first = values.ndim == 4 and values.shape[1] in _CHANNELS and values.shape[3] not in (*_CHANNELS, 4)
    if first or (both and order == "first"):
        return np.ascontiguousarray(values.transpose(0, 2, 3, 1)), "the channels came first, (n, c, h, w)"
    if values.ndim == 4 and values.shape[3] == 4 and values.dtype == np.uint8:
        _refuse_fourth_band(values, where)
        return _over_white(values), "the fourth channel is alpha: laid over white"
    return values, ""


def _refuse_fourth_band(values: NDArray[Any], where: str) -> None:
    """Raise AssayError `bad-arrays` where a fourth channel is rarely clear or opaque, as alpha mostly is: of
    colors laid over white by near infrared or depth little is left."""
    fourth = values[:: max(1, len(values) // _LOOKED_AT), ..., 3]
    if not fourth.size or ((fourth == 0) | (fourth == 255)).mean() >= _CLEAR_OR_OPAQUE:
        return
    what = "the fourth channel is rarely 0 or 255, so it may be a band of its own and no alpha"
    fix = (
        "Give the colors alone, X[..., :3]; where it is alpha, lay them over white: "
        "numpy.rint(X[..., :3] * (X[..., 3:] / 255) + 255 - X[..., 3:]).astype(numpy.uint8)."
    )
    raise AssayError("bad-arrays", where, what, fix)


def _colored_side(values: NDArray[Any]) -> int:
    """The side of the colored squares that flat rows are; 0 where they are none."""
    count = values.shape[1] if values.ndim == 2 else 0
    side = isqrt(count // 3)
    return side if count >= FEWEST_PIXELS and side * side * 3 == count else 0


def _from_rows(values: NDArray[Any]) -> tuple[NDArray[Any], str]:
    count = values.shape[1]
    side = isqrt(count)
    if side * side != count:
        return values, ""
    note = f"each row of {count:,} values is a gray square, {side} x {side}"
    return values.reshape(len(values), side, side), note


def _from_colored_rows(
    values: NDArray[Any], side: int, where: str, order: ChannelOrder | None
) -> tuple[NDArray[Any], str]:
    """Rows of red, green and blue values as squares, in the order that the user names.

    The pixels alone do not settle it: of stripes and thin lines the wrong order is the smoother one.
    """
    if order is None:
        what = f"rows of {values.shape[1]:,} values may be colored squares, {side} x {side}, in two orders"
        fix = (
            f"{_smoother(values, side)}. Say --channel-order last if the colors of a pixel lie together "
            f"(in Python X.reshape(-1, {side}, {side}, 3)), --channel-order first if all red values come "
            f"first, as in CIFAR-10 (X.reshape(-1, 3, {side}, {side}).transpose(0, 2, 3, 1))."
        )
        raise AssayError("bad-arrays", where, what, fix)
    if order == "last":
        note = f"each row is a square, {side} x {side}, the colors of a pixel side by side"
        return values.reshape(len(values), side, side, 3), note
    note = f"each row is a square, {side} x {side}, all red values first, then green, then blue"
    return _planes_last(values, side), note


def _smoother(values: NDArray[Any], side: int) -> str:
    """In which order lines of pixels resemble the next ones, as advice."""
    rows = values[:: max(1, len(values) // _LOOKED_AT)].astype(np.float32)
    last = float(np.abs(rows[:, 3 * side :] - rows[:, : -3 * side]).mean())
    planes = rows.reshape(len(rows), 3, side, side)
    first = float(np.abs(planes[:, :, 1:] - planes[:, :, :-1]).mean())
    if last < _CLEARLY * first:
        return "Lines of pixels resemble the next ones most with --channel-order last"
    if first < _CLEARLY * last:
        return "Lines of pixels resemble the next ones most with --channel-order first"
    return "Lines of pixels resemble the next ones in neither"


def _planes_last(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Rows of three planes as squares `(n, side, side, 3)`."""
    return np.ascontiguousarray(values.reshape(len(values), 3, side, side).transpose(0, 2, 3, 1))


def _over_white(values: NDArray[Any]) -> NDArray[np.uint8]:
    found = np.empty((*values.shape[:3], 3), np.uint8)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float32)
        alpha = block[..., 3:] / 255
        found[start : start + BLOCK] = np.rint(block[..., :3] * alpha + 255 * (1 - alpha))
    return found


def float_range(arrays: Sequence[NDArray[Any]]) -> FloatRange | None:
    """ "0-255" where all values of all arrays are floats, whole, and reach beyond 1: they can only be pixels.

    None for anything else: from 0 to 1 may be pixels or a mask, so the user says which.
    """
    if not all(values.dtype.kind == "f" and values.size for values in arrays):
        return None
    beyond = False
    for values in arrays:
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            if not ((block >= 0) & (block <= 255) & (block == np.floor(block))).all():
                return None
            beyond = beyond or bool((block > 1).any())
    return "0-255" if beyond else None


def pixels(values: NDArray[Any], where: str, floats: FloatRange | None = None) -> NDArray[np.uint8]:
    """Images as uint8 `(n, h, w, c)`, from `(n, h, w)` or `(n, h, w, c)` with 1 or 3 channels.

    Integers must lie in 0-255. Floats are refused unless `floats` says from where to where: then they become
    round(255 x), or round(x). Raises AssayError `bad-arrays` or `pixel-out-of-range`.
    """
    shaped = values[..., None] if values.ndim == 3 else values
    if shaped.ndim != 4 or shaped.shape[3] not in (1, 3) or 0 in shaped.shape[1:]:
        what = f"images of shape {values.shape} are not (n, height, width) or (n, height, width, 1 or 3)"
        last = shaped.ndim == 4 and shaped.shape[2] in (1, 3)  # as the house numbers in MATLAB's files
        way = ": numpy.moveaxis(X, -1, 0)" if last else ""
        raise AssayError("bad-arrays", where, what, f"Give one image per row, channels last{way}.")
    if shaped.dtype == np.uint8:
        return shaped
    if shaped.dtype.kind == "f":
        return _scaled(shaped, where, floats)
    if shaped.dtype.kind not in "iu":
        way = ": (X * 255).astype(numpy.uint8)" if shaped.dtype == np.bool_ else ""
        fix = f"Give uint8 values in 0-255{way}."
        raise AssayError("bad-arrays", where, f"images of type {values.dtype} are not numbers", fix)
    _check_values((shaped < 0) | (shaped > 255), where, "outside 0-255", _integer_fix(shaped))
    return shaped.astype(np.uint8)


def _scaled(values: NDArray[Any], where: str, floats: FloatRange | None) -> NDArray[np.uint8]:
    if floats is None:
        raise AssayError("bad-arrays", where, f"images are {values.dtype}, not uint8", _float_fix(values))
    largest = _LARGEST[floats]
    # `not (0 <= x <= 1)` rather than `x < 0 or x > 1`: it also catches NaN.
    bad = ~((values >= 0) & (values <= largest))
    _check_values(bad, where, f"outside [0, {largest}]", _float_fix(values))
    scaled = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), BLOCK):
        scaled[start : start + BLOCK] = np.rint(values[start : start + BLOCK] * (255.0 / largest))
    return scaled


def _float_fix(values: NDArray[Any]) -> str:
    """What to type for floats, by the values that there are."""
    if not values.size or not np.isfinite(values).all():
        return "Give finite pixels: uint8 in 0-255, or floats with --floats 0-1 or --floats 0-255."
    low, high = float(values.min()), float(values.max())
    found = f"The values are {low:.4g} to {high:.4g}"
    if low < 0 or high > 255 or 1 < high < _DARKEST:
        return f"{found}, so they were standardized or scaled: give the pixels as they were before that."
    if high > 1:
        return f"{found}: say that they are pixels from 0 to 255 with --floats 0-255."
    return f"{found}: say that they are pixels from 0 to 1 with --floats 0-1, in Python floats=True."


def _integer_fix(values: NDArray[Any]) -> str:
    """What to type for whole numbers beyond 8 bits."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if low < 0:
        return f"The values are {low:,} to {high:,}: bring them into 0-255."
    shift = high.bit_length() - 8
    return f"The values use {high.bit_length()} bits. In Python: (X >> {shift}).astype(numpy.uint8)."


def _check_values(bad: NDArray[np.bool_], where: str, what: str, fix: str) -> None:
    if bad.any():
        images = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
        raise AssayError(
            "pixel-out-of-range",
            where,
            f"{len(images):,} of {len(bad):,} images have values {what}, the first at index {images[0]}",
            fix,
        )
