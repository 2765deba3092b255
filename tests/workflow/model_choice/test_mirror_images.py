"""Classes that are mirror images of each other are found, and not mirrored in training."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import assay
from assay.core.events import Event
from assay.data.values import Dataset
from assay.training.recipes import NetRecipe, Recipe, read_recipe
from assay.workflow.model_choice.mirror_images import (
    MirrorPair,
    _is_worse,
    mirror_pairs,
    without_mirroring,
)
from assay.workflow.settings import Settings

CLASSES = ("left", "right", "up")


def bars(kind: str, count: int = 360, seed: int = 0) -> Dataset:
    """Noisy pictures of three classes: a bar at the left, at the right, and at the top.

    kind: "facing", as said; "tall", where the first two have it in the middle, short and long; "turned",
    where all pictures of the first two look to one side and differ in form: none was ever seen mirrored;
    "looking", where the first has something below besides, which tells it from either side.
    """
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (count, 16, 16, 1), dtype=np.uint8)
    labels = np.arange(count) % 3
    for image, label in zip(images, labels, strict=True):
        down = int(rng.integers(0, 4))
        if label == 2:
            image[1:4, 3:13] += 150
        elif kind == "facing":
            image[2 + down : 12 + down, 2:4] += 150
            image[:] = image[:, ::-1] if label else image
        elif kind == "looking":
            image[2 + down : 12 + down, 2:4] += 150
            image[12:15, 5:11] += 60 * (1 - label).astype(np.uint8)
            image[:] = image[:, ::-1] if label else image
        elif kind == "tall":
            image[2 + down : 6 + down + 5 * label, 7:9] += 150
        else:
            image[2 + down : 12 + down, 2:4] += 150
            image[5 + down : 7 + down, 4 : 8 + 5 * label] += 150
    return assay.load(arrays=(images, labels, images[:6], labels[:6]), classes=",".join(CLASSES))


def pairs_of(dataset: Dataset) -> list[MirrorPair]:
    """The pairs that are found among all training images."""
    return mirror_pairs(dataset.train, np.arange(len(dataset.train)), len(CLASSES))


def chosen(dataset: Dataset, names: tuple[str, ...] = ("cnn",), **given: object) -> tuple[list[Recipe], str]:
    """The recipes for a data set where these settings are given, and what is said."""
    settings, told = Settings.checked({"data": "bars", **given}), list[Event]()
    recipes, why = without_mirroring(dataset, settings, [read_recipe(name) for name in names], told.append)
    assert [event.figures["message"] for event in told] == ([why] if why else [])
    return list(recipes), why


def mirrors(recipe: Recipe) -> tuple[bool, bool]:
    """Whether a recipe mirrors in training, and averages over mirror images."""
    assert isinstance(recipe, NetRecipe)
    return recipe.mirror, recipe.mirror_averaging


def test_left_and_right_are_found() -> None:
    """Known as they are, mixed up when mirrored: about half is a guess."""
    (pair,) = pairs_of(bars("facing"))
    assert (pair.first, pair.second, pair.images) == (0, 1, 240)
    assert pair.plain > 0.95
    assert 0.3 < pair.mirrored < 0.7


def grouped(dataset: Dataset, count: int) -> Dataset:
    """The same, each image in one of so many groups."""
    groups = tuple(f"person {number // 3 % count}" for number in range(len(dataset.train)))
    together = np.arange(len(groups)) // 3 % count
    train = dataclasses.replace(dataset.train, columns={"group": groups}, together=together)
    return dataclasses.replace(dataset, splits={**dataset.splits, "train": train})


@pytest.mark.parametrize("count", [3, 5, 7, 12])
def test_pictures_of_few_groups_are_enough(count: int) -> None:
    """A test of up to seven groups never comes below one per cent: all of them lose, and that tells."""
    (pair,) = pairs_of(grouped(bars("facing"), count))
    assert (pair.first, pair.second) == (0, 1)
    assert pairs_of(grouped(bars("looking"), count)) == pairs_of(grouped(bars("tall"), count)) == []


@pytest.mark.parametrize(
    ("lost", "gained", "worse"),
    [
        ([9, 9, 9], [0, 0, 0], True),
        ([9, 9, 9], [0, 0, 9], True),
        ([9, 9, 9], [0, 0, 10], False),
        ([1, 1, 1], [0, 0, 0], False),
        ([27], [0], False),
        ([0, 0], [9, 9], False),
    ],
)
def test_few_groups_that_agree(lost: list[int], gained: list[int], worse: bool) -> None:
    """None may gain, their images must be enough, and one group alone tells nothing of another."""
    before, after, groups = [], [], []
    for group, (fewer, more) in enumerate(zip(lost, gained, strict=True)):
        before += [True] * fewer + [False] * more
        after += [False] * fewer + [True] * more
        groups += [group] * (fewer + more)
    assert _is_worse(np.array(before), np.array(after), np.array(groups)) is worse


@pytest.mark.parametrize("kind", ["tall", "turned", "looking"])
@pytest.mark.parametrize("seed", range(3))
def test_classes_that_stay_what_they_are_are_not(kind: str, seed: int) -> None:
    """The same from both sides, or seen from one side only: nothing is said, and the net mirrors."""
    assert pairs_of(bars(kind, seed=seed)) == []
    recipes, why = chosen(bars(kind, seed=seed))
    assert (mirrors(recipes[0]), why) == ((True, True), "")


@pytest.mark.parametrize("seed", range(5))
def test_chance_makes_no_mirror_images(seed: int) -> None:
    """Of two classes that the pictures do not tell apart, half are classified as the other: no finding."""
    rng = np.random.default_rng(seed)
    images: NDArray[np.uint8] = rng.integers(0, 256, (300, 12, 12, 1), dtype=np.uint8)
    dataset = assay.load(arrays=(images, rng.integers(0, 2, 300), images[:4], np.arange(4) % 2))
    assert mirror_pairs(dataset.train, np.arange(len(dataset.train)), 2) == []


def test_the_recipe_does_not_mirror_and_says_why() -> None:
    """Both classes, both figures, and how to mirror all the same; a recipe without mirroring is as it was."""
    (net, dense), why = chosen(bars("facing"), ("cnn", "mlp"))
    assert mirrors(net) == (False, False)
    assert dense == read_recipe("mlp")
    for part in ("left and right", "of these 216 images", "--set mirror=true --set mirror_averaging=true"):
        assert part in why
    assert "up" not in why.split(":")[1]


@pytest.mark.parametrize("given", [{"mirror": True}, {"mirror": False}, {"mirror_averaging": True}])
def test_what_was_set_stays(given: dict[str, object]) -> None:
    """Who says whether to mirror is not asked."""
    for settings in ({"recipe": given}, {"recipes": {"cnn": given}}):
        recipes, why = chosen(bars("facing"), **settings)
        assert (mirrors(recipes[0]), why) == ((True, True), "")


def test_a_run_records_that_it_does_not_mirror(tmp_path: Path) -> None:
    """In its configuration, so that it is repeated alike, and in the report."""
    data, small = bars("facing"), {"epochs": 1, "least_steps": 0, "reference": 0.0, "checks": "identity"}
    assay.run(data, model="cnn", out=tmp_path / "a", **small)
    assert "\nmirror = false\n" in (tmp_path / "a" / "config.toml").read_text("utf-8")
    assert "for mirrored these classes become each other" in (tmp_path / "a" / "report.html").read_text(
        "utf-8"
    )
