"""Classifiers in closed form: by hand, against oracles, and as models like any other, without torch."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from sklearn.neighbors import NearestCentroid

from assay.core.errors import AssayError
from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Split, numbered_ids
from assay.training.classifier import Model
from assay.training.closed_forms import CLOSED_FORMS, WITH_TORCH, nearest_mean
from assay.training.closed_forms.values import scored
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.any_model import summarize
from assay.training.inference.closed_form import resolved, weight_shapes
from assay.training.model_file import RECORD, WEIGHTS
from assay.training.recipes import RECIPES, NetRecipe, Recipe, read_recipe

CLASSES = ("left", "middle", "right")
NAMES = [name for name in RECIPES if not isinstance(read_recipe(name), NetRecipe)]


def pixel_split(values: list[int], labels: list[int]) -> Split:
    """Images of one pixel."""
    images = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    return Split.from_arrays(images, np.array(labels, np.int64), numbered_ids("train", len(values)))


def all_rows(split: Split) -> HoldOut:
    return hold_out(split, 0, 0)


def test_every_closed_form_has_a_recipe() -> None:
    """The recipes that need no net are those of the table, by the same names."""
    assert NAMES == list(CLOSED_FORMS) == [read_recipe(name).model for name in NAMES]


def test_majority_by_hand() -> None:
    """Three of four images are of class 0: everything gets 3/4 and 1/4, and its loss is the entropy."""
    split = pixel_split([0, 1, 2, 3], [0, 0, 1, 0])
    model = fit(FitRequest(split, all_rows(split), ("a", "b"), read_recipe("majority")))
    assert model.predict_proba(split.images).tolist() == [[0.75, 0.25]] * 4
    record = model.history.records[0]
    assert record.train_accuracy == 0.75
    assert record.train_loss == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)), abs=1e-7)
    assert (record.epoch, record.learning_rate, record.val_loss) == (1, None, None)
    assert model.history.csv().splitlines()[1].startswith("1,,")


def test_nearest_mean_by_hand() -> None:
    """Class means 51 and 204 of 255: 0.2 and 0.8. Without itself each image is still nearer to its own."""
    split = pixel_split([0, 102, 153, 255], [0, 0, 1, 1])
    model = fit(FitRequest(split, all_rows(split), ("a", "b"), read_recipe("nearest-mean")))
    assert model.weights["means"].ravel() == pytest.approx([0.2, 0.8], abs=1e-7)
    sharpness = float(model.weights["sharpness"][0])
    distances = (np.array([0.3]) - np.array([0.2, 0.8])) ** 2
    expected = np.exp(-sharpness * distances) / np.exp(-sharpness * distances).sum()
    found = model.predict_proba(np.full((1, 1, 1, 1), 76, np.uint8))[0]
    assert found == pytest.approx(expected, abs=sharpness * 0.01)
    # Left out, 102 stands at 0.4 from the other of its class and at 0.4 from the mean of the other class.
    answers = np.array([[-0.16, -0.64], [-0.16, -0.16], [-0.16, -0.16], [-0.64, -0.16]]) * sharpness
    p = np.exp(answers) / np.exp(answers).sum(axis=1, keepdims=True)
    loss, _ = scored(p, split.labels)
    assert model.history.records[0].train_loss == pytest.approx(loss, abs=1e-4)


def test_thousands_of_classes_are_judged_by_fewer_images(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their distances to all classes are bounded: fewer images choose the sharpness."""
    judged: list[int] = []
    scored_ = nearest_mean.scored
    monkeypatch.setattr(nearest_mean, "_JUDGING_DISTANCES", 30)
    monkeypatch.setattr(
        nearest_mean, "scored", lambda p, labels: (judged.append(len(p)), scored_(p, labels))[1]
    )
    names = tuple("abcdefghij"[: int(split.labels.max()) + 1])
    fit(FitRequest(split, rows, names, read_recipe("nearest-mean")))
    assert set(judged) == {30 // len(names)}


def test_nearest_mean_agrees_with_scikit_learn(split: Split, rows: HoldOut) -> None:
    """The predicted class is that of scikit-learn's NearestCentroid, for noisy images too."""
    noisy = np.random.default_rng(1).integers(0, 256, split.images.shape, dtype=np.uint8)
    mixed = Split.from_arrays(split.images // 4 + noisy // 2, split.labels, split.ids)
    model = fit(FitRequest(mixed, rows, CLASSES, read_recipe("nearest-mean")))
    flat = mixed.images.reshape(len(mixed), -1) / 255
    oracle = NearestCentroid().fit(flat[rows.train], mixed.labels[rows.train])
    assert np.array_equal(model.predict_proba(mixed.images).argmax(axis=1), oracle.predict(flat))


def test_the_reference_is_the_one_of_the_audit(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on the same images with seed 0, it gives the probabilities that the audit judges a test split
    by, up to float32, and its loss on train is that of the audit's leave-one-out probabilities: where there
    are so many images that the audit takes random features, too."""
    from assay.audits.measures import cross_validated as measure
    from assay.audits.measures.cross_validated import judge
    from assay.data.values import Dataset

    monkeypatch.setattr(measure, "EXACT_BELOW", 0)
    test = Split.from_arrays(split.images[::-1] // 2 + 20, split.labels[::-1].copy(), split.ids)
    cross_validated = judge(Dataset("tiny", CLASSES, {"train": split, "test": test}, "made for a test"))
    recipe = resolved(read_recipe("reference"), len(split))
    model = fit(FitRequest(split, all_rows(split), CLASSES, recipe))
    assert model.predict_proba(test.images) == pytest.approx(cross_validated.probabilities["test"], abs=1e-3)
    loss, accuracy = scored(cross_validated.probabilities["train"].astype(np.float64), split.labels)
    assert model.history.records[0].train_loss == pytest.approx(loss, abs=1e-5)
    assert model.history.records[0].train_accuracy == accuracy


@pytest.mark.parametrize("name", NAMES)
def test_a_model_like_any_other(split: Split, rows: HoldOut, name: str, tmp_path: Path) -> None:
    """Weights are float32 and counted by the table; saved and read back it predicts the same bits; one event
    tells of the fit; equal seeds give equal files."""
    events: list[Event] = []
    model = fit(FitRequest(split, rows, CLASSES, read_recipe(name), on_event=events.append))
    assert all(w.dtype == np.float32 and np.isfinite(w).all() for w in model.weights.values())
    assert sum(w.size for w in model.weights.values()) == model.layers.parameters
    assert [e.figures["epochs"] for e in events if e.event == "epoch"] == [1]
    assert model.layers.layers[0].purpose in model.summary()
    assert ("torch" in model.versions) == (name in WITH_TORCH)
    model.save(tmp_path / "a")
    fit(FitRequest(split, rows, CLASSES, read_recipe(name))).save(tmp_path / "b")
    for file in (WEIGHTS, RECORD):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    again = Model.read(tmp_path / "a")
    assert again.history == model.history
    assert np.array_equal(again.predict_proba(split.images), model.predict_proba(split.images))


@pytest.mark.parametrize("name", NAMES)
def test_a_row_does_not_depend_on_its_company(split: Split, rows: HoldOut, name: str) -> None:
    """Alone, in any order, in any batch an image gets the same answer up to the rounding of a matrix product,
    which may depend on the row; twice the same batch gives the same bits; each row sums to 1."""
    model = fit(FitRequest(split, rows, CLASSES, read_recipe(name)))
    images = np.concatenate([split.images] * 3)
    whole = model.predict_proba(images)
    assert whole.sum(axis=1) == pytest.approx(np.ones(len(images)), abs=1e-9)
    assert np.array_equal(whole, model.predict_proba(images))
    assert np.allclose(whole, model.predict_proba(images[::-1])[::-1], rtol=0, atol=1e-6)
    assert np.allclose(whole[:1], model.predict_proba(images[:1]), rtol=0, atol=1e-6)
    assert model.predict_proba(images[:0]).shape == (0, 3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 9, 3), (1, 1, 4), (40, 2, 1)])
@pytest.mark.parametrize("classes", [2, 60])
def test_any_images_and_classes(name: str, shape: tuple[int, int, int], classes: int) -> None:
    """Any size, channels and number of classes, one image a class and classes without any: the shapes are
    those foretold, and probabilities are probabilities."""
    images = np.random.default_rng(0).integers(0, 256, (classes, *shape), dtype=np.uint8)
    labels = np.arange(classes, dtype=np.int64)
    split = Split.from_arrays(images, labels, numbered_ids("train", classes))
    names = tuple(f"class {i}" for i in range(classes + 1))
    recipe = resolved(read_recipe(name), classes)
    model = fit(FitRequest(split, all_rows(split), names, recipe))
    assert {n: w.shape for n, w in model.weights.items()} == weight_shapes(recipe, shape, classes + 1)
    found = model.predict_proba(images)
    assert found.sum(axis=1) == pytest.approx(np.ones(classes), abs=1e-9)
    assert np.all(found >= 0)


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_classes_are_planned_for(name: str) -> None:
    """The table for 10,000 classes is made at once and allocates no weights."""
    summary = summarize(read_recipe(name), (28, 28, 1), 10_000)
    shapes = weight_shapes(read_recipe(name), (28, 28, 1), 10_000)
    assert summary.parameters == sum(int(np.prod(shape)) for shape in shapes.values())


def test_too_many_scores_are_refused(split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    """More scores than memory allows: exit 2 before any work, not a process that is killed."""
    monkeypatch.setattr("assay.training.closed_forms.kernel_ridge._MOST_SCORES", 10)
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, read_recipe("reference")))
    assert (caught.value.code, caught.value.exit_code) == ("recipe-does-not-fit", 2)


def test_memory_that_is_not_there(split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    """An allocation that fails while fitting is exit 5 with advice, not a traceback."""

    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("assay.training.closed_forms.kernel_ridge.describe", fails)
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, read_recipe("reference")))
    assert (caught.value.code, caught.value.exit_code) == ("out-of-memory", 5)


@pytest.mark.parametrize("name", NAMES)
def test_one_class_is_refused(split: Split, name: str) -> None:
    """One class is no classification, whatever classifies."""
    rows = HoldOut(np.flatnonzero(split.labels == 1), np.array([], np.int64))
    with pytest.raises(AssayError, match="too-few-classes"):
        fit(FitRequest(split, rows, CLASSES, read_recipe(name)))


@pytest.mark.parametrize("name", NAMES)
def test_validation_images_choose_nothing(split: Split, rows: HoldOut, name: str) -> None:
    """Other validation labels change the figures of validation, and no weight."""
    given = replace(split, labels=np.roll(split.labels, 1))
    models = [fit(FitRequest(split, rows, CLASSES, read_recipe(name), validation=v)) for v in (None, given)]
    assert models[0].scores["val_loss"] != models[1].scores["val_loss"]
    for key, weight in models[0].weights.items():
        assert np.array_equal(weight, models[1].weights[key])


def _forged(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    import hashlib

    from assay.core import durable

    record = json.loads((folder / RECORD).read_text())
    del record["sha256"], record["schema"]
    change(record)
    seal = hashlib.sha256(durable.json_text(record).encode()).hexdigest()
    (folder / RECORD).write_text(durable.json_text({"schema": 1, **record, "sha256": seal}))


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["recipe"].update(model="mlp"),
        lambda r: r["recipe"].update(model="nearest-mean"),
        lambda r: r["recipe"].update(epochs=3),
        lambda r: r["recipe"].update(options={}),
        lambda r: r["recipe"]["options"].update(fourier_features=1 << 20),
        lambda r: r["recipe"]["options"].update(fourier_features=1 << 40),
        lambda r: r["recipe"]["options"].update(components=3),
        lambda r: r["classes"].append("more"),
        lambda r: r["preprocessing"].update(height=1 << 20, channels=1 << 20),
        lambda r: r["layers"].update(parameters=5),
    ],
)
def test_a_forged_record_is_refused(
    split: Split, rows: HoldOut, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """Another model, options that are missing or too large, other classes: refused, nothing allocated."""
    fit(FitRequest(split, rows, CLASSES, read_recipe("reference"))).save(tmp_path)
    assert Model.read(tmp_path).recipe["name"] == "reference"
    _forged(tmp_path, change)
    with pytest.raises(AssayError) as caught:
        Model.read(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("model-refused", 7)


def test_weights_that_are_not_finite_are_refused(split: Split, rows: HoldOut, tmp_path: Path) -> None:
    """The same care as for nets: a NaN in the weights is refused by name."""
    import hashlib

    model = fit(FitRequest(split, rows, CLASSES, read_recipe("majority")))
    model.save(tmp_path)
    content = safetensors.numpy.save({"shares": np.array([np.nan, 0, 1], np.float32)})
    (tmp_path / WEIGHTS).write_bytes(content)
    _forged(tmp_path, lambda r: r.update(weights_sha256=hashlib.sha256(content).hexdigest()))
    with pytest.raises(AssayError, match="shares"):
        Model.read(tmp_path)


@pytest.mark.parametrize("name", [*NAMES, "mlp"])
def test_a_whole_run_without_torch(name: str, tmp_path: Path) -> None:
    """Where torch is not installed, run, predict and evaluate work with a closed form; a net is refused with
    exit 5 before any work."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from importlib import util; from assay.training import requirements\n"
        "requirements.find_spec = lambda name: None if name == 'torch' else util.find_spec(name)\n"
        "from assay.cli.main import exit_code\n"
        f"a = exit_code(['run', 'fashion-mnist-sample', '--model', {name!r}, '--checks', 'identity', '-q',\n"
        f"    '--out', {str(tmp_path / 'run')!r}])\n"
        f"b = exit_code(['evaluate', {str(tmp_path / 'run')!r}, '-q']) if a == 0 else a\n"
        "sys.stderr.write(f'CODES {a} {b}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    with_torch = name in ("mlp", *WITH_TORCH)
    expected = "CODES 5 5" if with_torch else "CODES 0 0"
    assert expected in done.stderr, done.stderr
    assert (tmp_path / "run").exists() != with_torch


def test_plain_recipes_are_not_nets() -> None:
    """A recipe in closed form has no epochs to set."""
    assert type(read_recipe("majority")) is Recipe
    assert isinstance(read_recipe("mlp"), NetRecipe)
