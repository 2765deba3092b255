"""A net and the reference that answer together."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split, numbered_ids
from assay.training.classifier import Model
from assay.training.closed_forms import kernel_ridge
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference import blend
from assay.training.inference.any_model import predict_proba, resolved, summarize, weight_shapes
from assay.training.inference.net import predict_proba as predict_by_net
from assay.training.loop import train
from assay.training.loop.warm_start import fitting_weights
from assay.training.recipes import NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")
SHORT = {"epochs": 2, "batch_size": 16, "channels": [4, 4, 8, 8], "hidden": 8}


def recipe_of(**changes: object) -> NetRecipe:
    recipe = read_recipe("cnn", {**SHORT, **changes})
    assert isinstance(recipe, NetRecipe)
    return recipe


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest) -> Model:
    from training.conftest import tiny_split

    split = tiny_split()
    return fit(
        FitRequest(split, HoldOut(np.arange(60), np.arange(60, 70)), CLASSES, recipe_of(reference=0.4))
    )


def names_of_reference(model: Model) -> set[str]:
    return {name for name in model.weights if name.startswith("reference.")}


def test_the_pool_by_hand() -> None:
    """Half and half of .8 and .2 is even; a quarter of it takes the logarithms three to one."""
    net, other = np.array([[0.8, 0.2]]), np.array([[0.2, 0.8]])
    np.testing.assert_allclose(blend.pooled(net, other, 0.5), [[0.5, 0.5]])
    odds = 4**0.75 * 0.25**0.25
    np.testing.assert_allclose(blend.pooled(net, other, 0.25), [[odds / (1 + odds), 1 / (1 + odds)]])
    np.testing.assert_allclose(blend.pooled(net, other, 0.0), net)


def test_the_pool_of_what_cannot_be() -> None:
    """A probability of zero on either side stays a number, and rows sum to 1; no image gives no row."""
    found = blend.pooled(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]), 0.4)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found[1, 0] == 1
    assert found[1, 1] < 1e-100
    assert blend.pooled(np.empty((0, 2)), np.empty((0, 2)), 0.4).shape == (0, 2)


def test_the_model_answers_with_both(model: Model, split: Split) -> None:
    """Its probabilities are the pool of the net's alone and of the reference's alone, for any blocks."""
    recipe = NetRecipe(**model.recipe)
    own = {name.removeprefix("reference."): model.weights[name] for name in names_of_reference(model)}
    expected = blend.pooled(
        predict_by_net(model, split.blocks()), kernel_ridge.probabilities(own, next(split.blocks())), 0.4
    )
    assert recipe.reference == 0.4
    found = predict_proba(model, split.blocks())
    np.testing.assert_allclose(found, expected, atol=1e-5)  # in other batches: rounded otherwise
    np.testing.assert_allclose(predict_proba(model, split.blocks(None, 7)), found, atol=1e-6)
    assert predict_proba(model, []).shape == (0, 3)


def test_the_net_learns_as_it_would_alone(model: Model, split: Split, rows: HoldOut) -> None:
    """The reference beside it does not change a bit of the net."""
    both, alone = (fit(FitRequest(split, rows, CLASSES, recipe_of(reference=share))) for share in (0.4, 0.0))
    assert not names_of_reference(alone)
    assert both.history == alone.history
    for name, weight in alone.weights.items():
        assert np.array_equal(weight, both.weights[name]), name


def test_the_same_seed_gives_the_same_bits(split: Split, rows: HoldOut, tmp_path: Path) -> None:
    """Twice, and taken up from its last checkpoint: the reference is fitted anew, to the same weights."""
    recipe = recipe_of(reference=0.4)
    first = fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path / "c"))
    for other in (
        fit(FitRequest(split, rows, CLASSES, recipe)),
        fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path / "c")),
    ):
        assert first.weights.keys() == other.weights.keys()
        assert all(np.array_equal(first.weights[name], other.weights[name]) for name in first.weights)


def test_the_file_holds_both(model: Model, split: Split, tmp_path: Path) -> None:
    """Saved and read, the model answers as before; without the reference's weights it is refused."""
    model.save(tmp_path / "whole")
    back = Model.read(tmp_path / "whole")
    assert np.array_equal(predict_proba(back, split.blocks()), predict_proba(model, split.blocks()))
    replace(model, weights=blend.of_net(model.weights)).save(tmp_path / "half")
    with pytest.raises(AssayError, match="weights are not those of its recipe"):
        Model.read(tmp_path / "half")


