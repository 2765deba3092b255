"""Checkpoints: stopped anywhere, a run goes on to the same bits; damage is found and passed over."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Split
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop import loader
from assay.training.loop.checkpoint_file import newest_checkpoint
from assay.training.optim.schedule import Schedule
from assay.training.recipes import Recipe, net_recipe, read_recipe
from training.conftest import tiny_split

CLASSES = ("left", "middle", "right")
EPOCHS, STEPS = 3, 4


@pytest.fixture
def whole(split: Split, rows: HoldOut, recipe: Recipe) -> Model:
    return fit(FitRequest(split, rows, CLASSES, recipe))


def stop_at(step: int) -> Callable[[], bool]:
    """Says stop after `step` steps of one call of `train`."""
    count = iter(range(1, 10_000))
    return lambda: next(count) == step


def assert_same(a: Model, b: Model) -> None:
    assert a.weights.keys() == b.weights.keys()
    assert all(np.array_equal(a.weights[name], b.weights[name]) for name in a.weights)
    assert a.history == b.history
    assert a.scores == b.scores


@pytest.mark.parametrize("step", range(1, EPOCHS * STEPS + 1))
def test_stopped_after_any_step(
    split: Split, rows: HoldOut, recipe: Recipe, whole: Model, tmp_path: Path, step: int
) -> None:
    """Asked to stop after any step, training saves and leaves; resumed, it ends in the same bits."""
    assert -(-len(rows.train) // recipe.batch_size) == STEPS
    with pytest.raises(Interrupted):
        fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, should_stop=stop_at(step)))
    assert_same(whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path)))


TECHNIQUES: dict[str, dict[str, Any]] = {
    "schedule": {"schedule": "linear", "warm_up": 0.3, "weight_decay": 0.1, "label_smoothing": 0.1},
    "changed images": {"mirror": True, "shift": 1, "erasing": 0.5, "mixup": 0.4},
    "cutout": {"cutout": 2},
    "selection": {"selection": 0.4, "epochs": 4},
    "average": {"averaging": 0.9},
    "an ensemble": {"members": 2, "selection": 0.5},
    "early stopping": {"patience": 1, "learning_rate": 0.5, "epochs": 6},
    "class weights": {"class_weights": "balanced"},
}


@pytest.mark.parametrize("name", TECHNIQUES)
@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_every_technique_goes_on_to_the_same_bits(
    split: Split, rows: HoldOut, tmp_path: Path, name: str, net: str
) -> None:
    """Stopped after every single step, each time taken up from a checkpoint, a run with any technique and
    with batch norm ends in the bits of one that was never stopped."""
    small = {"hidden": 8} | ({"channels": [4, 6], "pool_after": [1]} if net == "cnn" else {})
    plain = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "patience": 0, "selection": 1.0}
    recipe = read_recipe(net, {**plain, **small, **TECHNIQUES[name]})
    whole = fit(FitRequest(split, rows, CLASSES, recipe))
    stops = 0
    while True:
        try:
            parts = fit(
                FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, should_stop=lambda: True)
            )
        except Interrupted:
            stops += 1
        else:
            break
    assert stops >= 2 * STEPS
    assert_same(whole, parts)


#: Net and options, batch size, shape: blocks of one batch (over 2**20 values), of two, and of many.
SHAPES = {
    "photos": ("cnn", {"channels": [4, 6], "pool_after": [1], "hidden": 8}, 20, (96, 96, 3)),
    "photos, an ensemble": (
        "cnn-accurate",
        {"channels": [4, 6], "pool_after": [1], "hidden": 8, "selection": 0.5},
        20,
        (96, 96, 3),
    ),
    "the last batch is one image": ("mlp", {"hidden": 4}, 27, (96, 96, 3)),
    "one batch an epoch": ("mlp", {"hidden": 4}, 55, (96, 96, 3)),
    "a batch larger than the set": ("linear", {}, 128, (96, 96, 3)),
    "two batches a block, of odd bytes": ("mlp", {"hidden": 4}, 13, (99, 97, 3)),
    "many batches a block, of odd bytes": ("mlp", {"hidden": 4}, 13, (5, 7, 1)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_step_of_an_epoch_can_be_resumed(tmp_path: Path, name: str) -> None:
    """A checkpoint after any step, the last of an epoch too, goes on to the same bits, whatever share of a
    block the batches are: a block of one batch once failed for good."""
    net, options, size, shape = SHAPES[name]
    split = tiny_split(68, shape=shape)
    rows = hold_out(split, 0.2, seed=0)
    few = {"epochs": 2, "batch_size": size, "least_steps": 0, **({"reference": 0.0} if net == "cnn" else {})}
    recipe = read_recipe(net, {**few, **options})
    whole = fit(FitRequest(split, rows, CLASSES, recipe, threads=1))
    steps = Schedule(net_recipe(recipe.as_record()), len(rows.train)).total_steps
    for step in range(1, steps + 1):
        own = tmp_path / str(step)
        with pytest.raises(Interrupted):
            fit(
                FitRequest(
                    split, rows, CLASSES, recipe, checkpoints=own, should_stop=stop_at(step), threads=1
                )
            )
        assert_same(whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=own, threads=1)))


@pytest.mark.parametrize("values", [1, 5_000, 1 << 20])
def test_bits_do_not_hang_on_the_size_of_a_block(monkeypatch: pytest.MonkeyPatch, values: int) -> None:
    """Blocks of any size give the same weights, also where a batch's bytes end within a cache line."""
    split = tiny_split(70, shape=(5, 7, 3))
    rows = hold_out(split, 0.2, seed=0)
    recipe = read_recipe("cnn", {"epochs": 2, "batch_size": 13, "channels": [4, 6], "pool_after": [1]})
    whole = fit(FitRequest(split, rows, CLASSES, recipe, threads=1))
    monkeypatch.setattr(loader, "_BLOCK_VALUES", values)
    assert_same(whole, fit(FitRequest(split, rows, CLASSES, recipe, threads=1)))


