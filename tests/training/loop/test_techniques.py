"""Loss, selection, averages, early stopping, mirrored prediction: by hand or against a reference."""

from dataclasses import replace
from pathlib import Path

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
from assay.training.loop.hard_examples import record_losses, rows_of_epoch
from assay.training.loop.job import Job, make_job
from assay.training.loop.loader import BatchLoader, normalized
from assay.training.loop.state import first_state
from assay.training.nets.network import arrays
from assay.training.optim.loss import batch_loss, class_weights, losses_of_images
from assay.training.optim.weight_ema import Average
from assay.training.recipes import NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")
CPU = torch.device("cpu")
SMALL = {"hidden": 8, "batch_size": 16, "learning_rate": 0.01, "epochs": 3}


def net_recipe(**settings: object) -> NetRecipe:
    recipe = read_recipe("mlp", {**SMALL, **settings})
    assert isinstance(recipe, NetRecipe)
    return recipe


def job_of(split: Split, rows: HoldOut, **settings: object) -> Job:
    return make_job(FitRequest(split, rows, CLASSES, net_recipe(**settings), 0, "cpu", 1))


def test_label_smoothing_by_hand() -> None:
    """Smoothing 0.3 over three classes makes the target 0.8, 0.1, 0.1."""
    logits = torch.tensor([[2.0, 1.0, -1.0]])
    logs = torch.log_softmax(logits, 1)[0]
    expected = -(0.8 * logs[0] + 0.1 * logs[1] + 0.1 * logs[2])
    found = batch_loss(net_recipe(label_smoothing=0.3), logits, torch.tensor([0]))
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_mixup_by_hand() -> None:
    """Two images mixed 3 : 1: each loss is three quarters of its own label's and a quarter of the other's."""
    logits, labels = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 1])
    logs = torch.log_softmax(logits, 1)
    expected = -(0.75 * logs[0, 0] + 0.25 * logs[0, 1] + 0.75 * logs[1, 1] + 0.25 * logs[1, 0]) / 2
    found = batch_loss(net_recipe(), logits, labels, mixed=torch.tensor([0.75, 0.75]))
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_class_weights_by_hand() -> None:
    """Three images of a class and one of another, a third without any: 4/(2*3), 4/(2*1), 0."""
    weights = class_weights(net_recipe(class_weights="balanced"), np.array([0, 0, 0, 1]), 3, CPU)
    assert weights is not None
    assert weights.tolist() == pytest.approx([2 / 3, 2.0, 0.0])
    assert class_weights(net_recipe(), np.array([0, 1]), 2, CPU) is None
    logits, labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0]]), torch.tensor([0, 1])
    logs = torch.log_softmax(logits, 1)
    expected = -(2 / 3 * logs[0, 0] + 2 * logs[1, 1]) / (2 / 3 + 2)
    assert batch_loss(net_recipe(), logits, labels, weights).item() == pytest.approx(expected.item())


def test_class_weights_help_the_rare_class(split: Split, rows: HoldOut) -> None:
    """Of a class with two images among forty-odd, more is found with weights than without."""
    rare = np.flatnonzero(split.labels[rows.train] == 2)[2:]
    few = HoldOut(np.delete(rows.train, rare), rows.validation)
    noisy = split.images // 3 + np.random.default_rng(0).integers(0, 150, split.images.shape, dtype=np.uint8)
    noisy_split = Split.from_arrays(noisy, split.labels, split.ids)
    shares = []
    for kind in ("equal", "balanced"):
        model = fit(FitRequest(noisy_split, few, CLASSES, net_recipe(class_weights=kind, epochs=6)))
        shares.append(model.predict_proba(noisy)[split.labels == 2, 2].mean())
    assert shares[1] > shares[0] + 0.05


def test_losses_of_images_by_hand() -> None:
    """The plain loss of each image, without smoothing or weights."""
    logits = torch.tensor([[0.0, 0.0], [np.log(3.0), 0.0]])
    assert losses_of_images(logits, torch.tensor([0, 1])).tolist() == pytest.approx([np.log(2), np.log(4)])


def test_selection_takes_the_largest_stale_losses(split: Split, rows: HoldOut) -> None:
    """The second epoch shows the images of largest loss when last seen, in another order each epoch; what it
    records counts from the third on; the first shows all."""
    job = job_of(split, rows, selection=0.25, epochs=4)
    state, count = first_state(job), len(rows.train)
    assert sorted(rows_of_epoch(job, state)) == rows.train.tolist()
    known = np.random.default_rng(0).permutation(count).astype(np.float32)
    record_losses(state, torch.arange(count), torch.from_numpy(known), torch.zeros(count, dtype=torch.bool))
    assert sorted(rows_of_epoch(job, state)) == rows.train.tolist()
    state.losses.copy_(state.fresh_losses)
    state.begin_epoch(2)
    hardest = rows.train[known >= count - round(count / 4)]
    assert sorted(rows_of_epoch(job, state)) == hardest.tolist()
    places = torch.from_numpy(np.searchsorted(rows.train, hardest))
    record_losses(state, places, torch.full((len(hardest),), -1.0), torch.ones(len(hardest)) > 0)
    assert int(state.right.sum()) == len(hardest)
    assert sorted(rows_of_epoch(job, state)) == hardest.tolist()
    state.losses.copy_(state.fresh_losses)
    state.begin_epoch(3)
    assert not set(rows_of_epoch(job, state)) & set(hardest)


