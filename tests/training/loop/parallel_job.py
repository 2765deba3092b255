"""What the processes of test_data_parallel.py do: `python parallel_job.py RANK COUNT FOLDER`.

Each case is a function of `Place` and gives arrays and words, which are written to `FOLDER/CASE-RANK.npz`.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from assay.core.errors import AssayError, Interrupted
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split, numbered_ids
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop.checkpoint_state import agreed, shared_state
from assay.training.loop.data_parallel import joined
from assay.training.loop.hard_examples import rows_of_epoch
from assay.training.loop.job import make_job
from assay.training.loop.loader import BatchLoader
from assay.training.nets.own_net import own_net
from assay.training.place import Place
from assay.training.recipes import NetRecipe, Recipe, read_recipe, with_own_net

CLASSES = ("left", "middle", "right")
COUNT, TRAIN, BATCH = 66, 50, 16  # batches of 16, 16, 16 and 2, which is fewer than three workers

#: The step after which a process asks to stop: the first of the second epoch.
STOP = 5

#: Recipes with all that depends on the whole batch. In float32 where gradients are compared, as its rounding
#: is small beside what a mistake would change.
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("mlp", {"hidden": 8}),
    "norm": (
        "cnn",
        {
            "reference": 0,
            "precision": "float32",
            "selection": 1.0,
            "channels": [4, 4],
            "pool_after": [1],
            "hidden": 8,
        },
    ),
    "mixed": (
        "cnn",
        {
            "reference": 0,
            "precision": "float32",
            "channels": [4, 4],
            "pool_after": [1],
            "hidden": 8,
            "mixup": 0.4,
            "class_weights": "balanced",
            "label_smoothing": 0.1,
            "shift": 1,
            "cutout": 2,
        },
    ),
    "ensemble": ("cnn-accurate", {"reference": 0, "channels": [4, 4], "pool_after": [1], "hidden": 8}),
    "hardest": ("mlp", {"hidden": 8, "selection": 0.5, "averaging": 0.9, "patience": 2}),
}


class Dropping(nn.Module):
    """A net of a user's own: it draws, and one weight has an effect on some parts of batches alone."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(24, 8), nn.Linear(8, 3)
        self.sometimes = nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.dropout(self.first(images.flatten(1)).relu(), 0.5, self.training)
        answers = self.last(hidden)
        return answers + self.sometimes if self.training and torch.rand(()) > 0.5 else answers


def split_of(count: int = COUNT) -> Split:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = generator.integers(0, 60, (count, 4, 6, 1), dtype=np.uint8)
    for row, label in enumerate(labels):
        images[row, :, 2 * label : 2 * label + 2] += 120
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", count))


def recipe_of(name: str) -> NetRecipe:
    recipe, changes = RECIPES[name]
    found = read_recipe(recipe, {"epochs": 3, "batch_size": BATCH, "learning_rate": 0.01, **changes})
    assert isinstance(found, NetRecipe)
    return found


def request_of(recipe: Recipe, place: Place, **given: Any) -> FitRequest:
    split = split_of()
    rows = HoldOut(np.arange(TRAIN), np.arange(TRAIN, COUNT))
    return FitRequest(split, rows, CLASSES, recipe, seed=3, threads=1, place=place, **given)


def weights_of(model: Model) -> dict[str, np.ndarray]:
    digest = hashlib.sha256(b"".join(model.weights[name].tobytes() for name in sorted(model.weights)))
    history = json.dumps(model.history.as_record(), sort_keys=True)
    return {"digest": np.array(digest.hexdigest()), "history": np.array(history)}


def first_epoch(name: str, place: Place) -> dict[str, np.ndarray]:
    """Of each batch of an epoch, with the first weights: gradients, loss, logits, and the rows seen."""
    found: dict[str, np.ndarray] = {}
    request = request_of(recipe_of(name), place)
    with joined(place, torch.device("cpu")) as workers:
        job = agreed(make_job(request, workers))
        state = shared_state(job, None)
        state.network.train()
        for step, batch in enumerate(BatchLoader(job).batches(rows_of_epoch(job, state), 1)):
            seen = job.rows.train[batch.places.numpy()]
            part = workers.part(len(seen))
            found[f"rows {step}"], found[f"seen {step}"] = seen, seen[part]
            found[f"images {step}"] = batch.images.numpy()
            with torch.no_grad():
                loss, logits, gradients = state.train_steps[0]._by_autograd(job, batch)
            found |= {f"loss {step}": loss.numpy(), f"logits {step}": logits.numpy()}
            found |= {f"gradient {i} {step}": g.numpy().copy() for i, g in enumerate(gradients)}
            buffers = state.network.named_buffers()
            found |= {f"buffer {n} {step}": b.numpy().copy() for n, b in buffers}
    return found


