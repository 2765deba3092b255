"""From an image file to pixels, by rules that are the same for training, prediction and serving.

Formats are told by content, never by name. The rules, each held by a test with golden pixels:

- the first frame of an animation, turned as its EXIF orientation says;
- gray stays gray (one channel); a palette of grays is gray; everything else becomes RGB;
- alpha, also a transparent color, is laid over white;
- 16 bits become 8 by the one scale of the set or model, without one by their high byte;
- 1 bit becomes 0 and 255; CMYK becomes RGB by (1 - C)(1 - K);
- a color profile (ICC) is not applied: the stored values count, as in the common training libraries.
"""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from assay.core.errors import AssayError
from assay.data.decoding.modes import HIDDEN, VANISHED, as_plain, is_gray, turned, vanished
from assay.data.decoding.sixteen_bits import (
    FULL_SCALE,
    Levels,
    deep_values,
    deep_values_of,
    eight_bits,
    is_deep,
    is_deep_gray,
    levels_of,
)
from assay.data.formats.png import check_pixels, plain_png
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import checked_container, pictures_told
from assay.data.values import DeepScale

#: Pixels of one image: 8,192 x 8,192. Decoded to RGB that is 201 MB.
MOST_PIXELS: Final = 1 << 26

#: Bytes of one encoded image.
MOST_BYTES: Final = 1 << 26

#: By format as `recognized_format` tells it. Of a JPEG with several pictures (MPO) the first is read.
_PLUGINS: Final[Mapping[str, Callable[[io.BytesIO], Image.Image]]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}

#: What the decoders raise on damaged files.
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)

_ORIENTATION: Final = 0x0112

#: Warnings are process-wide: decoders that warn must not do so in two threads at once.
_warnings_lock = threading.Lock()
_silenced = False

#: A file without any of these has no orientation: EXIF by its names in PNG, JPEG and WebP, as ImageMagick
#: writes it, and XMP.
_METADATA_MARKS: Final = (b"eXIf", b"Exif", b"EXIF", b"Raw profile", b"ns.adobe.com")


#: How it begins to be said that one frame was read of several.
FIRST: Final = "first of"


class Picture(NamedTuple):
    """A decoded image file.

    pixels: uint8 `(h, w, 1)` gray or `(h, w, 3)` RGB. format, mode: as stored (`JPEG`, `CMYK`).
    width, height: as stored, before turning. bytes: length of the file.
    conversions: what was done to it, one short phrase each (`turned`, `first of 3 frames`).
    levels: of an image of 16 bits, the values that were in it; else None.
    """

    pixels: NDArray[np.uint8]
    format: str
    mode: str
    width: int
    height: int
    bytes: int
    conversions: tuple[str, ...] = ()
    levels: Levels | None = None

    @property
    def lost(self) -> str:
        """What of the file is not in the pixels: frames after the first, all that was drawn; empty where
        nothing is missing."""
        return "; ".join(
            what for what in self.conversions if what in (VANISHED, HIDDEN) or what.startswith(FIRST)
        )


def read_image(source: bytes | Path, name: str = "") -> NDArray[np.uint8]:
    """The pixels of an image file or of its content: uint8 `(h, w, 1)` gray or `(h, w, 3)` RGB.

    name: what to call `bytes` in an error. Raises AssayError `image-format` (not PNG, JPEG, WebP or
    BMP), `image-too-large`, `image-unreadable`, and those of `read_file`.
    """
    return read_picture(source, name).pixels


def read_picture(source: bytes | Path, name: str = "", deep: DeepScale = FULL_SCALE) -> Picture:
    """As `read_image`, with what the file was. deep: how 16 bits become 8."""
    file = _checked(source, name)
    try:
        return _decoded(file, deep)
    except _DECODER_ERRORS as error:
        raise _damaged(file.where, error) from error


def read_shape(source: bytes | Path, name: str = "") -> tuple[int, int, int]:
    """Height, width and channels that `read_image` would give, from the header alone."""
    file = _checked(source, name)
    try:
        image, orientation = _opened(file)
    except _DECODER_ERRORS as error:
        raise _damaged(file.where, error) from error
    height, width = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
    return height, width, 1 if is_gray(image) or is_deep_gray(file.data) else 3


