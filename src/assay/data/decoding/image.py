"""From an image file to pixels, by rules that are the same for training, prediction and serving.

Formats are told by content, never by name. The rules, each held by a test with golden pixels:

- the first frame of an animation, turned as its EXIF orientation says;
- gray stays gray (one channel); a palette of grays is gray; everything else becomes RGB;
- alpha, also a transparent color, is laid over white;
- 16 bits keep their high byte; 1 bit becomes 0 and 255; CMYK becomes RGB by (1 - C)(1 - K);
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
from PIL import BmpImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from assay.core.errors import AssayError
from assay.data.formats.png import check_pixels, plain_png
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import check_container, pictures_told, recognized_format
from assay.data.preprocessing import Preprocessing
from assay.data.values import Resize

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

#: Antialiased when shrinking, smooth when enlarging.
_RESAMPLING: Final = Image.Resampling.BILINEAR

#: Warnings are process-wide: decoders that warn must not do so in two threads at once.
_warnings_lock = threading.Lock()
_silenced = False

#: A file without any of these has no orientation: EXIF by its names in PNG, JPEG and WebP, as ImageMagick
#: writes it, and XMP.
_METADATA_MARKS: Final = (b"eXIf", b"Exif", b"EXIF", b"Raw profile", b"ns.adobe.com")


#: High bytes of 16-bit images that all stay below this leave at least two bits unused.
_FULL_RANGE: Final = 64


class Picture(NamedTuple):
    """A decoded image file.

    pixels: uint8 `(h, w, 1)` gray or `(h, w, 3)` RGB. format, mode: as stored (`JPEG`, `CMYK`).
    width, height: as stored, before turning. bytes: length of the file.
    conversions: what was done to it, one short phrase each (`turned`, `first of 3 frames`).
    """

    pixels: NDArray[np.uint8]
    format: str
    mode: str
    width: int
    height: int
    bytes: int
    conversions: tuple[str, ...] = ()


def read_image(source: bytes | Path, name: str = "") -> NDArray[np.uint8]:
    """The pixels of an image file or of its content: uint8 `(h, w, 1)` gray or `(h, w, 3)` RGB.

    name: what to call `bytes` in an error. Raises AssayError `image-format` (not PNG, JPEG, WebP or
    BMP), `image-too-large`, `image-unreadable`, and those of `read_file`.
    """
    return read_picture(source, name).pixels


def read_picture(source: bytes | Path, name: str = "") -> Picture:
    """As `read_image`, with what the file was."""
    data, where = _checked(source, name)
    try:
        return _decoded(data, where)
    except _DECODER_ERRORS as error:
        raise _damaged(where, error) from error


def read_shape(source: bytes | Path, name: str = "") -> tuple[int, int, int]:
    """Height, width and channels that `read_image` would give, from the header alone."""
    data, where = _checked(source, name)
    try:
        image, orientation = _opened(data, where)
    except _DECODER_ERRORS as error:
        raise _damaged(where, error) from error
    height, width = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
    return height, width, 1 if _is_gray(image) else 3


def _checked(source: bytes | Path, name: str) -> tuple[bytes, str]:
    where = str(source) if isinstance(source, Path) else name or "image"
    data = source if isinstance(source, bytes) else read_limited(source)
    check_container(data, where)
    return data, where


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


def _decoded(data: bytes, where: str) -> Picture:
    plain = plain_png(data)
    if plain is not None:
        pixels = np.frombuffer(plain.pixels, np.uint8).reshape(plain.height, plain.width, -1)
        return Picture(pixels, "PNG", plain.mode, plain.width, plain.height, len(data))
    image, orientation = _opened(data, where)
    if image.format == "PNG":
        check_pixels(data, where)
    image.load()
    frames = pictures_told(image.info.get("mp")) or getattr(image, "n_frames", 1)
    kind = recognized_format(data)
    (width, height), mode = image.size, _stored_mode(image.mode, kind, data)
    upright = _turned(image, orientation)
    simple = _plain(upright)
    conversions = [f"first of {frames} frames"] if frames > 1 else []
    conversions += ["turned"] if orientation > 1 else []
    conversions += [f"{mode} to {simple.mode}"] if simple.mode != mode else []
    return Picture(_pixels(simple), kind, mode, width, height, len(data), tuple(conversions))


def _stored_mode(mode: str, kind: str, data: bytes) -> str:
    """Pillow's mode, with `;16` where a PNG has 16 bits a channel and Pillow reads 8 without a word."""
    return f"{mode};16" if kind == "PNG" and data[24] == 16 and not is_deep(mode) else mode


