"""Prediction: softmax by hand, rows that do not depend on their company, images of the right kind only."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from assay.core.errors import AssayError
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.estimators.softmax import softmax
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.batching import prediction_batch
from assay.training.inference.net import logit_blocks
from assay.training.nets.network import filled_network
from assay.training.recipes import NetRecipe, Recipe, read_recipe

CLASSES = ("left", "middle", "right")


@pytest.fixture
def model(split: Split, rows: HoldOut, recipe: Recipe) -> Model:
    return fit(FitRequest(split, rows, CLASSES, recipe))


def test_softmax_by_hand() -> None:
    """Logits log 1, log 2, log 5 give 1/8, 2/8, 5/8; huge ones neither overflow nor divide by zero."""
    logits = np.log(np.array([[1, 2, 5]])).astype(np.float32)
    assert softmax(logits) == pytest.approx(np.array([[0.125, 0.25, 0.625]]), abs=1e-7)
    extreme = softmax(np.array([[3e38, -3e38], [-3e38, -3e38]], np.float32))
    assert extreme.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_a_row_does_not_depend_on_its_company(model: Model, split: Split) -> None:
    """An image gets the same bits alone, in any batch, in any order, in blocks or in one array."""
    images = np.concatenate([split.images] * 5)
    whole = model.predict_proba(images)
    assert whole.shape == (350, 3)
    assert whole.sum(axis=1) == pytest.approx(np.ones(350), abs=1e-12)
    assert np.array_equal(whole, model.predict_proba(images[::-1])[::-1])
    assert np.array_equal(whole[:1], model.predict_proba(images[:1]))
    assert np.array_equal(whole, model.predict_proba(images[i : i + 33] for i in range(0, 350, 33)))


@pytest.mark.parametrize("members", [1, 2])
def test_the_number_of_threads_changes_no_answer(split: Split, rows: HoldOut, members: int) -> None:
    """Batches computed one after the other and three at a time: the same bits, with the mirror image too."""
    small = {"channels": [4, 6], "pool_after": [1], "hidden": 8, "epochs": 1, "members": members}
    recipe = read_recipe("cnn", {**small, "mirror_averaging": True, "reference": 0.0})
    assert isinstance(recipe, NetRecipe)
    model = fit(FitRequest(split, rows, CLASSES, recipe))
    network = filled_network(recipe, split.shape, 3, model.weights)
    images, cpu = np.concatenate([split.images] * 10), torch.device("cpu")
    one, three = (
        np.concatenate(list(logit_blocks(network, model.preprocessing, [images], cpu, True, at_a_time)))
        for at_a_time in (1, 3)
    )
    assert np.array_equal(one, three)


def test_no_images_give_no_rows(model: Model, split: Split) -> None:
    """Nothing in, nothing out: an array without rows."""
    assert model.predict_proba(split.images[:0]).shape == (0, 3)
    assert model.predict_proba([]).shape == (0, 3)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 6, 4), np.uint8),
        np.zeros((2, 6, 4, 1), np.uint8),
        np.zeros((2, 4, 6, 3), np.uint8),
        np.zeros((2, 4, 6, 1), np.float32),
    ],
)
def test_other_images_are_refused(model: Model, images: np.ndarray) -> None:
    """Images of another shape or type are refused, never reinterpreted."""
    with pytest.raises(AssayError, match="shape-mismatch"):
        model.predict_proba(images)


def test_large_images_make_small_batches(model: Model) -> None:
    """The batch depends on the image's size alone, and is never empty."""
    shapes = [(28, 28, 1), (224, 224, 3), (5000, 5000, 3)]
    p = model.preprocessing
    sizes = [prediction_batch(replace(p, height=h, width=w, channels=c)) for h, w, c in shapes]
    assert sizes == [128, 6, 1]


def test_the_model_shows_itself(model: Model) -> None:
    """The summary is a text table, the notebook form a table of the same layers."""
    assert "hidden" in model.summary()
    assert "<table>" in model._repr_html_()
    assert model.costs()["parameters"] == 24 * 8 + 8 + 8 * 3 + 3
