"""A copy shares detail, not tone."""

import numpy as np

from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.by_detail.detail import share_detail
from assay.duplicates.find import find_copies

ONE, TWO, PLAIN = np.array([0]), np.array([1]), np.zeros(1, bool)


def surfaces(n: int) -> np.ndarray:
    """Plain surfaces in the same light, each with grain of its own."""
    rng = np.random.default_rng(21)
    light = 170 + np.linspace(-6, 6, 64)[:, None]
    gray = light + rng.normal(0, 4, (n, 64, 64)) + rng.normal(0, 3, (n, 1, 1))
    return np.clip(gray, 0, 255).astype(np.uint8)[..., None]


def textured() -> np.ndarray:
    """One picture with detail in every place."""
    coarse = np.random.default_rng(3).uniform(20, 235, (8, 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.uint8)[None, ..., None]


def test_plain_surfaces_in_the_same_light_are_no_copies():
    """Grain and light agree in gray levels; no detail does."""
    images = surfaces(60)
    split = Split.from_arrays(images, np.arange(60) % 2, numbered_ids("train", 60))
    found = find_copies(Dataset("plain", ("a", "b"), {"train": split}, "made for a test"))
    assert len(found.near_first) == 0


def test_a_moved_and_noisy_copy_shares_detail():
    """Two pixels and noise of deviation 8 leave the detail where it was, once lined up."""
    original = textured()
    noise = np.random.default_rng(0).normal(0, 8, original.shape)
    copy = np.clip(np.roll(original, (2, -1), (1, 2)) + noise, 0, 255).astype(np.uint8)
    assert share_detail(np.concatenate([original, copy]), ONE, TWO, PLAIN).all()


def test_a_mirrored_copy_shares_detail_once_turned():
    """Turned back it is the same; unturned it is another picture."""
    both = np.concatenate([textured(), textured()[:, :, ::-1]])
    assert share_detail(both, ONE, TWO, ~PLAIN).all()
    assert not share_detail(both, ONE, TWO, PLAIN).any()
