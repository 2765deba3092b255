"""The training loop: it learns, counts right, is a function of its arguments, and stops when it must."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from assay.core.errors import AssayError
from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Split, numbered_ids
from assay.training.classifier import Model
from assay.training.device import choose_threads, resolve_device
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.nets.network import arrays, initialized_network
from assay.training.optim.seeding import epoch_order
from assay.training.recipes import RECIPES, NetRecipe, Recipe, read_recipe

CLASSES = ("left", "middle", "right")
AS_THEY_ARE = {"mirror": False, "mirror_averaging": False, "shift": 0, "selection": 1.0}


def same_weights(a: Model, b: Model) -> bool:
    return a.weights.keys() == b.weights.keys() and all(
        np.array_equal(a.weights[name], b.weights[name]) for name in a.weights
    )


def split_of(images: np.ndarray, labels: list[int]) -> Split:
    return Split.from_arrays(images, np.array(labels, np.int64), numbered_ids("train", len(images)))


def test_one_step_by_hand() -> None:
    """Two equal images of one pixel and two classes: the gradient is p0 - 1/2 and 1/2 - p0, worked out on
    paper; Adam's first step moves every weight by the learning rate times g / (|g| + epsilon)."""
    images = np.array([255, 255], np.uint8).reshape(2, 1, 1, 1)
    rows = HoldOut(np.array([0, 1]), np.array([], np.int64))
    recipe = read_recipe("linear", {"epochs": 1, "batch_size": 2, "learning_rate": 0.25})
    model = fit(FitRequest(split_of(images, [0, 1]), rows, ("a", "b"), recipe, seed=5))
    start = arrays(initialized_network(recipe, (1, 1, 1), 2, seed=5))["output.weight"].ravel()
    p0 = 1 / (1 + np.exp(start[1] - start[0]))
    gradient = np.array([p0 - 0.5, 0.5 - p0])
    expected = start - 0.25 * gradient / (np.abs(gradient) + 1e-7)
    assert model.weights["output.weight"].ravel() == pytest.approx(expected, abs=1e-6)
    record = model.history.records[0]
    assert record.train_loss == pytest.approx(-(np.log(p0) + np.log(1 - p0)) / 2, abs=1e-6)
    assert record.train_accuracy == 0.5
    assert (record.val_loss, record.val_accuracy) == (None, None)


@pytest.mark.parametrize(
    "name", [n for n in RECIPES if isinstance(read_recipe(n), NetRecipe) and n != "finetuned"]
)
def test_every_recipe_learns(split: Split, rows: HoldOut, name: str) -> None:
    """Each recipe, with few epochs and a larger rate, tells the three classes apart (`finetuned`, which wants
    small rates: test_finetuned.py). Left and right must not be mirrored into each other here, and a third of
    55 images would be too few to go on with."""
    recipe = read_recipe(name, {"epochs": 20, "batch_size": 16, "learning_rate": 0.01, **AS_THEY_ARE})
    for normalizer in ("minmax", "standard"):
        chosen = recipe.model_copy(update={"normalizer": normalizer})
        model = fit(FitRequest(split, rows, CLASSES, chosen))
        assert model.preprocessing.normalizer == normalizer
        assert model.history.records[-1].val_accuracy == 1.0