def test_selection_counts_what_it_shows(split: Split, rows: HoldOut) -> None:
    """The loss of an epoch is a mean over the images that it showed, the accuracy one over all images: with a
    rate near nothing the hardest quarter's accuracy is 0, that of all images stays what it was."""
    still = fit(FitRequest(split, rows, CLASSES, net_recipe(selection=0.25, epochs=4, learning_rate=1e-12)))
    accuracies = [r.train_accuracy for r in still.history.records]
    assert accuracies == [accuracies[0]] * 4
    assert 0 < accuracies[0] < 0.75
    model = fit(FitRequest(split, rows, CLASSES, net_recipe(selection=0.25, epochs=4)))
    losses = [record.train_loss for record in model.history.records]
    assert losses[1] > losses[3]


def test_average_by_hand() -> None:
    """With decay 0.5: after the first step 1/10 is kept, after the second 2/11, much later one half."""
    net = torch.nn.Linear(1, 1, bias=False)
    net.weight.data.fill_(8.0)
    average = Average(net, 0.5)
    for value, step, expected in ((0.0, 0, 0.8), (1.0, 1, 0.8 * 2 / 11 + 9 / 11), (0.0, 1000, None)):
        before = average.network.weight.item()
        net.weight.data.fill_(value)
        average.update(net, step)
        wanted = before / 2 if expected is None else expected
        assert average.network.weight.item() == pytest.approx(wanted, abs=1e-6)


def test_the_model_is_the_average(split: Split, rows: HoldOut) -> None:
    """With averaging, the model's weights and validation figures are those of the average."""
    plain, averaged = (fit(FitRequest(split, rows, CLASSES, net_recipe(averaging=a))) for a in (0.0, 0.95))
    assert not np.array_equal(plain.weights["output.weight"], averaged.weights["output.weight"])
    p = averaged.predict_proba(split.images[rows.validation])
    own = p[np.arange(len(p)), split.labels[rows.validation]]
    assert averaged.scores["val_loss"] == pytest.approx(-np.log(own).mean(), abs=1e-6)


