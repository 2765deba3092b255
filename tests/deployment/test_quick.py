"""A model asked by its file answers as it would itself, and is asked itself where digits could decide."""

from dataclasses import replace

import numpy as np
import pytest

import assay
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.predict import judged
from assay.deployment.quick import Quick, judged_by_model, near_a_boundary, quick
from assay.training.classifier import Model
from assay.training.model.limits import AnswerRule


@pytest.fixture(scope="module")
def model() -> Model:
    found = assay.train("fashion-mnist-sample", "linear", epochs=2, threads=1)
    rule = AnswerRule(0.1, 0.5, "", 200, 100, 5)
    return replace(found, limits=replace(found.limits, rule=rule, rule_reason=""))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.asarray(assay.load("fashion-mnist-sample").splits["test"].images)


def test_both_ways_say_the_same(model: Model, images: np.ndarray) -> None:
    """Class, decision and familiarity equal on all; probabilities within 1e-5."""
    fast = quick(model)
    assert isinstance(fast, Quick)
    found, own = judged(fast, images), judged(model, images)
    np.testing.assert_allclose(found.probabilities, own.probabilities, atol=1e-5)
    for name in ("familiar", "answered"):
        np.testing.assert_array_equal(getattr(found, name), getattr(own, name))
    np.testing.assert_array_equal(found.probabilities.argmax(axis=1), own.probabilities.argmax(axis=1))
    none = judged(fast, images[:0])
    assert none.probabilities.shape == (0, 10)


@pytest.mark.parametrize("where", ["tie", "threshold", "gate", "no number"])
def test_near_a_boundary_the_model_is_asked(
    where: str, model: Model, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only about the image that is near, and its row is the model's to the bit."""
    fast = quick(model)
    assert isinstance(fast, Quick)
    gate = model.limits.gate
    assert gate is not None
    honest = OnnxModel.run

    def shifted(file: OnnxModel, given: np.ndarray) -> object:
        answers = honest(file, given)
        row = answers.probabilities[1]
        row[:], answers.ood_score[:] = 0, gate.threshold / 2
        answers.probabilities[:] = np.eye(10, dtype=np.float32)[:1]
        row[:2] = {"tie": (0.5000001, 0.4999999), "threshold": (0.500004, 0.1)}.get(where, (1, 0))
        if where == "gate":
            answers.ood_score[1] = gate.threshold * 1.0005
        if where == "no number":
            row[:] = np.nan
        return answers

    monkeypatch.setattr(OnnxModel, "run", shifted)
    found, own = judged_by_model(fast, images[:4]), judged(model, images[:4])
    assert near_a_boundary(model, shifted(fast.file, images[:4])).tolist() == [False, True, False, False]  # type: ignore[arg-type]
    np.testing.assert_array_equal(
        found.probabilities[1].astype(np.float32), own.probabilities[1].astype(np.float32)
    )
    assert found.probabilities[[0, 2, 3], 0].tolist() == [1, 1, 1]


def test_without_the_runtime_the_model_answers(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a fit in closed form needs no file: NumPy is loaded already."""
    closed = assay.train("fashion-mnist-sample", "majority")
    assert quick(closed) is closed
    monkeypatch.setattr("assay.deployment.quick.find_spec", lambda _: None)
    assert quick(model) is model
