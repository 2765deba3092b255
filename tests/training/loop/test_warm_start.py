"""Warm start: which weights are taken, what is refused, and that a run keeps what it began from."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.any_model import weight_shapes
from assay.training.loop.warm_start import is_kept, keep_start
from assay.training.nets import MODELS
from assay.training.recipes import RECIPES, read_recipe
from assay.workflow import api, run_commands
from assay.workflow.verify import verify_run
from torture.job import CHECKS, settings, tiny_dataset, whole_result

pytestmark = pytest.mark.usefixtures("undrawn")

CLASSES = ("left", "middle", "right")
SMALL = {"hidden": 8, "batch_size": 16, "epochs": 1}
#: So small a step leaves every float32 weight as it is.
STILL = read_recipe("mlp", {**SMALL, "learning_rate": 1e-30})


@pytest.fixture
def model(split: Split, rows: HoldOut) -> Model:
    return fit(FitRequest(split, rows, CLASSES, read_recipe("mlp", {**SMALL, "learning_rate": 0.01}), seed=9))


def test_training_begins_with_the_given_weights(split: Split, rows: HoldOut, model: Model) -> None:
    """A run that takes steps of no size ends with the weights that it began with."""
    found = fit(FitRequest(split, rows, CLASSES, STILL, start=model))
    assert all(np.array_equal(found.weights[name], model.weights[name]) for name in model.weights)
    cold = fit(FitRequest(split, rows, CLASSES, STILL))
    assert not np.array_equal(cold.weights["hidden.weight"], model.weights["hidden.weight"])


def test_of_other_classes_all_but_the_last_layer_is_taken(split: Split, rows: HoldOut, model: Model) -> None:
    """As many classes with other names: the last layer is drawn from the seed, as without a warm start."""
    found = fit(FitRequest(split, rows, ("a", "b", "c"), STILL, start=model))
    cold = fit(FitRequest(split, rows, ("a", "b", "c"), STILL))
    assert np.array_equal(found.weights["hidden.weight"], model.weights["hidden.weight"])
    assert np.array_equal(found.weights["output.weight"], cold.weights["output.weight"])


def test_it_says_how_much_it_took_and_what_the_score_is_worth(
    split: Split, rows: HoldOut, model: Model
) -> None:
    """The warning counts the weights and names the danger: test images that the model has learned from."""
    heard: list[Event] = []
    fit(FitRequest(split, rows, CLASSES, STILL, start=model, on_event=heard.append))
    told = [event.figures["message"] for event in heard if event.event == "warning"]
    assert any("4 of 4 weights" in text and "test split" in text for text in told)


def test_a_model_that_does_not_fit_is_refused(split: Split, rows: HoldOut, model: Model) -> None:
    """Another net, or other images: no layer fits."""
    cnn = read_recipe("cnn", {"channels": [4], "pool_after": [1], "epochs": 1})
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, ("a", "b", "c"), cnn, start=model))
    assert caught.value.code == "recipe-does-not-fit"


def test_a_layer_is_taken_whole(split: Split, rows: HoldOut, model: Model) -> None:
    """With fewer hidden units the last layer's bias alone would fit: a bias alone is nothing."""
    narrow = read_recipe("mlp", {**SMALL, "hidden": 4})
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, narrow, start=model))
    assert caught.value.code == "recipe-does-not-fit"


def test_it_is_refused_before_any_work(model: Model, tmp_path: Path) -> None:
    """A recipe that is fitted at once begins from nothing, and a net that nothing fits has nothing to begin
    with: both are told before the audit, and no folder is made."""
    model.save(tmp_path / "first")
    chosen = {"out": tmp_path / "run", "warm_start": str(tmp_path / "first"), "checks": CHECKS}
    for recipe, code in (("majority,linear", "bad-value"), ("cnn", "recipe-does-not-fit")):
        heard: list[Event] = []
        with pytest.raises(AssayError) as caught:
            api.run(tiny_dataset(), model=recipe, on_event=heard.append, **chosen)
        assert (caught.value.code, caught.value.where) == (code, "--warm-start")
        assert {event.stage for event in heard} == {"load"}
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", MODELS)
def test_the_last_layer_of_every_net_is_called_output(name: str) -> None:
    """The name by which a warm start leaves it out; it is the one that the number of classes changes."""
    recipe = next(r for r in map(read_recipe, RECIPES) if r.model == name)
    few, more = (weight_shapes(recipe, (28, 28, 1), count) for count in (3, 4))
    assert {key.split(".")[-2] for key in few if few[key] != more[key]} == {"output"}


def test_a_run_keeps_what_it_began_from(tmp_path: Path) -> None:
    """Stopped, the first model gone, resumed: the files of a run never stopped; trained again, the same."""
    first = tmp_path / "first"
    api.run(tiny_dataset(), out=first, checks=CHECKS, **settings(1))
    chosen = {**settings(2), "seed": 5, "warm_start": str(first)}
    whole = tmp_path / "whole"
    api.run(tiny_dataset(), out=whole, checks=CHECKS, **chosen)

    def stop(event: Event) -> None:
        if event.event == "epoch":
            raise Interrupted(143)

    with pytest.raises(Interrupted):
        api.run(tiny_dataset(), out=tmp_path / "run", checks=CHECKS, on_event=stop, **chosen)
    shutil.rmtree(first)
    run_commands.resume(tmp_path / "run", tiny_dataset())
    assert whole_result(tmp_path / "run") == whole_result(whole)
    assert all(fact.holds for fact in verify_run(whole, tiny_dataset(), retrain=True))


def test_another_model_does_not_go_on_with_an_unfinished_run(tmp_path: Path) -> None:
    """The same path with other weights in it: refused, naming what differs."""
    first, folder = tmp_path / "first", tmp_path / "run"
    done = api.run(tiny_dataset(), out=first, checks=CHECKS, **settings(1))
    assert done.model is not None
    chosen = {**settings(2), "warm_start": str(first), "out": folder, "checks": CHECKS}
    api.run(tiny_dataset(), **chosen)
    (folder / "manifest.json").unlink()
    other = {name: weight + 1 for name, weight in done.model.weights.items()}
    replace(done.model, weights=other).save(first / "model")
    with pytest.raises(AssayError) as caught:
        api.run(tiny_dataset(), **chosen)
    assert caught.value.code == "config-changed"


@pytest.mark.parametrize("left", [(), ("model.safetensors",)])
def test_a_copy_that_was_not_finished_stops_nothing(
    model: Model, tmp_path: Path, left: tuple[str, ...]
) -> None:
    """A process that was killed, or whose disk was full, while the first model was copied: copied again."""
    folder = tmp_path / "warm_start"
    keep_start(model, folder)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        if path.name not in left:
            path.unlink()
    assert not is_kept(folder)
    keep_start(model, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