def test_the_history_counts_every_image_once(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """With a rate near nothing, the epoch's running figures equal those of the model on all images:
    sums over images, divided once, the smaller last batch included."""
    still = recipe.model_copy(update={"learning_rate": 1e-12, "epochs": 1})
    assert len(rows.train) % still.batch_size != 0
    model = fit(FitRequest(split, rows, CLASSES, still))
    record = model.history.records[0]
    for chosen, loss, accuracy in (
        (rows.train, record.train_loss, record.train_accuracy),
        (rows.validation, record.val_loss, record.val_accuracy),
    ):
        p, labels = model.predict_proba(split.images[chosen]), split.labels[chosen]
        assert loss == pytest.approx(-np.log(p[np.arange(len(labels)), labels]).mean(), abs=1e-6)
        assert accuracy == (p.argmax(axis=1) == labels).mean()


def test_the_order_is_a_permutation_that_changes() -> None:
    """Every epoch sees each row once, in an order of its own that follows from seed and epoch."""
    rows = np.array([3, 4, 9, 12, 40])
    orders = {
        (seed, epoch): epoch_order(rows, seed, epoch).tolist() for seed in (0, 1) for epoch in (1, 2, 3)
    }
    assert all(sorted(order) == rows.tolist() for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 3
    assert orders[0, 1] == epoch_order(rows, 0, 1).tolist()


def test_the_same_seed_gives_the_same_bits(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """Equal arguments give equal weights and history, whatever torch did before; another seed others."""
    first = fit(FitRequest(split, rows, CLASSES, recipe, seed=3))
    torch.rand(7)
    np.random.default_rng().random()
    torch.set_flush_denormal(False)
    again = fit(FitRequest(split, rows, CLASSES, recipe, seed=3))
    assert same_weights(first, again)
    assert first.history == again.history
    assert not same_weights(first, fit(FitRequest(split, rows, CLASSES, recipe, seed=4)))


def test_the_process_is_left_as_it_was(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """Training changes neither the caller's threads, nor its treatment of denormals, nor its generators."""
    before = torch.get_num_threads(), torch.random.get_rng_state()
    fit(FitRequest(split, rows, CLASSES, recipe, threads=1))
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])
    tiny = torch.tensor([1e-39]) * torch.tensor([1.0])
    assert tiny.item() != 0


def test_denormals_are_flushed_in_training() -> None:
    """Inside a training thread a number under 1e-38 is zero."""
    from threading import Event as Flag

    from assay.training.device import flushing_denormals

    def smallest() -> float:
        return (torch.tensor([1e-38]) * torch.tensor([1e-3])).item()

    assert flushing_denormals(smallest, 1, Flag()) == 0
    assert smallest() != 0


def test_validation_teaches_nothing(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """Other images under the validation rows change the validation figures and nothing else."""
    images = split.images.copy()
    images[rows.validation] = 255 - images[rows.validation]
    poisoned = split_of(images, split.labels.tolist())
    standard = recipe.model_copy(update={"normalizer": "standard"})
    clean, dirty = (fit(FitRequest(s, rows, CLASSES, standard)) for s in (split, poisoned))
    assert same_weights(clean, dirty)
    assert clean.preprocessing == dirty.preprocessing
    assert clean.history != dirty.history


def test_normalization_statistics_are_those_of_training_rows(
    split: Split, rows: HoldOut, recipe: Recipe
) -> None:
    """Mean and deviation are those of x / 255 over the training rows alone."""
    standard = recipe.model_copy(update={"normalizer": "standard", "epochs": 1})
    preprocessing = fit(FitRequest(split, rows, CLASSES, standard)).preprocessing
    scaled = split.images[rows.train] / 255
    assert preprocessing.mean == pytest.approx([scaled.mean()], abs=1e-12)
    assert preprocessing.deviation == pytest.approx([scaled.std()], abs=1e-12)


def test_events_tell_each_epoch(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """One event per epoch with the figures of the history and how many epochs there will be."""
    events: list[Event] = []
    model = fit(FitRequest(split, rows, CLASSES, recipe, on_event=events.append))
    epochs = [e.figures for e in events if e.event == "epoch"]
    assert [figures["epoch"] for figures in epochs] == [1, 2, 3]
    assert {figures["epochs"] for figures in epochs} == {3}
    assert [f["train_loss"] for f in epochs] == [r.train_loss for r in model.history.records]
    assert not [e for e in events if e.event == "warning"]


def test_divergence_stops_at_once(split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path) -> None:
    """A rate that explodes stops with exit 6, names epoch and step, and saves the ids of the batch."""
    # Past the largest rate that a recipe may have: the weights overflow float32 within a few steps.
    wild = recipe.model_copy(update={"learning_rate": 1e38, "epochs": 50})
    folder = tmp_path / "checkpoints"
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, wild, checkpoints=folder))
    assert (caught.value.code, caught.value.exit_code) == ("training-diverged", 6)
    found = json.loads((folder / "diverged.json").read_text())
    assert f"epoch {found['epoch']}, step {found['step']}" in str(caught.value)
    assert found["ids"] == [split.ids[row] for row in found["rows"]]
    assert 0 < len(found["ids"]) <= wild.batch_size


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_loss_that_is_not_a_number_stops_within_one_step(
    split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The very step whose loss is NaN is named; the checkpoint of the epoch before stays loadable."""
    from assay.training.loop import step as training_step

    calls = 0
    genuine = training_step.loss_and_gradient

    def poisoned(*arguments: object) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        factor = float("nan") if calls == 4 + step else 1.0
        loss, slope = genuine(*arguments)
        return loss * factor, slope * factor

    monkeypatch.setattr(training_step, "loss_and_gradient", poisoned)
    assert -(-len(rows.train) // recipe.batch_size) == 4
    with pytest.raises(AssayError, match=f"epoch 2, step {step}: the loss is nan"):
        fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path / "c"))
    assert json.loads((tmp_path / "c" / "diverged.json").read_text())["step"] == step
    monkeypatch.undo()
    resumed = fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path / "c"))
    assert same_weights(resumed, fit(FitRequest(split, rows, CLASSES, recipe)))


def test_weights_that_are_not_finite_are_never_saved(
    split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gradient that is infinite in an epoch's last step is found although no loss follows it."""
    from assay.training.optim.adam import Adam

    genuine, calls = Adam.step, 0

    def poisoned(self: Adam, gradients: list[torch.Tensor], rate: float) -> None:
        nonlocal calls
        calls += 1
        genuine(self, [g * (float("inf") if calls == 8 else 1) for g in gradients], rate)

    monkeypatch.setattr(Adam, "step", poisoned)
    with pytest.raises(AssayError, match="epoch 2, step 4: a weight is no longer finite"):
        fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path / "c"))
    assert [p.name for p in sorted((tmp_path / "c").glob("step-*.json"))] == ["step-0000000004.json"]


@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("normalizer", ["minmax", "standard"])
def test_constant_images_divide_by_nothing(
    rows: HoldOut, recipe: Recipe, value: int, normalizer: str
) -> None:
    """Images of one value everywhere train to finite figures, with a warning that counts them."""
    events: list[Event] = []
    constant = split_of(np.full((70, 4, 6, 1), value, np.uint8), [i % 3 for i in range(70)])
    chosen = recipe.model_copy(update={"normalizer": normalizer})
    model = fit(FitRequest(constant, rows, CLASSES, chosen, on_event=events.append))
    assert np.isfinite(model.history.records[-1].train_loss)
    warnings = [e.figures for e in events if e.event == "warning"]
    assert [w["constant"] for w in warnings] == [len(rows.train)]


def test_a_class_without_images_is_told(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """A class that train lacks is named in a warning; the model still has a place for it."""
    events: list[Event] = []
    model = fit(FitRequest(split, rows, (*CLASSES, "unseen"), recipe, on_event=events.append))
    assert [e.figures["classes"] for e in events if e.event == "warning"] == [["unseen"]]
    assert model.predict_proba(split.images[:2]).shape == (2, 4)


def test_one_class_is_refused_before_training(split: Split, recipe: Recipe) -> None:
    """A single class is no classification: exit 3 before the first step."""
    rows = HoldOut(np.flatnonzero(split.labels == 1), np.array([], np.int64))
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, recipe))
    assert (caught.value.code, caught.value.exit_code) == ("too-few-classes", 3)


