"""Pictures of 16 bits a channel, brought to 8 by one scale for a whole set.

Cameras, scanners and microscopes write 10, 12 or 14 bits into files of 16, and some tools write 8. By their
high byte alone such pictures would be black, or have a few levels. So the largest and the least value of the
set decide how many bits are kept, and the model keeps that scale for pictures to come. Scales are shifts by
whole bits: exact, and the same for a set that lacks some of its pictures.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.errors import AssayError
from assay.data.values import DeepScale

#: The high byte: for pictures of which no set is known.
FULL_SCALE: Final = DeepScale(0, 8)

#: Where bit depth and color type stand in a PNG, and the type of gray with opacity (3rd edition, 11.2.1).
_DEPTH_AT: Final = 24
_COLOR_AT: Final = 25
_GRAY_WITH_OPACITY: Final = 4

#: Share of a picture's values, at each end, that is not its bulk: burnt-in letters, dead pixels.
_ENDS: Final = 0.001

#: The least value is taken away where that leaves at least so many bits fewer: below, black stays black.
_OFFSET_BITS: Final = 2

#: A picture whose bulk leaves the scale by more than this share of it was made otherwise.
_TOLERANCE: Final = 0.25

#: A single picture without a known scale is read by its high byte if that reaches this: two bits unused.
_FULL_RANGE: Final = 64


class Levels(NamedTuple):
    """Values of a picture of 16 bits, or of a set: the least and the largest, and those of all but the
    thousandth at each end of each picture."""

    low: int
    high: int
    bulk_low: int
    bulk_high: int


def is_deep(data: bytes) -> bool:
    """Whether the content of an image file has 16 bits a channel: of the formats read, only PNG can."""
    return data.startswith(b"\x89PNG") and data[_DEPTH_AT] == 16


def is_deep_gray(data: bytes) -> bool:
    """Whether it has 16 bits a channel and is gray with opacity, which Pillow tells as colored."""
    return is_deep(data) and data[_COLOR_AT] == _GRAY_WITH_OPACITY


def deep_values(
    data: bytes, image: Image.Image, again: Callable[[], Any]
) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
    """Values `(h, w, 1 or 3)` of a PNG of 16 bits, and its opacity `(h, w)`, None where it has none.

    data: the file. image: loaded by Pillow, which keeps the high byte of colors. again: opens it anew.
    """
    if image.mode.startswith("I"):
        return deep_values_of(image)
    high = np.asarray(image)
    gray = is_deep_gray(data)
    low = np.asarray(_low_bytes(again(), "RGBA" if gray else f"{image.mode};16L"))
    if gray:
        values = low[..., 0].astype(np.uint16) << 8 | low[..., 1]
        return values[..., None], low[..., 2]
    values = high[..., :3].astype(np.uint16) << 8 | low[..., :3]
    return (values, high[..., 3]) if image.mode == "RGBA" else _without_transparent(values, image)


def deep_values_of(image: Image.Image) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
    """The same of an image of Pillow's mode I. Raises ValueError for values of more than 16 bits."""
    values = np.asarray(image)
    if values.size and (values.min() < 0 or values.max() > np.iinfo(np.uint16).max):
        raise ValueError("values of more than 16 bits")
    return _without_transparent(values[..., None].astype(np.uint16), image)


def _low_bytes(image: Any, raw: str) -> Image.Image:
    """The picture by the low byte of each value; of gray with opacity, all four bytes as channels."""
    image.tile = [tile._replace(args=raw) for tile in image.tile]
    image.load()
    return image  # type: ignore[no-any-return]  # a plugin's own class, of more than `Image` declares


def _without_transparent(
    values: NDArray[np.uint16], image: Image.Image
) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
    """The values, and the opacity that follows from the one transparent color (11.3.1.1), if there is one."""
    if "transparency" not in image.info:
        return values, None
    clear = (values == np.asarray(image.info["transparency"])).all(axis=2)
    return values, np.where(clear, 0, 255).astype(np.uint8)


