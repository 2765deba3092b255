"""Pixels that one split holds fast."""

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.measures.dead_pixels import dead_pixels
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load
from planted import with_images


def context(dataset: Dataset) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()})


@pytest.mark.parametrize("name", ["train", "test"])
@pytest.mark.parametrize("value", [0, 255])
def test_a_pixel_stuck_in_one_split_alone_is_found(name: str, value: int):
    """What one split holds fast and the other shows to vary is stuck; clothes as they are have none."""
    clean = load("fashion-mnist-sample", offline=True)
    images = np.asarray(clean.splits[name].images).copy()
    images[:, 14, 9] = value
    found = [check_quality(context(data)).finding for data in (clean, with_images(clean, name, images))]
    place = {"splits": [name], "row": 14, "column": 9, "channel": 0, "value": value}
    assert [finding.evidence["dead_pixels"] for finding in found] == [[], [place]]
    assert f"1 pixel is dead or stuck in every {name} image." in found[1].summary
    assert found[1].verdict == "warn"


def test_a_small_split_of_clothes_has_no_stuck_pixel():
    """Places that are background in all of 50 or 500 images by chance are not called stuck in that split."""
    clean = load("fashion-mnist-sample", offline=True)
    rng = np.random.default_rng(0)
    test = measure(clean.splits["test"], 10)
    for size in (50, 100, 200, 500):
        few = measure(clean.train, 10, np.sort(rng.choice(len(clean.train), size, replace=False)))
        found = dead_pixels({"train": few, "test": test})
        assert [place for place in found if len(place["splits"]) == 1] == []


def test_the_outline_of_what_is_drawn_is_background():
    """Letters end at one height, some a pixel lower: the corners beside them belong to the empty margin."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((32, 32, 1), bool)
    drawn[6, 11:21] = drawn[7:28, 5:27] = True
    images = np.where(drawn, 255 * rng.integers(0, 2, (260, 32, 32, 1)), 0).astype(np.uint8)
    labels = np.arange(260) % 2
    assert dead_pixels({"train": measure(split_of(images, labels), 2)}) == []
    images[:, 12, 12] = 0  # a hole inside is none of it
    images[:, 6, 8] = 255  # nor is another value
    found = dead_pixels({"train": measure(split_of(images, labels), 2)})
    assert [(place["row"], place["column"], place["value"]) for place in found] == [(6, 8, 255), (12, 12, 0)]


def split_of(images: np.ndarray, labels: np.ndarray) -> Split:
    return Split.from_arrays(images, labels, numbered_ids("train", len(labels)))
