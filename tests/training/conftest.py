"""Tiny labelled images: three classes told apart by where they are bright."""

import numpy as np
import pytest

from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Split, numbered_ids
from assay.training.recipes import Recipe, read_recipe

CLASSES = ("left", "middle", "right")


def tiny_split(count: int = 70, seed: int = 0, shape: tuple[int, int, int] = (4, 6, 1)) -> Split:
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 60, (count, *shape), dtype=np.uint8)
    for row, label in enumerate(labels):
        images[row, :, 2 * label : 2 * label + 2] += 120
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", count))


@pytest.fixture
def split() -> Split:
    return tiny_split()


@pytest.fixture
def rows(split: Split) -> HoldOut:
    return hold_out(split, 0.2, seed=0)


@pytest.fixture
def recipe() -> Recipe:
    return read_recipe("mlp", {"epochs": 3, "batch_size": 16, "hidden": 8, "learning_rate": 0.01})