@pytest.mark.parametrize("size", [1, 7, 56, 1000])
def test_any_batch_size(split: Split, rows: HoldOut, recipe: Recipe, size: int) -> None:
    """One image at a time, an uneven rest, all at once, or a batch larger than the set."""
    model = fit(FitRequest(split, rows, CLASSES, recipe.model_copy(update={"batch_size": size, "epochs": 1})))
    assert 0 <= model.history.records[0].train_accuracy <= 1


def test_blocks_change_nothing(
    split: Split, rows: HoldOut, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many batches are gathered at once is a matter of speed alone."""
    whole = fit(FitRequest(split, rows, CLASSES, recipe))
    monkeypatch.setattr("assay.training.loop.loader._BLOCK_VALUES", 1)
    assert same_weights(whole, fit(FitRequest(split, rows, CLASSES, recipe)))


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(split: Split, rows: HoldOut, recipe: Recipe, seed: int) -> None:
    """A seed that NumPy and torch cannot both take is refused, not wrapped around."""
    with pytest.raises(AssayError, match="bad-value"):
        fit(FitRequest(split, rows, CLASSES, recipe, seed=seed))


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """auto takes what there is; a device that is missing is exit 5, one that does not exist exit 2."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto").type == resolve_device("cpu").type == "cpu"
    for name, code, leaving in (
        ("cuda", "device-unavailable", 5),
        ("mps", "device-unavailable", 5),
        ("gpu", "bad-value", 2),
    ):
        with pytest.raises(AssayError) as caught:
            resolve_device(name)
        assert (caught.value.code, caught.value.exit_code) == (code, leaving)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"


