"""docs/export.md: the lines that read a picture without Assay give what the model takes, to the bit."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.data.decoding.given import fitted
from assay.data.preprocessing import Preprocessing
from assay.data.values import DeepScale, Resize

PAGE = Path(__file__).resolve().parent.parent / "docs" / "export.md"


@pytest.fixture(scope="module")
def as_trained() -> Callable[[Path, dict[str, Any]], np.ndarray]:
    """The function of the page, as one would paste it."""
    code = next(
        one for one in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if "as_trained" in one
    )
    names: dict[str, Any] = {}
    exec(code, names)
    return names["as_trained"]  # type: ignore[no-any-return]


def _colors() -> Image.Image:
    """Noise of large and small scale, 50 x 37 pixels."""
    rng = np.random.default_rng(5)
    coarse = np.kron(rng.integers(0, 200, (10, 8, 3)), np.ones((5, 5, 1)))[:50, :37]
    return Image.fromarray((coarse + rng.integers(0, 56, coarse.shape)).astype(np.uint8))


def _with_opacity(image: Image.Image) -> Image.Image:
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def _deep(high: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(6).integers(0, high, (40, 30), dtype=np.uint16))


#: Files of every mode that is read: the ending and the picture in it.
FILES: dict[str, Callable[[], tuple[str, Image.Image]]] = {
    "colors": lambda: ("png", _colors()),
    "gray": lambda: ("png", _colors().convert("L")),
    "black and white": lambda: ("png", _colors().convert("1")),
    "a JPEG": lambda: ("jpg", _colors()),
    "a gray JPEG": lambda: ("jpg", _colors().convert("L")),
    "a JPEG for print": lambda: ("jpg", _colors().convert("CMYK")),
    "a WebP": lambda: ("webp", _colors()),
    "a BMP": lambda: ("bmp", _colors()),
    "a palette": lambda: ("png", _colors().quantize(16)),
    "a gray palette": lambda: ("png", _colors().convert("L").convert("P")),
    "colors with opacity": lambda: ("png", _with_opacity(_colors())),
    "gray with opacity": lambda: ("png", _with_opacity(_colors().convert("L"))),
    "a palette with opacity": lambda: ("png", _with_opacity(_colors()).quantize(16)),
    "16 bits": lambda: ("png", _deep(1 << 16)),
    "12 bits in 16": lambda: ("png", _deep(1 << 12)),
    "small": lambda: ("png", _colors().resize((5, 9))),
    "a line": lambda: ("png", _colors().resize((300, 1))),
}

RULES: tuple[Resize, ...] = ("fit", "crop", "stretch")


@pytest.mark.parametrize("name", FILES)
def test_the_page_reads_as_training_did(
    name: str, tmp_path: Path, as_trained: Callable[[Path, dict[str, Any]], np.ndarray]
) -> None:
    """For each rule, size, and number of channels of a model."""
    ending, picture = FILES[name]()
    file = tmp_path / f"picture.{ending}"
    picture.save(file)
    deep = DeepScale(0, 4) if "12" in name else None
    for resize, size, channels in product(RULES, ((28, 28), (20, 45), (37, 50)), (1, 3)):
        how = Preprocessing(*size, channels, resize=resize, deep=deep)
        expected = fitted(file, how).image
        np.testing.assert_array_equal(as_trained(file, how.as_record()), expected, f"{how}")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_page_turns_as_training_did(
    orientation: int, tmp_path: Path, as_trained: Callable[[Path, dict[str, Any]], np.ndarray]
) -> None:
    file = tmp_path / "picture.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    _colors().save(file, exif=exif)
    how = Preprocessing(24, 24, 3, resize="fit")
    np.testing.assert_array_equal(as_trained(file, how.as_record()), fitted(file, how).image)
