"""The training loop: one for every recipe.

The test split never comes here. Images stay uint8 and are normalized block by block, by the same function
that evaluation and prediction use. A run is a function of its arguments: its randomness follows from seed,
epoch and step, so it can stop after any step and go on from a checkpoint to the same bits.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from math import prod
from pathlib import Path
from threading import Event as Flag
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from assay.core.events import Event, OnEvent, ignore
from assay.data.hold_out import HoldOut
from assay.data.values import Split
from assay.learning.checkpoint import Checkpoint, newest_checkpoint
from assay.learning.continuing import check_same, state_from
from assay.learning.divergence import diverged
from assay.learning.job import Job, make_job
from assay.learning.keeper import Keeper
from assay.learning.machine import flushing_denormals, memory_errors
from assay.learning.network import arrays
from assay.learning.predict import logit_blocks, to_tensor
from assay.learning.randomness import epoch_order
from assay.learning.recipes import NetRecipe
from assay.learning.state import State, first_state
from assay.learning.values import EpochRecord, History, Model
from assay.learning.versions import versions

#: Normalized values held at a time: large enough to gather and normalize cheaply, small enough for a cache.
_BLOCK_VALUES: Final = 1 << 20


def never() -> bool:
    """The answer of one who never asks to stop."""
    return False


def train(
    split: Split,
    rows: HoldOut,
    classes: Sequence[str],
    recipe: NetRecipe,
    *,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    validation: Split | None = None,
    fingerprints: Mapping[str, str] | None = None,
    checkpoints: Path | None = None,
    checkpoint_minutes: float | None = None,
    accept_changes: bool = False,
    on_event: OnEvent = ignore,
    should_stop: Callable[[], bool] = never,
) -> Model:
    """Fit the recipe's net to `rows.train` of the training split; watch `rows.validation`, choose nothing.

    validation: a split of its own to watch, where the data have one; `rows.validation` is then not looked at.
    classes: names in label order. seed: in [0, 2**63). threads: None takes what serves such a net best;
    another number of threads may round differently. fingerprints: of the data, kept in the model.
    checkpoints: a folder; the state is saved there after each epoch and every `checkpoint_minutes`, and a
    run that was begun there goes on, to the same bits as one that was never stopped. accept_changes: it goes
    on, with a warning, even where data, recipe, classes or versions have changed since.
    should_stop: asked after each step; on True the state is saved and `Interrupted` raised.

    The model is that of the last epoch. Raises AssayError: `bad-value`, `device-unavailable`,
    `too-few-classes`, `recipe-does-not-fit`, `training-diverged`, `out-of-memory`, `data-changed` and
    `config-changed` (a checkpoint of another run), and those of `durable`.
    """
    advice = f"Use a --batch-size under {recipe.batch_size}, or smaller images (--size)."
    with memory_errors(advice):
        found = newest_checkpoint(checkpoints, on_event) if checkpoints else None
        threads = threads or (found.record["threads"] if found else None)
        prints = fingerprints or {}
        job = make_job(split, rows, classes, recipe, seed, device, threads, prints, on_event, validation)
        if found:
            check_same(found, job, accept_changes)
        stop = Flag()
        keeper = Keeper(job, checkpoints, checkpoint_minutes, lambda: stop.is_set() or should_stop())
        return flushing_denormals(lambda: _fit(job, keeper, found), job.threads, stop)


def _fit(job: Job, keeper: Keeper, found: Checkpoint | None) -> Model:
    state = state_from(found, job) if found else first_state(job)
    while state.epoch <= job.recipe.epochs:
        started = time.monotonic()
        _run_epoch(job, state, keeper)
        record = _epoch_record(job, state)
        state.next_epoch(record)
        keeper.save(state)
        seconds = time.monotonic() - started
        figures = {**asdict(record), "epochs": job.recipe.epochs, "seconds": seconds}
        job.on_event(Event("epoch", "train", figures))
    return _model(job, state)


def _run_epoch(job: Job, state: State, keeper: Keeper) -> None:
    state.network.train()
    for images, labels in batches(job, state.epoch, state.step):
        _take_step(job, state, keeper, images, labels)
        state.step += 1
        keeper.after_step(state)
    if not state.weights_are_finite():
        raise diverged(job, state, keeper.folder, "a weight is no longer finite")


def _take_step(job: Job, state: State, keeper: Keeper, images: torch.Tensor, labels: torch.Tensor) -> None:
    """Forward, backward, update; count what the net answered before it learned from this batch."""
    logits = state.network(images)
    loss = cross_entropy(logits, labels)
    value = loss.item()
    if not math.isfinite(value):
        raise diverged(job, state, keeper.folder, f"the loss is {value}")
    gradients = torch.autograd.grad(loss, state.parameters)
    state.optimizer.step(gradients, job.recipe.learning_rate)
    state.loss_sum += value * len(labels)
    state.correct += int((logits.detach().argmax(1) == labels).sum())


def batches(job: Job, epoch: int, first_step: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of one epoch from `first_step` on: normalized images `(b, h, w, c)`, labels `(b,)`.

    Many batches are gathered and normalized at once. Blocks begin at the same steps wherever an epoch is
    taken up, so that every batch lies in memory as it did before (kernels may round by alignment).
    """
    size = job.recipe.batch_size
    steps = max(1, _BLOCK_VALUES // (size * prod(job.split.shape)))
    whole, rest = divmod(first_step, steps)
    order = epoch_order(job.rows.train, job.seed, epoch)[whole * steps * size :]
    return islice(_batches_of(job, order, size, steps * size), rest, None)


def _batches_of(
    job: Job, order: NDArray[np.int64], size: int, block_size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    labels = torch.from_numpy(job.split.labels[order]).to(job.device)
    for block, block_labels in zip(
        job.split.blocks(order, block_size), torch.split(labels, block_size), strict=True
    ):
        images = to_tensor(job.preprocessing.normalize(block), job.device)
        yield from zip(torch.split(images, size), torch.split(block_labels, size), strict=True)


def _epoch_record(job: Job, state: State) -> EpochRecord:
    count = len(job.rows.train)
    val_loss, val_accuracy = _validation_scores(job, state)
    return EpochRecord(
        epoch=state.epoch,
        learning_rate=job.recipe.learning_rate,
        train_loss=state.loss_sum / count,
        train_accuracy=state.correct / count,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
    )


def _validation_scores(job: Job, state: State) -> tuple[float, float] | tuple[None, None]:
    """Mean loss and accuracy on the validation rows: sums over all images, divided once."""
    split, rows = job.watched()
    if len(rows) == 0:
        return None, None
    blocks = logit_blocks(state.network, job.preprocessing, split.blocks(rows), job.device)
    logits = torch.from_numpy(np.concatenate(list(blocks)))
    labels = torch.from_numpy(split.labels[rows])
    loss = cross_entropy(logits.double(), labels, reduction="sum").item()
    return loss / len(rows), int((logits.argmax(1) == labels).sum()) / len(rows)


def _model(job: Job, state: State) -> Model:
    return Model(
        weights=arrays(state.network),
        recipe=job.recipe.as_record(),
        classes=job.classes,
        preprocessing=job.preprocessing,
        layers=job.layers,
        history=History(tuple(state.history)),
        fingerprints=job.fingerprints,
        versions=versions(),
        scores=state.history[-1].scores(),
    )