def picture_of(image: Image.Image, name: str = "image", deep: DeepScale = FULL_SCALE) -> Picture:
    """As `read_picture`, of an image that Pillow opened or made; of an animation the frame that it shows.

    Raises AssayError `image-format` where the range of its values is not known, and those of `read_image`.
    """
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(name, f"{image.width} x {image.height} pixels")
    if image.mode == "F" or (not image.mode.startswith("I") and "16" in str(getattr(image, "tile", ""))):
        fix = "Give the path of the file, or an image of mode L or RGB."
        raise AssayError("image-format", name, f"mode {image.mode}: its values do not come whole", fix)
    try:
        with _quiet():
            image.load()
        orientation, plain, levels = _orientation(image), image, None
        if image.mode.startswith("I"):
            values, alpha = deep_values_of(image)
            levels, plain = levels_of(values, alpha), eight_bits(values, alpha, deep)
        pixels = _pixels(as_plain(turned(plain, orientation)))
    except _DECODER_ERRORS as error:
        raise _damaged(name, error) from error
    kind = image.format or ""
    return Picture(pixels, kind, image.mode, image.width, image.height, 0, levels=levels)


class _File(NamedTuple):
    """The content of an image file of an accepted format, its container found whole."""

    data: bytes
    where: str
    kind: str


def _checked(source: bytes | Path, name: str) -> _File:
    where = str(source) if isinstance(source, Path) else name or "image"
    data = source if isinstance(source, bytes) else read_limited(source)
    return _File(data, where, checked_container(data, where))


def read_limited(path: str | Path, follow_links: bool = True) -> bytes:
    """The content of a file of at most `MOST_BYTES`. Raises AssayError `image-too-large`."""
    data = read_file(path, MOST_BYTES + 1, follow_links)
    if len(data) > MOST_BYTES:
        raise AssayError(
            "image-too-large", path, f"the file has more than {MOST_BYTES:,} bytes", "Save it smaller."
        )
    return data


def _damaged(where: str, error: Exception) -> AssayError:
    what = f"the image is damaged ({str(error) or type(error).__name__})"
    return AssayError("image-unreadable", where, what, "Replace or remove the file.")


def _decoded(file: _File, deep: DeepScale) -> Picture:
    data, where, kind = file
    plain = plain_png(data) if kind == "PNG" else None
    if plain is not None:
        pixels = np.frombuffer(plain.pixels, np.uint8).reshape(plain.height, plain.width, -1)
        return Picture(pixels, "PNG", plain.mode, plain.width, plain.height, len(data))
    image, orientation = _opened(file)
    if kind == "PNG":
        check_pixels(data, where)
    image.load()
    frames = pictures_told(image.info.get("mp")) or getattr(image, "n_frames", 1)
    (width, height), mode, levels = image.size, image.mode, None
    if is_deep(data):
        mode = mode if mode.startswith("I") else f"{mode};16"  # Pillow reads 8 of the 16 bits without a word
        values, alpha = deep_values(data, image, lambda: _opened(file)[0])
        levels, image = levels_of(values, alpha), eight_bits(values, alpha, deep)
    upright = turned(image, orientation)
    simple = as_plain(upright)
    conversions = [f"{FIRST} {frames} frames"] if frames > 1 else []
    conversions += ["turned"] if orientation > 1 else []
    conversions += [f"{mode} to {simple.mode}"] if simple.mode != mode else []
    conversions += [lost] if (lost := vanished(upright, simple)) else []
    return Picture(_pixels(simple), kind, mode, width, height, len(data), tuple(conversions), levels)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, -1)


def _opened(file: _File) -> tuple[Image.Image, int]:
    """The image, its pixels not decoded yet, and its EXIF orientation (1 where there is none)."""
    with _quiet():
        # The plugin itself, not `Image.open`: that would try others, and takes as long again.
        image = _PLUGINS[file.kind](io.BytesIO(file.data))
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(file.where, f"{image.width} x {image.height} pixels")
        return image, _orientation(image) if any(mark in file.data for mark in _METADATA_MARKS) else 1


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of the decoders: what is wrong is told by errors."""
    if _silenced:
        yield
        return
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def silence_warnings() -> None:
    """Do for the whole process, once, what otherwise is done for each image: for workers."""
    global _silenced  # warnings are a state of the process, and so is this
    warnings.simplefilter("ignore")
    _silenced = True


def _too_large(where: str, what: str) -> AssayError:
    return AssayError(
        "image-too-large", where, f"{what}; at most {MOST_PIXELS:,} are decoded", "Save it smaller."
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DECODER_ERRORS:
        return 1  # damaged metadata do not make the pixels unusable
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
