"""The training loop: one for every recipe.

The test split never comes here. Images stay uint8 and are normalized block by block, by the same function
that evaluation and prediction use. A run is a function of its arguments: its randomness follows from seed,
epoch and step, so it can stop after any step and go on from a checkpoint to the same bits.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event as Flag

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore
from assay.data.hold_out import HoldOut
from assay.data.values import Split
from assay.learning.checkpoint import Checkpoint, newest_checkpoint
from assay.learning.continuing import check_same, state_from
from assay.learning.divergence import diverged
from assay.learning.feed import Batch, Feed
from assay.learning.job import Job, make_job
from assay.learning.keeper import Keeper
from assay.learning.learner import Learning, learning_together
from assay.learning.loss import losses_of_images
from assay.learning.machine import flushing_denormals, memory_errors
from assay.learning.network import arrays
from assay.learning.predict import logit_blocks
from assay.learning.recipes import NetRecipe
from assay.learning.selection import record_losses, rows_of_epoch
from assay.learning.state import State, first_state
from assay.learning.values import EpochRecord, History, Model
from assay.learning.versions import versions


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
    start: Model | None = None,
    checkpoints: Path | None = None,
    checkpoint_minutes: float | None = None,
    accept_changes: bool = False,
    finish: bool = True,
    on_event: OnEvent = ignore,
    should_stop: Callable[[], bool] = never,
) -> Model:
    """Fit the recipe's net to `rows.train` of the training split; watch `rows.validation`.

    The net alone: `fitting.fit` adds the reference to recipes that want its answers too.

    validation: a split of its own to watch, where the data have one; `rows.validation` is then not looked at.
    classes: names in label order. seed: in [0, 2**63). threads: None takes what serves such a net best;
    another number of threads may round differently. fingerprints: of the data, kept in the model.
    start: a model whose weights training begins from, as far as they fit (see `warm_start`).
    checkpoints: a folder; the state is saved there after each epoch and every `checkpoint_minutes`, and a
    run that was begun there goes on, to the same bits as one that was never stopped. accept_changes: it goes
    on, with a warning, even where data, recipe, classes or versions have changed since. finish: False
    trains nothing and writes nothing; the model is that of the newest checkpoint as it stands.
    should_stop: asked after each step; on True the state is saved and `Interrupted` raised.

    The model is that of the last epoch, unless the recipe stops early (`patience`): then that of the epoch
    with the lowest validation loss. Raises AssayError: `bad-value`, `device-unavailable`,
    `too-few-classes`, `recipe-does-not-fit`, `training-diverged`, `out-of-memory`, `data-changed` and
    `config-changed` (a checkpoint of another run), `no-epoch-finished` (nothing to give without training),
    and those of `durable`.
    """
    advice = f"Use a --batch-size under {recipe.batch_size}, or smaller images (--size)."
    with memory_errors(advice):
        found = newest_checkpoint(checkpoints, on_event) if checkpoints else None
        threads = threads or (found.record["threads"] if found else None)
        prints = fingerprints or {}
        job = make_job(
            split, rows, classes, recipe, seed, device, threads, prints, on_event, validation, start
        )
        if found:
            check_same(found, job, accept_changes)
        if not finish:
            return _as_it_stands(job, found, checkpoints)
        stop = Flag()
        keeper = Keeper(job, checkpoints, checkpoint_minutes, lambda: stop.is_set() or should_stop())
        return flushing_denormals(lambda: _fit(job, keeper, found), job.threads_of_a_net, stop)


def _fit(job: Job, keeper: Keeper, found: Checkpoint | None) -> Model:
    state, feed = state_from(found, job) if found else first_state(job), Feed(job)
    while state.epoch <= job.recipe.epochs and not _stopped_early(job, state):
        started = time.monotonic()
        _run_epoch(job, state, feed, keeper)
        record = _epoch_record(job, state)
        state.next_epoch(record)
        keeper.save(state)
        seconds = time.monotonic() - started
        figures = {**asdict(record), "epochs": job.recipe.epochs, "seconds": seconds}
        job.on_event(Event("epoch", "train", figures))
    return model_of(job, state)


def _as_it_stands(job: Job, found: Checkpoint | None, checkpoints: Path | None) -> Model:
    """The model of a checkpoint; of an epoch begun, what the net was at that step."""
    if found is None or not found.record["history"]:
        fix = "Go on with it: assay resume RUN."
        raise AssayError("no-epoch-finished", checkpoints, "no epoch of this run is finished yet", fix)
    return model_of(job, state_from(found, job))


def _stopped_early(job: Job, state: State) -> bool:
    """Has the validation loss not fallen for as many epochs as the recipe has patience?"""
    patience = job.recipe.patience
    return bool(patience and state.history) and state.epoch - state.best_record().epoch > patience


def _run_epoch(job: Job, state: State, feed: Feed, keeper: Keeper) -> None:
    state.network.train()
    with learning_together(job) as learn:
        for batch in feed.batches(rows_of_epoch(job, state), state.epoch, state.step):
            _take_step(job, state, keeper, batch, learn)
            state.step += 1
            keeper.after_step(state)
    if not state.weights_are_finite():
        raise diverged(job, state, keeper.folder, "a weight is no longer finite")


def _take_step(job: Job, state: State, keeper: Keeper, batch: Batch, learn: Learning) -> None:
    """Let each net learn from the batch; count what they answered before."""
    loss, logits = learn(state.learners, batch, job.schedule.rate(state.epoch, state.step))
    _count(job, state, keeper, loss, logits, batch)
    if state.average is not None:
        state.average.update(state.network, job.schedule.steps_before(state.epoch) + state.step)


def _count(
    job: Job, state: State, keeper: Keeper, loss: torch.Tensor, logits: torch.Tensor, batch: Batch
) -> None:
    """Add a step to the epoch's sums. A loss that is no number stops the run.

    On a graphics card nobody looks at the loss yet, as that would wait for the step: there the weights are
    looked at after each epoch and before each checkpoint.
    """
    state.add_answers(logits, batch.labels)
    if job.device.type == "cuda":
        state.loss_sum += loss.double() * len(batch.labels)
    else:
        value = loss.item()
        if not math.isfinite(value):
            raise diverged(job, state, keeper.folder, f"the loss is {value}")
        state.loss_sum += value * len(batch.labels)
    if len(state.losses):
        record_losses(job, state, batch.rows, losses_of_images(logits, batch.labels))


def _epoch_record(job: Job, state: State) -> EpochRecord:
    count = job.schedule.images_in(state.epoch)
    state.count_answers()
    val_loss, val_accuracy = _validation_scores(job, state)
    return EpochRecord(
        epoch=state.epoch,
        learning_rate=job.schedule.rate(state.epoch, state.step - 1),
        train_loss=float(state.loss_sum) / count,
        train_accuracy=int(state.correct) / count,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
    )


def _validation_scores(job: Job, state: State) -> tuple[float, float] | tuple[None, None]:
    """Mean loss and accuracy on the validation rows: sums over all images, divided once."""
    split, rows = job.watched()
    if len(rows) == 0:
        return None, None
    mirrored, blocks = job.recipe.mirror_averaging, split.blocks(rows)
    found = logit_blocks(state.judged(), job.preprocessing, blocks, job.device, mirrored, job.threads)
    logits = np.concatenate(list(found))
    labels = torch.from_numpy(split.labels[rows])
    loss = cross_entropy(torch.from_numpy(logits).double(), labels, reduction="sum").item()
    return loss / len(rows), int((logits.argmax(1) == split.labels[rows]).sum()) / len(rows)


def model_of(job: Job, state: State) -> Model:
    """The model of a state with at least one finished epoch."""
    kept = {name: tensor.cpu().numpy().copy() for name, tensor in state.best.items()}
    return Model(
        weights=kept or arrays(state.judged()),
        recipe=job.recipe.as_record(),
        classes=job.classes,
        preprocessing=job.preprocessing,
        layers=job.layers,
        history=History(tuple(state.history)),
        fingerprints=job.fingerprints,
        versions=versions(),
        scores=state.best_record().scores(),
    )
