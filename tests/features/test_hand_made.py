"""Features of images of any size."""

import numpy as np
import pytest

from assay.data.values import Split, numbered_ids
from assay.features import hand_made


def split_of(images):
    labels = np.zeros(len(images), np.int64)
    return Split.from_arrays(images, labels, numbered_ids("train", len(images)))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 2, 1), (28, 28, 1), (33, 20, 3), (100, 7, 4)])
def test_every_size_gives_finite_features_of_one_length(shape):
    """Pictures of 1 x 1 and up give finite vectors whose length depends on the channels only."""
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    described = hand_made.describe(split_of(images))
    histogram = hand_made.DIRECTIONS * hand_made.GRADIENT_CELLS**2
    color = shape[2] * hand_made.COLOR_CELLS**2 if shape[2] > 1 else 0
    assert described.shape == (3, histogram + hand_made.PIXEL_CELLS**2 + color)
    assert described.dtype == np.float32
    assert np.isfinite(described).all()


def test_constant_images_have_no_gradients():
    """A picture without any edge has an empty gradient histogram."""
    described = hand_made.describe(split_of(np.full((2, 8, 8, 1), 77, np.uint8)))
    histogram = hand_made.DIRECTIONS * hand_made.GRADIENT_CELLS**2
    assert not described[:, :histogram].any()


def test_blocks_do_not_matter():
    """Rows described one by one equal rows described together, in the order asked for."""
    images = np.random.default_rng(1).integers(0, 256, (1030, 6, 5, 1), np.uint8)
    split = split_of(images)
    rows = np.array([1029, 3, 600])
    together = hand_made.describe(split)
    np.testing.assert_allclose(hand_made.describe(split, rows), together[rows], atol=1e-6)


def test_area_weights_average_fractions_of_pixels():
    """Three pixels onto two: each takes one whole and half of the middle one."""
    np.testing.assert_allclose(
        hand_made.area_weights(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6
    )


def test_reducing_keeps_the_mean():
    """Averaging a large picture down keeps its mean brightness."""
    images = np.random.default_rng(2).integers(0, 256, (2, 70, 45, 3), np.uint8)
    small = hand_made.reduced(images)
    assert small.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(small.mean(axis=(1, 2)), images.mean(axis=(1, 2)) / 255, atol=1e-5)


def test_a_vertical_edge_is_a_gradient_to_the_right():
    """Dark left of bright: the direction at 0 degrees holds the whole squared gradient over its length."""
    image = np.zeros((1, 8, 8), np.float32)
    image[:, :, 4:] = 1
    bins = hand_made.gradient_histograms(image).reshape(hand_made.DIRECTIONS, -1).sum(axis=1)
    assert bins.argmax() == 0
    np.testing.assert_allclose(bins[4], 0, atol=1e-6)
    np.testing.assert_allclose(bins[1], bins[0] / 2, rtol=1e-3)


def test_no_images_give_no_features():
    """An empty split is described by an empty array."""
    described = hand_made.describe(split_of(np.zeros((0, 5, 5, 1), np.uint8)))
    assert described.shape == (0, hand_made.DIRECTIONS * 49 + 196)


@pytest.mark.parametrize(
    ("values", "images"),
    [(784, 512), (1, 512), (0, 512), (64 * 64 * 3, 256), (224 * 224 * 3, 16), (1 << 26, 1)],
)
def test_blocks_of_photographs_hold_few_of_them(values: int, images: int) -> None:
    """So that a block takes megabytes whatever the size; and a piece of 512 images is whole blocks."""
    assert hand_made._block_of(values) == images
    assert 512 % images == 0


def test_features_do_not_hang_on_where_blocks_end() -> None:
    """Photographs described a few at a time get what each gets alone, but for the last digit."""
    images = np.random.default_rng(0).integers(0, 256, (19, 230, 230, 3), dtype=np.uint8)
    split = Split.from_arrays(images, np.zeros(19, np.int64), numbered_ids("train", 19))
    alone = np.concatenate([hand_made.describe_block(images[i : i + 1]) for i in range(19)])
    np.testing.assert_allclose(hand_made.describe(split), alone, atol=1e-5)