def test_table_and_shapes_are_those_of_the_weights(model: Model) -> None:
    """Every array is declared, and the table counts the reference's parameters with the net's."""
    recipe = NetRecipe(**model.recipe)
    assert weight_shapes(recipe, (4, 6, 1), 3) == {n: w.shape for n, w in model.weights.items()}
    table, alone = summarize(recipe, (4, 6, 1), 3), summarize(recipe_of(reference=0.0), (4, 6, 1), 3)
    own = sum(model.weights[name].size for name in names_of_reference(model))
    assert table.parameters == alone.parameters + own == model.layers.parameters
    assert table.layers[-1].name == "together"
    assert table.bytes == 4 * table.parameters


def test_few_images_bear_few_features() -> None:
    """At most half as many features as images, and an even number."""
    few = resolved(recipe_of(reference=0.4), 61)
    assert isinstance(few, NetRecipe)
    assert few.reference_features == 30
    plain = resolved(recipe_of(reference=0.0), 61)
    assert isinstance(plain, NetRecipe)
    assert plain.reference_features == recipe_of().reference_features


def test_of_very_many_classes_the_net_answers_alone() -> None:
    """Beyond a thousand classes there is no reference: none is fitted, none is declared."""
    recipe = recipe_of(reference=0.4)
    assert blend.share_of(recipe, 1000) == 0.4
    assert blend.share_of(recipe, 1001) == 0
    assert all("reference" not in name for name in weight_shapes(recipe, (8, 8, 1), 1001))
    assert summarize(recipe, (8, 8, 1), 1001).layers[-1].name == "probabilities"


def test_where_training_stops_the_reference_is_given_up(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What training raises comes out, and no thread goes on."""
    begun = threading.Event()

    def endless(*arguments: object) -> dict[str, np.ndarray]:
        begun.set()
        while True:
            arguments[-1]()  # type: ignore[operator]
            time.sleep(0.001)

    def stopped(*_: object, **__: object) -> Model:
        begun.wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(kernel_ridge, "fit_in_steps", endless)
    monkeypatch.setattr(train, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        fit(FitRequest(split, rows, CLASSES, recipe_of(reference=0.4)))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("assay-reference")]


def test_too_little_memory_is_said_in_one_line(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that does not fit into memory ends the run as a net would that does not."""

    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(kernel_ridge, "fit_in_steps", too_large)
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, recipe_of(reference=0.4)))
    assert (caught.value.code, caught.value.exit_code) == ("out-of-memory", 5)


def test_a_warm_start_takes_the_net_alone(model: Model) -> None:
    """The reference is fitted at once, from nothing: its weights are neither counted nor handed on."""
    fitting, count = fitting_weights(model, NetRecipe(**model.recipe), (4, 6, 1), CLASSES)
    assert len(fitting) == count
    assert all(not name.startswith("reference.") for name in fitting)


def test_in_steps_is_nearly_the_fit_itself() -> None:
    """Many features on two thousand images: the two fits give the same answers but for a hundredth."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, 2400)
    images = rng.integers(0, 120, (2400, 8, 8, 1))
    for row, label in enumerate(labels):
        images[row, 2 * label : 2 * label + 2] += rng.integers(0, 90)
    split = Split.from_arrays(images.astype(np.uint8), labels, numbered_ids("train", 2400))
    rows, options = np.arange(2000), {"fourier_features": 900, "components": 64}
    whole = kernel_ridge.fit(split, rows, 4, 0, options).weights
    quick = kernel_ridge.fit_in_steps(split, rows, 4, 0, options, lambda: None)
    new = np.ascontiguousarray(images[2000:].astype(np.uint8))
    expected, found = (kernel_ridge.probabilities(weights, new) for weights in (whole, quick))
    assert (expected.argmax(axis=1) == labels[2000:]).mean() > 0.8
    assert np.abs(found - expected).mean() < 0.01