def test_small_nets_take_one_thread() -> None:
    """The seed model's steps are too small to share; a step of a billion multiply-adds is shared."""
    assert choose_threads(101_632, 32) == 1
    assert choose_threads(10_000_000, 128) >= 1


def test_fewer_threads_give_the_same_up_to_rounding() -> None:
    """A net of one member, large enough that its work is shared, ends with nearly the same weights. Adam's
    epsilon is large here: else the sign alone counts of gradients that are next to nothing."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    wide = split_of(noise, [number % 3 for number in range(64)])
    rows = hold_out(wide, 0.0, seed=0)
    plain = {"members": 1, "epochs": 2, "batch_size": 64, "least_steps": 0, "selection": 1.0}
    plain |= {"epsilon": 0.01, "learning_rate": 0.001, "precision": "float32"}
    recipe = read_recipe("cnn", plain)
    one, two = (fit(FitRequest(wide, rows, CLASSES, recipe, threads=count)).weights for count in (1, 2))
    assert all(np.allclose(one[name], two[name], atol=1e-5) for name in one)
    assert any(np.abs(one[name]).max() > 0.01 for name in one)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: (_ for _ in ()).throw(MemoryError()),
        lambda: (_ for _ in ()).throw(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")),
        lambda: (_ for _ in ()).throw(RuntimeError("can't start new thread")),
        lambda: torch.empty(1 << 60),
    ],
)
def test_memory_that_is_not_there(
    split: Split,
    rows: HoldOut,
    recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    failure: Callable[[], object],
) -> None:
    """An allocation that fails is exit 5 and advises a smaller batch."""
    monkeypatch.setattr("assay.training.loop.loader.to_tensor", lambda *_: failure())
    with pytest.raises(AssayError) as caught:
        fit(FitRequest(split, rows, CLASSES, recipe))
    assert (caught.value.code, caught.value.exit_code) == ("out-of-memory", 5)
    assert "--batch-size under 16" in str(caught.value)


def test_other_failures_stay_what_they_are(
    split: Split, rows: HoldOut, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours is not dressed up as a lack of memory."""

    def bug(*_: object) -> object:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr("assay.training.loop.loader.to_tensor", bug)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        fit(FitRequest(split, rows, CLASSES, recipe))


def test_a_missing_torch_is_found_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torch: exit 5 with the command that installs it, before any work."""
    from assay.training import requirements

    requirements.require_torch()
    monkeypatch.setattr(requirements, "find_spec", lambda _: None)
    with pytest.raises(AssayError, match=r'pip install "assay\[train\]"') as caught:
        requirements.require_torch()
    assert (caught.value.code, caught.value.exit_code) == ("missing-extra", 5)


def test_all_images_may_train(split: Split, recipe: Recipe) -> None:
    """With nothing held out the validation figures are empty, never zero."""
    model = fit(FitRequest(split, hold_out(split, 0, 0), CLASSES, recipe))
    assert all(r.val_loss is None and r.val_accuracy is None for r in model.history.records)
    assert model.scores["val_accuracy"] is None


def test_fingerprints_are_kept(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """The model names the data it was trained on and the versions that made it."""
    model = fit(FitRequest(split, rows, CLASSES, recipe, fingerprints={"train": split.fingerprint(CLASSES)}))
    assert model.fingerprints == {"train": split.fingerprint(CLASSES)}
    assert {"assay", "numpy", "torch"} <= model.versions.keys()
    assert replace(model).recipe["name"] == "mlp"


def test_a_validation_split_of_its_own_is_watched(split: Split, rows: HoldOut, recipe: Recipe) -> None:
    """Given validation images are judged in place of held-out rows, and change no weight."""
    alone = HoldOut(rows.train, rows.train[:0])
    shuffled = Split(split.images, np.roll(split.labels, 1), split.ids, split.digests)
    watched = [
        fit(FitRequest(split, alone, CLASSES, recipe, validation=given)) for given in (split, shuffled, None)
    ]
    scores = [model.scores["val_accuracy"] for model in watched]
    assert scores[2] is None
    assert scores[0] > scores[1]
    for name, weight in watched[2].weights.items():
        assert all(np.array_equal(weight, model.weights[name]) for model in watched)