def test_early_stopping_keeps_the_best(split: Split, rows: HoldOut) -> None:
    """A rate that spoils the net later: training stops `patience` epochs after the best, the model is that of
    the best epoch, and equals the model of a run that ends there."""
    noisy = np.random.default_rng(3).integers(0, 256, split.images.shape, dtype=np.uint8)
    mixed = Split.from_arrays(split.images // 8 + noisy // 2, split.labels, split.ids)
    recipe = net_recipe(patience=2, epochs=60, learning_rate=0.05)
    model = fit(FitRequest(mixed, rows, CLASSES, recipe))
    losses = [record.val_loss for record in model.history.records]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 60
    assert model.scores["val_loss"] == losses[best - 1]
    short = fit(FitRequest(mixed, rows, CLASSES, recipe.model_copy(update={"epochs": best, "patience": 0})))
    assert all(np.array_equal(model.weights[name], short.weights[name]) for name in short.weights)


def test_early_stopping_needs_validation_images(split: Split, rows: HoldOut) -> None:
    """Without validation images there is nothing to stop by: exit 2 before training."""
    alone = HoldOut(rows.train, rows.train[:0])
    with pytest.raises(AssayError, match="patience") as caught:
        fit(FitRequest(split, alone, CLASSES, net_recipe(patience=2)))
    assert (caught.value.code, caught.value.exit_code) == ("bad-value", 2)


def test_mirror_averaging_is_kept_in_the_model(split: Split, rows: HoldOut, tmp_path: Path) -> None:
    """The model answers with the mean of the logits of image and mirror image, read back too; so a picture
    and its mirror image get the same answer."""
    model = fit(FitRequest(split, rows, CLASSES, net_recipe(mirror_averaging=True)))
    plain = replace(model, recipe={**model.recipe, "mirror_averaging": False})
    both = [np.log(plain.predict_proba(images)) for images in (split.images, split.images[:, :, ::-1])]
    expected = softmax(((both[0] + both[1]) / 2).astype(np.float32))
    assert model.predict_proba(split.images) == pytest.approx(expected, abs=1e-6)
    model.save(tmp_path)
    again = Model.read(tmp_path)
    assert np.array_equal(again.predict_proba(split.images), model.predict_proba(split.images))
    assert again.predict_proba(split.images[:, :, ::-1]) == pytest.approx(expected, abs=1e-6)
    own = expected[rows.validation, split.labels[rows.validation]]
    assert model.scores["val_loss"] == pytest.approx(-np.log(own).mean(), abs=1e-5)


def test_resident_images_give_the_same_batches(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path for graphics cards - all images moved there once, normalized there - gives the very batches of
    the other path, from any step on."""
    for normalizer in ("minmax", "standard"):
        job = job_of(split, rows, normalizer=normalizer, mirror=True, shift=1)
        plain = list(BatchLoader(job).batches(rows.train, 1, 1))
        resident = BatchLoader(job)
        monkeypatch.setattr(resident, "_resident", torch.from_numpy(split.images))
        moved = list(resident.batches(rows.train, 1, 1))
        assert len(plain) == len(moved) == 3
        for a, b in zip(plain, moved, strict=True):
            assert torch.allclose(a.images, b.images, rtol=0, atol=1e-6)
            assert torch.equal(a.labels, b.labels)
            assert torch.equal(a.places, b.places)


def test_no_step_waits_for_what_is_moved_to_the_card(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an epoch needs is moved at once: twice as many steps make as many tensors of arrays."""
    made = []
    from_numpy = torch.from_numpy
    monkeypatch.setattr(torch, "from_numpy", lambda array: made.append(array) or from_numpy(array))
    counts = []
    for size in (10, 5):
        techniques = {"mirror": True, "shift": 1, "cutout": 2, "mixup": 0.2}
        loader = BatchLoader(job_of(split, rows, batch_size=size, normalizer="standard", **techniques))
        monkeypatch.setattr(loader, "_resident", from_numpy(split.images))
        made.clear()
        steps = len(list(loader.batches(rows.train, 1)))
        counts.append((steps, len(made)))
    assert counts[1][0] > 1.5 * counts[0][0]
    assert counts[1][1] == counts[0][1] > 5


def test_normalized_is_the_preprocessing(split: Split, rows: HoldOut) -> None:
    """Normalization of tensors is that of arrays."""
    job = job_of(split, rows, normalizer="standard")
    expected = job.preprocessing.normalize(split.images)
    assert normalized(torch.from_numpy(split.images), job.preprocessing).numpy() == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 8, 55])
@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 6, 1)])
def test_one_image_left_over_for_batch_norm(split: Split, size: int, shape: tuple[int, int, int]) -> None:
    """Batches of one image, or a last one of a single image, train a net with batch norm."""
    rows = HoldOut(np.arange(57), np.arange(57, 70))
    images = np.ascontiguousarray(split.images[:, : shape[0], : shape[1]])
    small = {"channels": [4], "pool_after": [1], "hidden": 4}
    recipe = read_recipe("cnn", {**small, "epochs": 2, "batch_size": size})
    model = fit(FitRequest(Split.from_arrays(images, split.labels, split.ids), rows, CLASSES, recipe))
    assert np.isfinite(model.history.records[-1].train_loss)


def test_a_rate_that_changes_is_in_the_history(split: Split, rows: HoldOut) -> None:
    """history.csv shows the rate of each epoch's last step: 12 steps, falling to 1/12."""
    model = fit(FitRequest(split, rows, CLASSES, net_recipe(schedule="linear")))
    rates = [record.learning_rate for record in model.history.records]
    assert rates == pytest.approx([0.01 * 9 / 12, 0.01 * 5 / 12, 0.01 / 12])


def test_running_statistics_are_weights(split: Split, rows: HoldOut) -> None:
    """A model with batch norm holds its running statistics, and not its integer counter."""
    recipe = read_recipe("cnn", {"channels": [4], "pool_after": [1], "hidden": 4, "epochs": 1, "members": 1})
    names = fit(FitRequest(split, rows, CLASSES, recipe)).weights.keys()
    assert {"norm1.running_mean", "norm1.running_var", "norm1.weight"} <= names
    assert not [name for name in names if "tracked" in name]
    assert arrays(first_state(job_of(split, rows)).network).keys() == {
        "hidden.weight",
        "hidden.bias",
        "output.weight",
        "output.bias",
    }


@pytest.mark.parametrize("normalizer", ["minmax", "standard"])
def test_constant_images_through_batch_norm(split: Split, rows: HoldOut, normalizer: str) -> None:
    """Images of one value everywhere have no deviation to divide by; the net still gives finite figures."""
    flat = Split.from_arrays(np.full_like(split.images, 7), split.labels, split.ids)
    small = {"channels": [4], "pool_after": [1], "hidden": 4, "epochs": 2, "batch_size": 16}
    model = fit(FitRequest(flat, rows, CLASSES, read_recipe("cnn", {**small, "normalizer": normalizer})))
    assert np.isfinite(model.history.records[-1].train_loss)
    assert np.isfinite(model.predict_proba(flat.images[:3])).all()
