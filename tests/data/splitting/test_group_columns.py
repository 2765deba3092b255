"""Columns that name groups by their form: many values, each of a few images of one class."""

from collections.abc import Callable

import numpy as np
import pytest

from assay.data.splitting.group_columns import has_form_of_groups

COUNT = 240
CLASSES = 4

#: What each of 240 images is of, six images a thing, and the class of each: things 0 to 39, ten a class.
THINGS = np.arange(COUNT) // 6
LABELS = THINGS % CLASSES


@pytest.mark.parametrize(
    "name",
    [
        lambda thing: f"s{thing:03}",
        lambda thing: str(thing),  # numbers, in no order of the classes
        lambda thing: f"{thing * 7 % 40}.0",
        lambda thing: f"https://shop.example/{thing}",
        lambda thing: "" if thing < 8 else f"s{thing}",  # a fifth has no name
    ],
)
def test_names_of_few_images_of_one_class_each(name: Callable[[int], str]) -> None:
    assert has_form_of_groups([name(int(thing)) for thing in THINGS], LABELS)


@pytest.mark.parametrize(
    "name",
    [
        lambda image: f"{image}.png",  # each once
        lambda image: f"class {image // 6 % CLASSES}",  # the class itself
        lambda image: f"site {image // 6 % (4 * CLASSES)}",  # four sites a class, each of fifteen images
        lambda image: f"day {image % 40}",  # images of all classes
        lambda image: "" if image >= 110 else f"s{image // 6}",  # most have none
        lambda image: str(image // 6 % CLASSES * 100 + image // 24),  # a number that rises with the class
        lambda image: f"{image // 6 % CLASSES}.{image // 24:02}",
    ],
)
def test_what_is_no_name_of_a_group(name: Callable[[int], str]) -> None:
    assert not has_form_of_groups([name(image) for image in range(COUNT)], LABELS)


def test_pairs_of_a_set_with_one_common_class_are_of_one_class_by_chance() -> None:
    """95 of 100 images have the one class: two images drawn at random are nearly always of it."""
    labels = (np.arange(2_000) % 20 == 0).astype(np.int64)
    rows = np.random.default_rng(0).permutation(2_000) // 2
    assert not has_form_of_groups([f"s{row}" for row in rows], labels)


def test_nothing_has_no_form() -> None:
    assert not has_form_of_groups([], np.zeros(0, np.int64))