def levels_of(values: NDArray[np.uint16], alpha: NDArray[np.uint8] | None) -> Levels:
    """The levels of a picture, its transparent pixels left out."""
    seen = values.ravel() if alpha is None else values[alpha > 0].ravel()
    if not len(seen):
        return Levels(0, 0, 0, 0)
    cut = int(_ENDS * len(seen))
    ordered = np.partition(seen, sorted({cut, len(seen) - 1 - cut}))
    return Levels(int(seen.min()), int(seen.max()), int(ordered[cut]), int(ordered[-1 - cut]))


def eight_bits(values: NDArray[np.uint16], alpha: NDArray[np.uint8] | None, scale: DeepScale) -> Image.Image:
    """The picture in 8 bits, of mode L, LA, RGB or RGBA."""
    kept = np.clip((values.astype(np.int32) - scale.low) >> scale.shift, 0, 255).astype(np.uint8)
    image = Image.fromarray(kept[..., 0] if kept.shape[2] == 1 else kept)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    return image


def together(levels: Iterable[Levels]) -> Levels | None:
    """The levels of all pictures; None where there are none."""
    found = list(levels)
    if not found:
        return None
    low, high, bulk_low, bulk_high = zip(*found, strict=True)
    return Levels(min(low), max(high), min(bulk_low), max(bulk_high))


def scale_for(levels: Levels) -> DeepScale:
    """The scale that keeps most of a set with these levels and cuts nothing off.

    From 0, unless all values lie so close together far from it that `_OFFSET_BITS` more bits can be kept.
    """
    span = (levels.high - levels.low).bit_length()
    low = levels.low if max(span, 8) + _OFFSET_BITS <= levels.high.bit_length() else 0
    return DeepScale(low, max(0, (levels.high - low).bit_length() - 8))


def note_on(count: int, levels: Levels, scale: DeepScale) -> str:
    """What was done to the pictures of 16 bits of a set, in words."""
    less = f"less {scale.low:,} and " if scale.low else ""
    how = f"{less}divided by {1 << scale.shift}" if scale.shift or less else "kept as they are"
    if (scale.low, scale.shift) == (FULL_SCALE.low, FULL_SCALE.shift):
        how = "their high byte is kept"
    note = (
        f"{count:,} images have 16 bits a channel with values {levels.low:,} to {levels.high:,}: {how}, "
        "by one rule for all images, which the model keeps"
    )
    bulk = scale_for(levels._replace(low=levels.bulk_low, high=levels.bulk_high))
    if bulk.shift > scale.shift - 2:
        return note
    return (
        f"{note}; but all else than the thousandth at each end of each image lies within {levels.bulk_low:,} "
        f"to {levels.bulk_high:,}: a few values set the scale, and the images have fewer levels for it"
    )


def off_scale(levels: Levels, scale: DeepScale | None, where: object) -> AssayError | None:
    """The error `image-format` for a picture of 16 bits that a model's scale does not fit; else None.

    scale: None where training saw no picture of 16 bits: then only one that uses its bits can be read.
    """
    if scale is None:
        return _too_dark(levels, where)
    margin = int(_TOLERANCE * (scale.high - scale.low))
    if levels.bulk_high <= scale.high + margin and levels.bulk_low >= scale.low - margin:
        return None
    what = (
        f"the image has 16 bits a channel with values {levels.low:,} to {levels.high:,}; those that the "
        f"model was trained on lie within {scale.low:,} to {scale.high:,}"
    )
    return AssayError("image-format", where, what, "Save it as the training images were.")


def _too_dark(levels: Levels, where: object) -> AssayError | None:
    if levels.high >> 8 >= _FULL_RANGE:
        return None
    what = (
        "the image has 16 bits a channel, the upper two unused, and the model was trained on images of "
        "8 bits: how its values compare with theirs cannot be known"
    )
    return AssayError("image-format", where, what, "Save it with 8 bits, as the training images are.")
