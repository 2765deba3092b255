"""Figures of every image, against NumPy's own."""

import numpy as np
import pytest

from assay.audits.measures.image_stats import COLUMNS, block_stats


@pytest.mark.parametrize("channels", [1, 3])
def test_the_deviation_is_that_of_the_channel_that_varies_most(channels: int) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 12, 10, channels), dtype=np.uint8)
    images[..., 0] //= 3
    images[4] = 77  # nothing varies
    told = block_stats(images)[:, COLUMNS.index("deviation")]
    np.testing.assert_allclose(told, images.std(axis=(1, 2)).max(axis=1), rtol=1e-6)
    assert told[4] == 0
