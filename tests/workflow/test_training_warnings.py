"""Do the data say when mirroring or moving is risky? Planted both ways."""

import numpy as np
import pytest

from assay.data.values import Split, numbered_ids
from assay.training.recipes import NetRecipe, read_recipe
from assay.workflow.training_warnings import training_warnings

CLASSES = ("left", "right", "cross", "bar")


def split_of(facing: bool, count: int = 400) -> Split:
    """Bars: facing, the first two classes have theirs at one side; else all are the same from both sides."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 40, (count, 12, 12, 1), dtype=np.uint8)
    labels = np.arange(count) % 4
    for image, label in zip(images, labels, strict=True):
        if label == 0:
            image[2:10, 1:3] += 150
            image[2:10, 9:11] += 0 if facing else 150
        elif label == 1:
            image[2:10, 9:11] += 150 if facing else 0
            image[1:3, 2:10] += 0 if facing else 150
        elif label == 2:
            image[5:7] += 150
        image[5:7, 4:8] += 50
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", count))


def told(split: Split, **settings: object) -> list[str]:
    recipe = read_recipe("cnn", {"mirror": True, "shift": 0, **settings})
    assert isinstance(recipe, NetRecipe)
    return list(training_warnings(split, np.arange(len(split)), CLASSES, recipe))


def test_mirroring_that_makes_another_class_is_told() -> None:
    """Left mirrored is right: told, with both classes and how to turn it off; the clean twin is silent."""
    (text,) = told(split_of(facing=True))
    assert "left" in text
    assert "right" in text
    assert "cross" not in text.split("most of all")[1].split(".")[0]
    assert "--set mirror=false" in text
    assert told(split_of(facing=False)) == []


def test_labels_in_turn_hide_nothing() -> None:
    """Three classes in turn: were every third image asked about, they would be of one class."""
    split = split_of(facing=True)
    kept = np.flatnonzero(split.labels < 3)
    three = Split.from_arrays(split.images[kept], split.labels[kept], numbered_ids("train", len(kept)))
    recipe = read_recipe("cnn")
    assert isinstance(recipe, NetRecipe)
    assert (three.labels[:6] == [0, 1, 2, 0, 1, 2]).all()
    assert len(list(training_warnings(three, np.arange(len(three)), CLASSES[:3], recipe))) == 1


def test_nothing_is_said_of_changes_that_are_not_made() -> None:
    """The recipe decides: without mirroring there is nothing to tell, whatever the data."""
    assert told(split_of(facing=True), mirror=False) == []


def test_moving_is_told_where_the_place_tells_the_class() -> None:
    """Moved by half the picture nothing is where it was; moved by one pixel it is still known."""
    split = split_of(facing=True)
    assert any("moved by 6 pixels" in text for text in told(split, mirror=False, shift=6))
    assert told(split, mirror=False, shift=1) == []


@pytest.mark.parametrize("count", [1, 2, 149])
def test_few_images_say_nothing(count: int) -> None:
    """Too few to judge by: no sentence, and no failure."""
    assert told(split_of(facing=True, count=count)) == []
