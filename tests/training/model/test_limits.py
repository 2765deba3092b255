"""A model's limits: fitted on validation alone, saved with it, applied everywhere, changing no answer."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.calibrate import fit_limits
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.features import features_of
from assay.training.model.limits import AnswerRule, Limits
from assay.training.model_file import RECORD, WEIGHTS, save_model
from assay.training.recipes import RECIPES, Recipe, read_recipe, settings_of

CLASSES = ("left", "middle", "right")


@pytest.fixture
def model(split: Split, rows: HoldOut, recipe: Recipe) -> Model:
    plain = fit(FitRequest(split, rows, CLASSES, recipe))
    return replace(plain, limits=fit_limits(plain, split, rows.train, split, rows.validation))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_limits(name: str, split: Split, rows: HoldOut) -> None:
    """Temperature and gate are there, finite, and answers stay; nets and closed forms alike."""
    changes = {key: 1 for key in ("epochs", "least_steps") if key in settings_of(name)}
    plain = fit(FitRequest(split, rows, CLASSES, read_recipe(name, changes), threads=1))
    limits = fit_limits(plain, split, rows.train, split, rows.validation)
    settled = replace(plain, limits=limits)
    assert limits.gate is not None
    assert 0.04 < limits.temperature.value < 21
    before, after = plain.predict_proba(split.images), settled.predict_proba(split.images)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    distances = settled.distances(split.images)
    assert distances is not None
    assert np.isfinite(distances).all()


@pytest.mark.parametrize("interval", [None, (0.0, 0.43)])
def test_limits_survive_the_file(
    model: Model, split: Split, tmp_path: Path, interval: tuple[float, float] | None
) -> None:
    """Read back, the model gives the same bits, distances and rule; written again, the same files."""
    rule = AnswerRule(0.02, 0.9, "", 10, 5, 0, interval)
    model = replace(model, limits=replace(model.limits, rule=rule, rule_reason=""))
    save_model(model, tmp_path / "a")
    again = Model.read(tmp_path / "a")
    assert again.predict_proba(split.images).tobytes() == model.predict_proba(split.images).tobytes()
    assert again.distances(split.images).tobytes() == model.distances(split.images).tobytes()  # type: ignore[union-attr]
    assert (again.limits.rule, again.limits.temperature) == (rule, model.limits.temperature)
    assert again.weights.keys() == model.weights.keys()
    save_model(again, tmp_path / "b")
    for name in (RECORD, WEIGHTS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def _reseal(folder: Path, record: dict) -> None:  # type: ignore[type-arg]
    from assay.core import durable
    from assay.training.model_file import _checksum

    record.pop("sha256")
    body = {key: value for key, value in record.items() if key != "schema"}
    (folder / RECORD).write_text(durable.json_text({**record, "sha256": _checksum(body)}))


def test_models_from_before_there_were_limits_still_load(
    split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path
) -> None:
    """No key `limits`: no temperature, no gate, no rule."""
    save_model(fit(FitRequest(split, rows, CLASSES, recipe)), tmp_path)
    record = json.loads((tmp_path / RECORD).read_text())
    del record["limits"]
    _reseal(tmp_path, record)
    limits = Model.read(tmp_path).limits
    assert (limits.temperature.value, limits.rule, limits.gate) == (1.0, None, None)
    assert "before" in limits.temperature.reason


def test_a_gate_of_one_space_still_loads(model: Model, split: Split, tmp_path: Path) -> None:
    """Models saved before there was a second space, and before right answers were counted: neither key is
    there, and the distances are the net's."""
    gate = replace(model.limits.gate, look=None)  # type: ignore[type-var]
    older = replace(model, limits=replace(model.limits, gate=gate))
    save_model(older, tmp_path)
    record = json.loads((tmp_path / RECORD).read_text())
    del record["limits"]["gate"]["look"], record["limits"]["temperature"]["right"]
    _reseal(tmp_path, record)
    again = Model.read(tmp_path)
    assert again.limits.gate is not None
    assert again.limits.gate.look is None
    assert again.limits.temperature.right is None
    alone, both = again.distances(split.images), model.distances(split.images)
    assert np.array_equal(alone, older.distances(split.images))  # type: ignore[arg-type]
    assert (both >= alone).all()


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("temperature", "value", 0.0),
        ("temperature", "value", "1"),
        ("temperature", "unknown", 1),
        ("gate", "components", 1),
        ("gate", "features", 5),
        ("gate", "features", 1 << 60),
        ("gate", "layer", "hidden"),
        ("gate", "layer", "nowhere"),
        ("gate", "threshold", -1.0),
        ("gate", "look", {"features": 5, "components": 1, "centers": 3}),
        ("gate", "look", {"features": 588}),
        ("gate", "look", 1),
    ],
)
def test_impossible_limits_are_refused(
    model: Model, tmp_path: Path, part: str, key: str, value: object
) -> None:
    """Case 58 for the new keys: unknown keys, wrong types and shapes, a layer that is not there."""
    save_model(model, tmp_path)
    record = json.loads((tmp_path / RECORD).read_text())
    record["limits"][part][key] = value
    _reseal(tmp_path, record)
    with pytest.raises(AssayError, match="model-refused"):
        Model.read(tmp_path)


def test_without_validation_images_there_are_no_limits(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """Nothing is fitted to training images instead; the reason is told."""
    none = np.zeros(0, np.int64)
    plain = fit(FitRequest(split, HoldOut(np.arange(len(split)), none), CLASSES, recipe))
    limits = fit_limits(plain, split, np.arange(len(split)), split, none)
    assert limits.temperature.value == 1
    assert limits.gate is None
    assert "validation" in limits.gate_reason
    assert "validation" in limits.temperature.reason
    assert plain.distances(split.images) is None


def test_one_validation_image_is_enough_and_does_little(model: Model, split: Split, rows: HoldOut) -> None:
    """A single image: a bounded temperature, and a gate that promises only 1 in 2."""
    limits = fit_limits(model, split, rows.train, split, rows.validation[:1])
    assert 0.3 < limits.temperature.value < 3
    assert limits.gate is not None
    assert limits.gate.false_refusal_rate == 0.5


def test_features_are_what_the_last_layer_is_given(model: Model, split: Split) -> None:
    """Weights times features plus bias are the logits, whatever the number of images."""
    layer, blocks = features_of(replace(model, limits=Limits()), [split.images])
    features = np.concatenate(list(blocks))
    logits = features @ model.weights[f"{layer}.weight"].T + model.weights[f"{layer}.bias"]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = replace(model, limits=Limits()).predict_proba(split.images)
    assert p / p.sum(axis=1, keepdims=True) == pytest.approx(expected, abs=1e-5)


def test_an_image_is_as_far_alone_as_in_company(model: Model, split: Split) -> None:
    """Distances do not depend on the other images of the call."""
    together = model.distances(split.images)
    alone = [model.distances(split.images[i : i + 1]) for i in range(5)]
    assert np.concatenate(alone) == pytest.approx(together[:5], rel=1e-5)  # type: ignore[index,arg-type]
