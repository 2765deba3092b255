"""One picture that is an object in Python: Pillow's image, an array, a tensor, a content or a path."""

import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.pixel_arrays import FloatRange, pixels, plain_images
from assay.data.formats.png import png_bytes
from assay.data.listing.listing import Payload
from assay.data.request import Request

#: Modes of Pillow that a PNG holds without loss.
_LOSSLESS = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def is_picture(value: object) -> bool:
    """Whether it can be one image: a picture, an array, a content or a path; no number."""
    if isinstance(value, Mapping):
        return "bytes" in value or "path" in value
    return isinstance(value, Image.Image | str | bytes | os.PathLike) or getattr(value, "ndim", 0) > 0


def as_payload(value: Any, where: str, request: Request) -> Payload:
    """The image as content of a file, or its path, as files in a folder are read.

    where: what to call it in an error. Raises AssayError `bad-arrays`, `pixel-out-of-range`.
    """
    if isinstance(value, Mapping):  # the hub's form of an image that is not decoded
        value = value.get("bytes") or value.get("path")
    if isinstance(value, str | os.PathLike):
        return os.path.realpath(os.path.join(request.root or "", os.fspath(value)))  # noqa: PTH118  a link's target is read
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Image.Image):
        return _png(value, where)
    if getattr(value, "ndim", 0) > 0:
        return _encoded(value, where, request.floats)
    kind = f"{type(value).__module__}.{type(value).__name__}"
    fix = "Give pictures of Pillow, arrays, contents or paths of image files."
    raise AssayError("bad-arrays", where, f"a {kind} is no image", fix)


def _png(image: Image.Image, where: str) -> bytes:
    """A picture of Pillow as PNG: the same pixels, and the orientation that its camera noted.

    Pillow reads a file only now; of one that is damaged the content is given, to be refused or left out with
    its reason as a file is.
    """
    source = getattr(image, "fp", None)
    out = io.BytesIO()
    try:
        plain = image if image.mode in _LOSSLESS else image.convert("I;16" if image.mode == "I" else "RGB")
        plain.save(out, "PNG", exif=image.getexif(), compress_level=1)
    except (EOFError, OSError, SyntaxError, ValueError) as error:
        if source is not None and not source.closed and source.seekable():
            source.seek(0)
            return bytes(source.read())
        told = f"it cannot be read ({one_line(str(error))})"
        raise AssayError("image-unreadable", where, told, "Mend or remove it.") from error
    return out.getvalue()


def _encoded(value: Any, where: str, floats: FloatRange | None) -> bytes:
    """An array or tensor as PNG: `(h, w)`, `(h, w, c)`, channels first, or a flat square."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    shaped, _ = plain_images(array[None], where)
    return png_bytes(pixels(shaped, where, floats)[0])
