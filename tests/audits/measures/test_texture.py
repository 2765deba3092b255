"""What is measured of each picture's texture: the shortcuts give the numbers of the long way."""

import numpy as np
import pytest

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
