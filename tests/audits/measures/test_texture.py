"""What is measured of each picture's texture: the shortcuts give the numbers of the long way."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from assay.audits.measures.texture import _extreme, filled_below


@pytest.mark.parametrize("width", [1, 2, 3, 13, 64, 97])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_least_and_the_most_of_rows(width: int, channels: int) -> None:
    """As a plain reduction, also of odd widths."""
    images = np.random.default_rng(width).integers(0, 256, (5, 4, width, channels), np.uint8)
    assert np.array_equal(_extreme(np.maximum, images), images.max(axis=2))
    assert np.array_equal(_extreme(np.minimum, images), images.min(axis=2))


def test_a_picture_that_ends_early_and_one_that_does_not() -> None:
    """Seven of 20 rows are lost, wherever the one pixel lies that is not of their value; no decoder leaves a
    color, and gray alone is drawn by nobody."""
    images = np.random.default_rng(0).integers(0, 256, (6, 20, 21, 3), np.uint8)
    images[:2, 13:] = 128
    images[1, 19, 20] = 0
    for n, fill in enumerate(((0, 0, 0), (255, 255, 255), (200, 16, 46)), start=3):
        images[n, 13:] = fill
    shares, gray = filled_below(images)
    assert shares.tolist() == [7 / 20, 0, 0, 7 / 20, 7 / 20, 0]
    assert gray.tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("side", [32, 64])
def test_a_photograph_whose_file_was_cut_off(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a decoder leaves it: it stops within a row of squares, which is gray to the right alone. Then made
    smaller, as sets are: of 91 photographs of 256 pixels four were told."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    rng, whole, cut = np.random.default_rng(1), [], []
    for _ in range(20):
        coarse = rng.normal(size=(8, 8, 3)).repeat(32, axis=0).repeat(32, axis=1)
        pixels = (110 + 40 * coarse + rng.normal(0, 10, coarse.shape)).clip(0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        for pictures, content in (
            (whole, file.getvalue()),
            (cut, file.getvalue()[: len(file.getvalue()) // 2]),
        ):
            pictures.append(np.asarray(Image.open(io.BytesIO(content)).resize((side, side))))
    shares, gray = filled_below(np.stack(cut))
    assert np.count_nonzero((shares > 0.2) & (gray == 1)) >= 18
    assert not filled_below(np.stack(whole))[0].any()
