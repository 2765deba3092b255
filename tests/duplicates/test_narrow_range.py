"""Sets whose values lie in a small part of 0-255: what is a copy depends on no unit of the pixels."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from assay.data.values import Dataset, Split
from assay.duplicates import find
from assay.duplicates.find import find_copies, pool_images, stretch_of

DIGITS = load_digits().images[:, :, :, np.newaxis]


def dataset_of(images: np.ndarray) -> Dataset:
    labels = np.zeros(len(images), np.int64)
    split = Split.from_arrays(images, labels, [f"{i}" for i in range(len(images))])
    return Dataset("made", ("one",), {"train": split}, "arrays")


def pairs(images: np.ndarray) -> set[tuple[int, int]]:
    copies = find_copies(dataset_of(images))
    first = copies.first
    return {
        (int(first[a]), int(first[b])) for a, b in zip(copies.near_first, copies.near_second, strict=True)
    }


@pytest.mark.parametrize("in_memory", [True, False])
def test_digits_in_another_unit_have_the_same_copies(
    in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As scikit-learn has them (0 to 16), on a gray ground, and with the whole range: three or four pairs."""
    if not in_memory:
        monkeypatch.setattr(find, "fit_in_memory", lambda *_: False)
    whole = pairs((DIGITS * 15).astype(np.uint8))
    assert len(whole) < 8
    assert pairs(DIGITS.astype(np.uint8)) == whole
    assert pairs((DIGITS + 100).astype(np.uint8)) == whole


def test_planted_copies_of_a_narrow_set_are_found() -> None:
    """Noise in the unit of the set: pictures that were copied before all were divided by eight."""
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.random((60, 7, 7, 1)), np.ones((1, 4, 4, 1)))
    images = np.clip(coarse * 255 + rng.normal(0, 4, (60, 28, 28, 1)), 0, 255).astype(np.uint8)
    noisy = np.clip(images[:20] + rng.normal(0, 4, (20, 28, 28, 1)), 0, 255).astype(np.uint8)
    both = np.concatenate([images, noisy])
    assert pairs(both) == {(i, 60 + i) for i in range(20)}
    assert pairs(both // 8) == pairs(both)


@pytest.mark.parametrize(
    ("low", "high", "rule"),
    [(0, 16, (0, 15)), (100, 116, (100, 15)), (3, 4, (3, 255)), (0, 128, None), (9, 9, None)],
)
def test_the_rule_for_the_range(low: int, high: int, rule: tuple[int, int] | None) -> None:
    """Whole steps, so that equal values stay equal; none where half of the range is used, or one value."""
    images = np.full((4, 6, 6, 1), low, np.uint8)
    images[1, 2, 2] = high
    data = dataset_of(images)
    found = stretch_of(data, pool_images(data))
    assert (None if found is None else (found.low, found.gain)) == rule
    if found is not None:
        assert found.of(images).max() <= 255
        assert found.of(images).min() == 0
