"""One item that is an object in Python: its picture, its label, and how a data set gives them.

A picture is Pillow's image, an array, a tensor, a content or a path.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import detached, unmasked
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.foreign_code import FAILURES, told
from assay.data.formats.pixel_arrays import ArrayForm, pixels, plain_images
from assay.data.formats.png import png_bytes
from assay.data.formats.texts.column_names import LABEL_NAMES, PATH_NAMES, optional_column
from assay.data.listing.listing import Payload
from assay.data.listing.shards.one_parquet import IMAGE_NAMES
from assay.data.listing.tree import words_of
from assay.data.request import Request

#: Modes of Pillow that a PNG holds without loss.
_LOSSLESS: Final = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")

#: Modes whose values an image file need not hold: whole numbers of 16 and 32 bits. Pillow cuts them off at
#: 0 and 255, or 65,535, when it converts them.
_WIDE: Final = ("I", "I;16B", "I;16L", "I;16N")


def is_picture(value: object) -> bool:
    """Whether it can be one image: a picture, an array, a content or a path; no number."""
    if isinstance(value, Mapping):
        return "bytes" in value or "path" in value
    return isinstance(value, Image.Image | str | bytes | os.PathLike) or getattr(value, "ndim", 0) > 0


def is_nothing(value: Any) -> bool:
    """Whether a value stands for one that is missing: None, NaN, pandas' NA and NaT, NumPy's masked."""
    if value is None or (isinstance(value, np.ndarray) and value.ndim == 0 and hasattr(value, "mask")):
        return value is None or bool(value.mask)
    if isinstance(value, float | np.floating | Decimal):
        return bool(value != value)
    return type(value).__name__ in ("NAType", "NaTType")  # by name: pandas may not be installed


def as_payload(value: Any, where: str, request: Request) -> Payload:
    """The image as content of a file, or its path, as files in a folder are read. A missing one is empty.

    where: what to call it in an error. Raises AssayError `bad-arrays`, `pixel-out-of-range`.
    """
    if isinstance(value, Mapping):  # the hub's form of an image that is not decoded
        value = value.get("bytes") or value.get("path")
    if is_nothing(value):
        return b""
    if isinstance(value, str | os.PathLike):
        return os.path.realpath(os.path.join(request.root or "", os.fspath(value)))  # noqa: PTH118  a link's target is read
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Image.Image):
        return _png(value, where, request.array_form)
    if getattr(value, "ndim", 0) > 0:
        return _encoded(value, where, request.array_form)
    kind = f"{type(value).__module__}.{type(value).__name__}"
    fix = "Give pictures of Pillow, arrays, contents or paths of image files."
    raise AssayError("bad-arrays", where, f"a {kind} is no image", fix)


def _png(image: Image.Image, where: str, form: ArrayForm) -> bytes:
    """A picture of Pillow as PNG: the same pixels, and the orientation that its camera noted.

    One of floats is read as an array of floats is, by what the user said of their range.

    Pillow reads a file only now; of one that is damaged the content is given, to be refused or left out with
    its reason as a file is.
    """
    source = getattr(image, "fp", None)
    out = io.BytesIO()
    try:
        values = np.asarray(image) if image.mode in (*_WIDE, "F") else None
        if image.mode == "F":
            return _encoded(values, where, form)
        plain = image if image.mode in _LOSSLESS else image.convert("RGB")
        plain = plain if values is None else _of_16_bits(values, where)
        plain.save(out, "PNG", exif=image.getexif(), compress_level=1)
    except (EOFError, OSError, SyntaxError, ValueError) as error:
        if source is not None and not source.closed and source.seekable():
            source.seek(0)
            return bytes(source.read())
        told = f"it cannot be read ({one_line(str(error))})"
        raise AssayError("image-unreadable", where, told, "Repair or remove it.") from error
    return out.getvalue()


def _of_16_bits(values: NDArray[Any], where: str) -> Image.Image:
    """Whole numbers as a picture of 16 bits. Raises AssayError `pixel-out-of-range` for others than those."""
    if values.min(initial=0) < 0 or values.max(initial=0) > 65_535:
        what = f"its values are {values.min():,} to {values.max():,}, and 16 bits hold 0 to 65,535"
        fix = "Bring the values of all pictures into that range, by one rule."
        raise AssayError("pixel-out-of-range", where, what, fix)
    return Image.fromarray(values.astype(np.uint16))


def _encoded(value: Any, where: str, form: ArrayForm) -> bytes:
    """An array or tensor as PNG: `(h, w)`, `(h, w, c)`, channels first, or a flat square."""
    array = np.asarray(unmasked(detached(value), where))
    shaped, _ = plain_images(array[None], where, form.channel_order)
    return png_bytes(pixels(shaped, where, form.floats)[0])


#: What items call their picture: Hugging Face's processors write `pixel_values`; or its path.
_OF_IMAGES: Final = (*IMAGE_NAMES, "pixel_values", *PATH_NAMES)

#: Items of a data set beyond which its length is taken for a mistake, or for a set that never ends.
_MOST_ITEMS: Final = 100_000_000


def items_of(given: Any, request: Request, which: Iterable[int] | None = None) -> Iterator[tuple[Any, Any]]:
    """Image and label of each item, or of those asked for, each asked for once."""
    for number in range(_length(given)) if which is None else which:
        item = _item(given, number)
        if isinstance(item, Mapping):
            image = optional_column(
                "the data set", list(item), request.path_column, _OF_IMAGES, "path_column"
            )
            label = optional_column(
                "the data set", list(item), request.label_column, LABEL_NAMES, "label_column"
            )
            if image is None or label is None:
                raise _no_key(list(map(str, item)), image)
            yield item[image], item[label]
        elif isinstance(item, tuple | list) and len(item) == 2:
            yield item[0], item[1]
        else:
            raise wrong_objects(f"item {number} is no pair of image and label, but a {type(item).__name__}")


def _no_key(keys: Sequence[str], image: str | None) -> AssayError:
    """The error for items without a key that is called like an image, or a label; with one that may be."""
    missing, option = ("an image", "path_column") if image is None else ("a label", "label_column")
    words = _OF_IMAGES if image is None else LABEL_NAMES
    may = next((key for key in keys if words_of(key) & set(words)), keys[-1] if keys else "KEY")
    what = f"its items have the keys {', '.join(map(one_line, keys[:8]))}, none of which is {missing}"
    return AssayError("bad-arrays", "the data set", what, f"Name it with {option}, as {option}={may!r}.")


def drawn_anew(given: Any, payloads: Sequence[Payload], request: Request) -> int | None:
    """The number of an item whose picture is another one when it is asked for again; None where none is.

    Three are asked for, of a data set that makes its items when it is asked; a list holds them.
    """
    if isinstance(given, list | tuple) or not payloads:
        return None
    again = sorted({0, len(payloads) // 2, len(payloads) - 1})
    pictures = [image for image, _ in items_of(given, request, again)]
    each = zip(again, pictures, strict=True)
    return next((n for n, image in each if as_payload(image, f"item {n}", request) != payloads[n]), None)


def _length(given: Any) -> int:
    """How many items there are. Raises AssayError `bad-arrays` where that cannot be."""
    try:
        count = len(given)
    except FAILURES as error:
        raise wrong_objects(f"its length cannot be had ({told(error)})") from error
    if count > _MOST_ITEMS:
        raise wrong_objects(f"it says that it has {count:,} items, which do not fit into memory")
    return count


def _item(given: Any, number: int) -> Any:
    """An item; whatever code of the user's raises is told with the item's number."""
    try:
        return given[number]
    except FAILURES as error:
        what = f"item {number} of {len(given):,} cannot be read ({told(error)})"
        raise AssayError(
            "bad-arrays", "the data set", what, "Try data[number], and correct it there."
        ) from error


def wrong_objects(what: str) -> AssayError:
    """The error for objects that are no data set, with the forms that are one."""
    fix = "Give a data set whose items are (image, label), a data frame, or (images, labels)."
    return AssayError("bad-arrays", "the data set", what, fix)
