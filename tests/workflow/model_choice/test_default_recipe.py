"""The recipe that photographs get where none is named, and what the run says of the choice."""

from dataclasses import replace

import numpy as np
import pytest

import assay
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.data.values import Dataset
from assay.features.choice import Choice
from assay.training.recipes import Recipe, read_recipe
from assay.workflow.model_choice import default_recipe
from assay.workflow.model_choice.model_grid import chosen_recipes
from assay.workflow.model_choice.trial import Trial
from assay.workflow.settings import Settings

TRIAL = Trial(20, 20, 0.55, 0.95, 1, 9, 0.02, 3, 60, (48, 48), 75, 600)


def photographs() -> Dataset:
    """Twenty training and four test images of two classes."""
    images = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    labels = np.arange(20) % 2
    return assay.load(arrays=(images, labels, images[:4], labels[:4]))


def chosen(given: dict[str, object]) -> tuple[Recipe, str]:
    """The recipe for photographs where these settings are given, and what is said of it."""
    settings, told = Settings.checked({"data": "photos/", **given}), list[Event]()
    recipes = (read_recipe("cnn"),)
    (recipe,), reason = default_recipe.photo_recipe(photographs(), settings, recipes, told.append)
    (message,) = (event.figures["message"] for event in told if event.event == "choice")
    assert reason == message
    return recipe, message


@pytest.mark.parametrize(("shares", "taken"), [((0.55, 0.95), "pretrained"), ((0.95, 0.55), "cnn")])
def test_the_run_says_what_was_compared(
    monkeypatch: pytest.MonkeyPatch, shares: tuple[float, float], taken: str
) -> None:
    """Both figures, how long the net was tried, and the commands for the other recipe and for both."""
    found = replace(TRIAL, cnn=shares[0], pretrained=shares[1])
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "tried", lambda *_: found)
    recipe, message = chosen({})
    assert recipe.name == taken
    other = {"pretrained": "cnn", "cnn": "pretrained"}[taken]
    parts = ("95.0 %", "55.0 %", "75 of its 600 epochs", f"the other: --model {other};", "cnn,pretrained")
    for part in (f"recipe {taken}: of 20 validation images", *parts):
        assert part in message


@pytest.mark.parametrize(("alone", "p", "taken"), [((1, 9), 0.02, "pretrained"), ((5, 5), 1.0, "cnn")])
def test_without_validation_images_training_images_are_asked(
    monkeypatch: pytest.MonkeyPatch, alone: tuple[int, int], p: float, taken: str
) -> None:
    """Both kinds of features on them, and it is said that no net was tried: nobody takes it for a duel."""
    found = Choice("efficientnet-lite0", 20, 20, 0.55, 0.95, *alone, p)
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "choose", lambda *_: found)
    recipe, message = chosen({"validation": 0})
    assert recipe.name == taken
    for part in ("95.0 %", "55.0 %", "no cnn was tried, for there are no validation images"):
        assert part in message


def test_several_workers_train_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fitted at once they cannot share: nothing is compared, and it is said."""
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "tried", lambda *_: pytest.fail("compared"))
    recipe, message = chosen({"workers": 2})
    assert recipe.name == "cnn"
    assert "2 workers" in message


def test_the_backbone_that_is_named_is_asked_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--backbone quality` goes to the comparison and into the recipe."""
    asked = []

    def compared(data: object, rows: object, net: Recipe, known: Recipe, *rest: object) -> Trial:
        asked.append(known.options["backbone"])
        return TRIAL

    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "tried", compared)
    recipe, _ = chosen({"backbone": "quality"})
    assert asked == ["efficientnet-lite2"]
    assert recipe.options == {"backbone": "efficientnet-lite2"}


def test_a_backbone_reaches_the_recipes_that_have_one() -> None:
    """Of several recipes `pretrained` alone; `finetuned` refuses another than its own."""
    settings = Settings.checked({"model": "pretrained,cnn", "backbone": "efficientnet-lite2"})
    first, second = chosen_recipes(settings, "photos/")
    assert first.options["backbone"] == "efficientnet-lite2"
    assert "backbone" not in second.options
    with pytest.raises(AssayError) as caught:
        chosen_recipes(Settings.checked({"model": "finetuned", "backbone": "quality"}), "photos/")
    assert caught.value.code == "bad-value"
    (own,) = chosen_recipes(Settings.checked({"model": "finetuned", "backbone": "default"}), "photos/")
    assert own == read_recipe("finetuned")