def whole(name: str, place: Place) -> dict[str, np.ndarray]:
    """A whole training."""
    return weights_of(fit(request_of(recipe_of(name), place)))


def stopped(name: str, place: Place, folder: Path) -> dict[str, np.ndarray]:
    """A training that the last process asks to stop in its second epoch, and that goes on afterwards."""
    steps = 0

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps == STOP and place.rank == place.count - 1

    kept = folder / "checkpoints" if place.rank == 0 else None
    request = request_of(recipe_of(name), place, checkpoints=kept)
    try:
        fit(replace(request, should_stop=stop))
        raise AssertionError("it did not stop")
    except Interrupted:
        after = steps
    place = replace(place, rendezvous=folder / f"{name}-again")
    return {**weights_of(fit(replace(request, place=place))), "steps": np.array(after)}


def own_request(net: nn.Module, place: Place, train: int) -> FitRequest:
    """With a net of the user's own, on so many training images."""
    recipe = with_own_net(recipe_of("plain"), own_net(net, split_of().images[:8], 3, 0))
    return replace(request_of(recipe, place), rows=HoldOut(np.arange(train), np.arange(TRAIN, COUNT)))


def own(place: Place) -> dict[str, np.ndarray]:
    """A net of the user's own, and batches that reach for all."""
    torch.manual_seed(0)
    return weights_of(fit(own_request(Dropping(), place, 48)))


def refusal(change: Callable[[FitRequest], FitRequest], place: Place) -> dict[str, np.ndarray]:
    """What each process says where one of them was given something else."""
    try:
        fit(change(request_of(recipe_of("plain"), place)))
    except AssayError as error:
        return {"code": np.array(error.code), "text": np.array(str(error))}
    return {"code": np.array("none")}


def other_seed(place: Place) -> dict[str, np.ndarray]:
    """The last process was given another seed."""
    last = place.rank == place.count - 1
    return refusal(lambda request: replace(request, seed=4) if last else request, place)


def too_many(place: Place) -> dict[str, np.ndarray]:
    """More processes than images in a batch."""
    small = recipe_of("plain").model_copy(update={"batch_size": place.count - 1})
    return refusal(lambda request: replace(request, recipe=small), place)


def own_norm(place: Place) -> dict[str, np.ndarray]:
    """A net of the user's own with batch norm, which would learn from each part alone."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    return refusal(lambda _: own_request(net, place, 48), place)


def own_last(place: Place) -> dict[str, np.ndarray]:
    """A net of the user's own, and a last batch that does not reach for all."""
    return refusal(lambda _: own_request(Dropping(), place, TRAIN), place)


def cases(folder: Path) -> dict[str, Callable[[Place], dict[str, np.ndarray]]]:
    """Every case by its name."""

    def with_name(
        work: Callable[..., Any], name: str, *more: Any
    ) -> Callable[[Place], dict[str, np.ndarray]]:
        return lambda place: work(name, place, *more)

    return {
        **{f"first-{name}": with_name(first_epoch, name) for name in ("plain", "norm", "mixed")},
        **{f"whole-{name}": with_name(whole, name) for name in RECIPES},
        **{f"stopped-{name}": with_name(stopped, name, folder / name) for name in ("norm", "hardest")},
        "own": own,
        "too-many": too_many,
        "own-norm": own_norm,
        "own-last": own_last,
        "other-seed": other_seed,
    }


def main() -> None:
    """Do every case, one after the other."""
    rank, count, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    for name, case in cases(folder).items():
        place = Place(rank, count, rank, count, folder / f"{name}-met")
        np.savez(folder / f"{name}-{rank}.npz", **case(place))


if __name__ == "__main__":
    main()
