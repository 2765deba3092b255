"""Whatever holds pictures becomes the images that a model takes, or is refused: never reinterpreted."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.decoding.given import BATCH, fitted, image_blocks
from assay.data.decoding.image import read_image
from assay.data.preprocessing import Preprocessing
from assay.data.values import DeepScale

GRAY, COLOR = Preprocessing(4, 6, 1), Preprocessing(4, 6, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (7, 4, 6, 3), np.uint8)


def _whole(given: Any, preprocessing: Preprocessing) -> np.ndarray:
    return np.concatenate(list(image_blocks(given, preprocessing)))


def _file(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def test_arrays_of_the_models_shape() -> None:
    gray = PIXELS[..., :1]
    np.testing.assert_array_equal(_whole(PIXELS, COLOR), PIXELS)
    np.testing.assert_array_equal(_whole(gray, GRAY), gray)
    np.testing.assert_array_equal(_whole(gray[..., 0], GRAY), gray)
    np.testing.assert_array_equal(_whole(list(gray[..., 0]), GRAY), gray)
    np.testing.assert_array_equal(_whole(list(PIXELS), COLOR), PIXELS)
    blocks = [PIXELS[:2], PIXELS[2], PIXELS[3], PIXELS[4:]]
    np.testing.assert_array_equal(_whole(blocks, COLOR), PIXELS)
    assert _whole(PIXELS[:0], COLOR).shape == (0, 4, 6, 3)
    assert list(image_blocks([], COLOR)) == []


@pytest.mark.parametrize(
    ("given", "preprocessing"),
    [
        (PIXELS[..., 0], COLOR),  # gray where color is wanted: which of both is wrong, nobody knows
        (PIXELS[0], COLOR),  # one image without its axis
        (PIXELS, GRAY),
        (PIXELS[:, :, :5], COLOR),
        (PIXELS / 255, COLOR),
        (PIXELS.astype(np.int64), COLOR),
        (PIXELS[0, 0, 0], COLOR),
        (np.zeros((2, 6, 4), np.uint8), GRAY),
        ([PIXELS[0, :3]], COLOR),
        ([[1, 2]], COLOR),
        ([None], COLOR),
        (5, COLOR),
    ],
    ids=range(12),
)
def test_other_arrays_are_refused(given: Any, preprocessing: Preprocessing) -> None:
    with pytest.raises(AssayError, match="shape-mismatch"):
        _whole(given, preprocessing)


#: As Pillow opens or makes them: mode, size and what a file may carry.
PICTURES = {
    "color": Image.fromarray(PIXELS[0]),
    "other size": Image.fromarray(PIXELS[0]).resize((31, 9)),
    "gray": Image.fromarray(PIXELS[0]).convert("L"),
    "palette": Image.fromarray(PIXELS[0]).quantize(8),
    "alpha": Image.merge("RGBA", [*Image.fromarray(PIXELS[0]).split(), Image.fromarray(PIXELS[0, ..., 0])]),
    "one bit": Image.fromarray(PIXELS[0]).convert("1"),
    "16 bits": Image.fromarray(PIXELS[0, ..., 0].astype(np.uint16) * 257),
    "transparent": Image.fromarray(PIXELS[0]).convert("LA"),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("preprocessing", [GRAY, COLOR], ids=["gray", "color"])
def test_a_picture_is_one_however_it_comes(name: str, preprocessing: Preprocessing, tmp_path: Path) -> None:
    """A path as text or Path, the content of the file, Pillow's image made or opened: the same pixels."""
    content = _file(PICTURES[name])
    path = tmp_path / "x.png"
    path.write_bytes(content)
    wanted = fitted(path, preprocessing).image
    forms = [str(path), content, PICTURES[name], Image.open(path)]
    for given in forms:
        np.testing.assert_array_equal(fitted(given, preprocessing).image, wanted)
    np.testing.assert_array_equal(_whole(forms, preprocessing), [wanted] * 4)
    np.testing.assert_array_equal(_whole(PICTURES[name], preprocessing), [wanted])


def test_an_opened_picture_is_turned_as_its_file() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = _file(PICTURES["other size"], "JPEG", exif=exif)
    opened = Image.open(io.BytesIO(content))
    np.testing.assert_array_equal(fitted(opened, COLOR).image, fitted(content, COLOR).image)
    assert read_image(content).shape == (31, 9, 3)


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (Image.new("F", (6, 4)), "image-format"),
        (Image.new("RGB", (0, 4)), "image-unreadable"),
        (Image.fromarray(np.full((4, 6), 4095, np.uint16)), "image-format"),
        (_file(PICTURES["color"])[:60], "image-unreadable"),
        (b"GIF89a", "image-format"),
        ("no-such-file.png", "file-missing"),
    ],
    ids=range(6),
)
def test_what_cannot_be_read_says_why(picture: Any, code: str) -> None:
    """Values of no known range, no pixels, 12 bits in 16, a damaged file, another format, no file."""
    for given in (picture, [picture]):
        with pytest.raises(AssayError, match=code):
            _whole(given, COLOR)


def test_a_damaged_picture_that_pillow_opened() -> None:
    content = _file(PICTURES["other size"], "JPEG", quality=95)
    with pytest.raises(AssayError, match="image-unreadable"):
        fitted(Image.open(io.BytesIO(content[:-80])), COLOR)


def test_many_pictures_come_in_blocks() -> None:
    """A generator of more than one block; order stays."""
    given = (Image.fromarray(np.full((4, 6), n % 251, np.uint8)) for n in range(BATCH + 3))
    blocks = list(image_blocks(given, GRAY))
    assert [len(block) for block in blocks] == [BATCH, 3]
    np.testing.assert_array_equal(
        np.concatenate(blocks)[:, 0, 0, 0], np.arange(BATCH + 3, dtype=np.uint16) % 251
    )


def test_16_bits_by_the_models_scale(tmp_path: Path) -> None:
    """Pillow's image and the file alike; of colors Pillow keeps half of the bits: its image is refused."""
    scaled = Preprocessing(4, 6, 1, deep=DeepScale(0, 4))
    picture = Image.fromarray(np.arange(24, dtype=np.uint16).reshape(4, 6) * 170)
    wanted = fitted(_file(picture), scaled).image
    assert wanted.ravel().tolist() == [value * 170 >> 4 for value in range(24)]
    np.testing.assert_array_equal(fitted(picture, scaled).image, wanted)
    np.testing.assert_array_equal(fitted(Image.open(io.BytesIO(_file(picture))), scaled).image, wanted)
    with pytest.raises(AssayError, match="image-unreadable"):
        fitted(Image.fromarray(np.full((4, 6), 70_000, np.int32)), scaled)
    content = png_16((4, 6, 3))
    assert fitted(content, COLOR).image.shape == (4, 6, 3)
    with pytest.raises(AssayError, match="image-format"):
        fitted(Image.open(io.BytesIO(content)), COLOR)


def png_16(shape: tuple[int, int, int]) -> bytes:
    """A PNG of 16 bits a color, as no writer here makes one."""
    height, width, channels = shape
    values = np.random.default_rng(0).integers(30_000, 65_536, shape).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values.reshape(height, width * channels))
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0), b"IDAT": zlib.compress(rows)}
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in [*parts.items(), (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
