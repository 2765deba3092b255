"""What is computed of arrays in more than one place."""

import numpy as np
import pytest

from assay.core.arrays import gray_of


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_gray_is_the_mean_of_the_channels_to_the_bit(channels: int, kind: type[np.generic]) -> None:
    """As NumPy has it, also of pictures that lie channel by channel in memory."""
    rng = np.random.default_rng(channels)
    pictures = (255 * rng.random((3, 9, 8, channels))).astype(kind)
    for held in (pictures, np.moveaxis(np.ascontiguousarray(np.moveaxis(pictures, 3, 1)), 1, 3)):
        gray = gray_of(held)
        assert gray.dtype == np.float32
        np.testing.assert_array_equal(gray, held.mean(axis=3, dtype=np.float32))
