"""Pixels that one split holds fast."""

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.image_quality import check_quality
from assay.audits.measures.dead_pixels import dead_pixels
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset
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
