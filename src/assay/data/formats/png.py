"""PNG: whether all of its pixels are there, and a quick way for images that hold nothing else."""

import io
import struct
import threading
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.errors import AssayError
from assay.data.formats.signatures import png_chunks

#: Length, kind; width, height, bit depth, color type, compression, filter, interlace; checksum; and length
#: and kind of the next chunk (PNG 3rd edition, 5.3 and 11.2.1).
_START: Final = struct.Struct(">8xI4s IIBBBBB 4x I4s")

#: How a file ends, behind the checksum of its pixels, that holds nothing else: the end chunk.
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"

#: Bit depth and so on -> Pillow's mode. Any other kind of PNG goes the ordinary way.
_MODES: Final = {(8, 0, 0, 0, 0): "L", (8, 2, 0, 0, 0): "RGB"}

#: Values of a pixel by color type (11.2.1).
_VALUES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: First column and row, and steps between columns and rows: the whole image, or the seven passes (8.1).
_WHOLE: Final = ((0, 0, 1, 1),)
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

#: Pixels of images that are decoded quickly: of larger ones the pixels themselves take the time.
_SMALL: Final = 1 << 16

#: Bytes inflated at once while they are counted.
_BLOCK: Final = 1 << 20


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """A picture, uint8 `(h, w, 1 or 3)`, as the content of a PNG, quickly made."""
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


class PlainPng(NamedTuple):
    """A decoded image. mode: `L` or `RGB`. pixels: a byte for each value, row by row."""

    mode: str
    width: int
    height: int
    pixels: bytes


def plain_png(data: bytes) -> PlainPng | None:
    """The image, where a PNG is small and holds header, pixels and end alone; None for any other PNG.

    Pillow's own decoder of pixels, without its reader of everything that a PNG may hold besides, and into a
    picture that is there already: a third of the time. The container must have been checked. Raises
    ValueError or zlib.error for damaged pixels.
    """
    if len(data) < _START.size:
        return None
    first, header, width, height, *kind, length, second = _START.unpack_from(data)
    content = slice(_START.size, _START.size + length)
    if (first, header, second) != (13, b"IHDR", b"IDAT") or data[content.stop + 4 :] != _END:
        return None
    mode = _MODES.get(tuple(kind))
    if mode is None or not 0 < width * height <= _SMALL:
        return None
    pixels = data[content]
    promised = height * (1 + width * len(mode))
    if len(zlib.decompressobj().decompress(pixels, promised)) < promised:
        raise ValueError("its pixels end too early")
    canvas = _canvas(mode, width, height, threading.get_ident())
    canvas.frombytes(pixels, "zip", mode, 0)
    return PlainPng(mode, width, height, canvas.tobytes())


@lru_cache(16)
def _canvas(mode: str, width: int, height: int, thread: int) -> Image.Image:  # noqa: ARG001  one for each
    """A picture of this thread's to decode into, again and again."""
    return Image.new(mode, (width, height))


def check_pixels(data: bytes, where: str) -> None:
    """Raise AssayError `image-unreadable` where a PNG holds fewer pixels than its header says.

    Decoders fill what is missing with black. The container, and the number of pixels, must have been
    checked. Raises zlib.error for damaged pixels.
    """
    _, _, width, height, depth, color, _, _, interlaced, _, _ = _START.unpack_from(data)
    bits, promised = depth * _VALUES.get(color, 0), 0
    for left, top, across, down in _PASSES if interlaced else _WHOLE:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        # Each row has a number for its filter, and ends with a whole byte.
        promised += rows * (1 + (columns * bits + 7) // 8) if columns > 0 and rows > 0 else 0
    parts = (data[start : start + length] for kind, start, length in png_chunks(data) if kind == b"IDAT")
    if _inflated(parts, promised) < promised:
        raise AssayError("image-unreadable", where, "its pixels end too early", "Replace or remove the file.")


def _inflated(parts: Iterable[bytes], enough: int) -> int:
    """How many bytes compressed parts hold together, counted until there are enough."""
    inflate, count = zlib.decompressobj(), 0
    for part in parts:
        rest = part
        while rest and count < enough and not inflate.eof:
            count += len(inflate.decompress(rest, _BLOCK))
            rest = inflate.unconsumed_tail
    return count + (len(inflate.flush()) if count < enough else 0)