def test_stopped_after_every_step(
    split: Split, rows: HoldOut, recipe: Recipe, whole: Model, tmp_path: Path
) -> None:
    """One step at a time, each from a checkpoint, gives what one run gives."""
    for _ in range(EPOCHS * STEPS):
        with pytest.raises(Interrupted):
            fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, should_stop=lambda: True))
    assert_same(whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path)))


def test_a_finished_run_is_not_trained_again(
    split: Split, rows: HoldOut, recipe: Recipe, whole: Model, tmp_path: Path
) -> None:
    """The checkpoint of the last epoch gives the model without another step."""
    fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path))
    events: list[Event] = []
    assert_same(
        whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, on_event=events.append))
    )
    assert not events


def test_saving_inside_epochs_changes_nothing(
    split: Split, rows: HoldOut, recipe: Recipe, whole: Model, tmp_path: Path
) -> None:
    """With a checkpoint after every step the result is the same, and two are kept."""
    assert_same(
        whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, checkpoint_minutes=0))
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "step-0000000011.json",
        "step-0000000011.safetensors",
        "step-0000000012.json",
        "step-0000000012.safetensors",
    ]


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _remove(path: Path) -> None:
    path.unlink()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
@pytest.mark.parametrize("damage", [_flip, _cut, _zero, _empty, _remove, _pipe, _folder, _device])
def test_a_damaged_checkpoint_is_passed_over(
    split: Split,
    rows: HoldOut,
    recipe: Recipe,
    whole: Model,
    tmp_path: Path,
    suffix: str,
    damage: Callable[[Path], None],
) -> None:
    """The newest checkpoint flipped, cut, zeroed, emptied, half gone, or no file: the one before serves, and
    the damaged one is named. A pipe is not waited for."""
    with pytest.raises(Interrupted):
        fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, should_stop=stop_at(6)))
    damage(tmp_path / f"step-0000000006.{suffix}")
    events: list[Event] = []
    again = fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, on_event=events.append))
    assert_same(whole, again)
    named = [e.figures["checkpoint"] for e in events if e.event == "warning"]
    # Without its record a checkpoint was never committed: nothing to name.
    assert named == ([] if (suffix, damage) == ("json", _remove) else ["step-0000000006.json"])
    assert [e.figures["epoch"] for e in events if e.event == "epoch"] == [2, 3]


def test_all_checkpoints_damaged_begins_anew(
    split: Split, rows: HoldOut, recipe: Recipe, whole: Model, tmp_path: Path
) -> None:
    """With no whole checkpoint left, training begins anew and still ends in the same bits."""
    fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path))
    for path in tmp_path.glob("*.safetensors"):
        _flip(path)
    assert_same(whole, fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path)))


def test_another_run_is_not_continued(split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path) -> None:
    """Another recipe, seed, class order, data or hold-out: exit 4, with what differs."""
    prints = {"train": split.fingerprint(CLASSES)}
    longer = recipe.model_copy(update={"epochs": 4})
    fewer = HoldOut(rows.train[1:], rows.validation)
    same: dict[str, Any] = {"split": split, "rows": rows, "classes": CLASSES, "recipe": recipe}
    same |= {"seed": 0, "checkpoints": tmp_path, "fingerprints": prints}
    fit(FitRequest(**same))
    tries: list[tuple[dict[str, Any], str, str]] = [
        ({"recipe": longer}, "config", "epochs"),
        ({"seed": 1}, "config", "seed: 0 then, 1 now"),
        ({"classes": CLASSES[::-1]}, "data", "classes"),
        ({"rows": fewer}, "data", "rows"),
        ({"fingerprints": {"train": "f00"}}, "data", "fingerprints"),
    ]
    for change, code, words in tries:
        with pytest.raises(AssayError, match=words) as caught:
            fit(FitRequest(**same | change))
        assert (caught.value.code, caught.value.exit_code) == (f"{code}-changed", 4)


def test_the_threads_of_the_first_part_are_kept(
    split: Split, rows: HoldOut, recipe: Recipe, tmp_path: Path
) -> None:
    """The number of threads is written down, as it can change how sums are rounded."""
    fit(FitRequest(split, rows, CLASSES, recipe, checkpoints=tmp_path, threads=1))
    found = newest_checkpoint(tmp_path, lambda _: None)
    assert found is not None
    assert found.record["threads"] == 1
    record = json.loads((tmp_path / "step-0000000012.json").read_text())
    assert record["schema"] == 1
