"""The recipe that photographs get where none is named, and what the run says of the choice."""

import numpy as np
import pytest

import assay
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.features.choice import Choice
from assay.training.recipes import read_recipe
from assay.workflow.model_choice import default_recipe
from assay.workflow.model_choice.model_grid import chosen_recipes
from assay.workflow.settings import Settings


@pytest.mark.parametrize(("alone", "p", "taken"), [((1, 9), 0.02, "pretrained"), ((5, 5), 1.0, "cnn")])
def test_the_run_says_what_was_compared_and_what_was_not(
    monkeypatch: pytest.MonkeyPatch, alone: tuple[int, int], p: float, taken: str
) -> None:
    """Both figures, the other recipe's command, and that no net was trained: nobody takes it for a duel."""
    found = Choice("efficientnet-lite0", 20, 20, 0.55, 0.95, *alone, p)
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "choose", lambda *_: found)
    images = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    labels = np.arange(20) % 2
    dataset = assay.load(arrays=(images, labels, images[:4], labels[:4]))
    settings, told = Settings.checked({"data": "photos/"}), list[Event]()
    (recipe,) = default_recipe.photo_recipe(dataset, settings, (read_recipe("cnn"),), told.append)
    assert recipe.name == taken
    (message,) = (event.figures["message"] for event in told)
    other = {"pretrained": "cnn", "cnn": "pretrained"}[taken]
    for part in ("95.0 %", "55.0 %", f"the other: --model {other};", "no cnn was trained", "cnn,pretrained"):
        assert part in message


def test_the_backbone_that_is_named_is_asked_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--backbone quality` goes to the comparison and into the recipe."""
    asked = []
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)

    def chosen(split: object, rows: object, count: int, backbone: str) -> Choice:
        asked.append(backbone)
        return Choice(backbone, 20, 20, 0.55, 0.95, 1, 9, 0.02)

    monkeypatch.setattr(default_recipe, "choose", chosen)
    images = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    labels = np.arange(20) % 2
    dataset = assay.load(arrays=(images, labels, images[:4], labels[:4]))
    settings = Settings.checked({"data": "photos/", "backbone": "quality"})
    (recipe,) = default_recipe.photo_recipe(dataset, settings, (read_recipe("cnn"),), lambda _: None)
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
