"""Which pairs are lined up: copies among thousands of lookalikes, each pair as often as it must be."""

import numpy as np
from PIL import Image

from assay import load
from assay.duplicates.by_detail.detail_candidates import PARTNERS, Likely, build_index, likely_pairs


def _cropped(image: np.ndarray) -> np.ndarray:
    """Of 28 pixels a side the lower 26, without two on the left, made larger."""
    picture = Image.fromarray(image[..., 0]).resize((28, 28), Image.Resampling.BILINEAR, (2, 0, 28, 26))
    return np.asarray(picture)[..., None]


def test_cropped_copies_are_candidates_among_thousands_of_lookalikes():
    """By forty components, and without what a crop shows, 32 of 60 were: the nearer the others, the fewer."""
    data = load("fashion-mnist-sample")
    images = np.concatenate([split.images for split in data.splits.values()]).reshape(-1, 28, 28, 1)
    sources = np.arange(0, len(images), len(images) // 60)[:60]
    shown = np.concatenate([images, np.stack([_cropped(images[row]) for row in sources])])
    likely = likely_pairs(build_index(shown), shown, np.arange(len(shown)))
    pairs = {frozenset(pair) for pair in zip(likely.asked.tolist(), likely.other.tolist(), strict=True)}
    among = [frozenset((int(row), len(images) + place)) in pairs for place, row in enumerate(sources)]
    assert sum(among) >= 40
    assert len(pairs) < 2 * len(shown)  # what all cost to line up


def test_no_pair_is_asked_for_twice_by_the_same_picture():
    """A copy is near by all that asks: whole, and without its outermost pixels."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (40, 28, 28, 1), np.uint8)
    images[1::2] = np.clip(images[::2].astype(int) + 3, 0, 255)
    likely = likely_pairs(build_index(images), images, np.arange(len(images)))
    asked = list(zip(likely.asked.tolist(), likely.other.tolist(), likely.by_inner.tolist(), strict=True))
    assert len(set(asked)) == len(asked)
    assert {(row, row ^ 1, inner) for row in range(40) for inner in (False, True)} <= set(asked)


def test_pairs_that_stand_there_the_other_way_round():
    """By hand: 3 asked for 5 and 5, nearer, for 3; the part in a frame of 7 is another question than 7."""
    asked, other = np.array([3, 5, 7, 2, 2]), np.array([5, 3, 2, 7, 7])
    by_inner = np.array([False, False, False, False, True])
    nearness = np.array([0.5, 0.2, 0.1, 0.1, 0.3], np.float32)
    likely = Likely(asked, other, by_inner, nearness, np.zeros((8, PARTNERS), np.int64))
    assert likely.again().tolist() == [True, False, False, True, False]
