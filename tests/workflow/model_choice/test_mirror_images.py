"""Classes that are mirror images of each other are found, and not mirrored in training."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import assay
from assay.core.events import Event
from assay.data.values import Dataset
from assay.training.recipes import NetRecipe, Recipe, read_recipe
from assay.workflow.model_choice.mirror_images import MirrorPair, mirror_pairs, without_mirroring
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