def is_deep(mode: str) -> bool:
    """Whether an image of this mode has 16 bits a channel."""
    return mode.startswith("I") or mode.endswith(";16")


def too_dark(count: int, brightest: int, where: object) -> AssayError | None:
    """The error `image-format` for images of 16 bits of which none uses the two highest bits; else None.

    count: how many there are; brightest: the largest high byte of them all. The high byte is all that is
    kept: of images with 12 bits that would be 16 levels, of those with 8 bits nothing.
    """
    if not count or brightest >= _FULL_RANGE:
        return None
    what = (
        f"{count:,} images have" if count > 1 else "the image has"
    ) + f" 16 bits a channel, the upper two unused: their high byte holds only {brightest + 1} levels"
    fix = "Save with 8 bits, every image scaled by the largest value of the set."
    return AssayError("image-format", where, what, fix)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, -1)


def _opened(data: bytes, where: str) -> tuple[Image.Image, int]:
    """The image, its pixels not decoded yet, and its EXIF orientation (1 where there is none)."""
    with _quiet():
        # The plugin itself, not `Image.open`: that would try others, and takes as long again.
        image = _PLUGINS[recognized_format(data)](io.BytesIO(data))
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(where, f"{image.width} x {image.height} pixels")
        return image, _orientation(image) if any(mark in data for mark in _METADATA_MARKS) else 1


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


def _turned(image: Image.Image, orientation: int) -> Image.Image:
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


def _plain(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _over_white(image)
    if image.mode.startswith("I"):
        return _high_byte(image)
    mode = "L" if _is_gray(image) else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _is_gray(image: Image.Image) -> bool:
    """Whether it has one channel: by its mode or, with a palette, when all of its colors are gray."""
    if image.mode not in ("P", "PA"):
        return image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
    colors = bytes(image.getpalette("RGB") or ())
    return colors[0::3] == colors[1::3] == colors[2::3]


def _over_white(image: Image.Image) -> Image.Image:
    rgba = (_high_byte(image) if image.mode.startswith("I") else image).convert("RGBA")
    over = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return over.getchannel(0) if _is_gray(image) else over.convert("RGB")


def _high_byte(image: Image.Image) -> Image.Image:
    """A 16-bit gray image in 8 bits; its transparent value, where it has one, becomes alpha."""
    values = np.asarray(image).astype(np.int64)
    gray = Image.fromarray(np.clip(values >> 8, 0, 255).astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.where(values == image.info["transparency"], 0, 255)
        gray.putalpha(Image.fromarray(opaque.astype(np.uint8)))
    return gray


def fit_image(image: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """A picture, uint8 `(h, w, 1 or 3)`, brought to the shape that a model was trained on."""
    channeled = with_channels(image, preprocessing.channels)
    return resized(channeled, preprocessing.height, preprocessing.width, preprocessing.resize)


def with_channels(image: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Gray repeated into RGB, or RGB weighted into gray (ITU-R 601, as Pillow's mode L)."""
    if image.shape[2] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=2)
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def resized(image: NDArray[np.uint8], height: int, width: int, resize: Resize) -> NDArray[np.uint8]:
    """An image, uint8 `(h, w, c)`, in another size, by antialiased bilinear interpolation.

    fit: the whole picture, its sides in proportion, black where it does not reach. crop: its middle,
    in proportion, nothing black. stretch: the whole picture, out of proportion.
    """
    if image.shape[:2] == (height, width):
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    if resize == "stretch":
        result = picture.resize((width, height), _RESAMPLING)
    elif resize == "crop":
        result = ImageOps.fit(picture, (width, height), _RESAMPLING)
    else:
        result = _padded(picture, height, width)
    return np.asarray(result).reshape(height, width, image.shape[2])


def _padded(picture: Image.Image, height: int, width: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    # Even a line of 1 x 10,000 pixels stays visible: no side becomes less than a pixel.
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    canvas = Image.new(picture.mode, (width, height))
    canvas.paste(picture.resize(size, _RESAMPLING), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas
