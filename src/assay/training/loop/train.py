"""The training loop: one for every recipe.

The test split never comes here. Images stay uint8 and are normalized block by block, by the same function
that evaluation and prediction use. A run is a function of its arguments: its randomness follows from seed,
epoch and step, so it can stop after any step and go on from a checkpoint to the same bits.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Event as Flag

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from assay.core.errors import AssayError
from assay.core.events import Event
from assay.training.device import flushing_denormals, memory_errors
from assay.training.fit_request import FitRequest
from assay.training.inference.net import logit_blocks
from assay.training.loop.checkpoint_file import Checkpoint, newest_checkpoint
from assay.training.loop.checkpoint_saver import CheckpointSaver
from assay.training.loop.checkpoint_state import (
    agreed,
    check_same,
    need_same_weights,
    shared_state,
    state_from,
)
from assay.training.loop.cuda_graph_step import RecordedStep, can_be_recorded, reproducible
from assay.training.loop.data_parallel import joined
from assay.training.loop.divergence import diverged
from assay.training.loop.frozen_activations import frozen_maps
from assay.training.loop.hard_examples import record_losses, rows_of_epoch
from assay.training.loop.job import Job, device_of, make_job, net_recipe_of
from assay.training.loop.loader import Batch, BatchLoader
from assay.training.loop.state import State
from assay.training.loop.step import EnsembleStep, ensemble_step
from assay.training.model.values import EpochRecord, History, ModelData
from assay.training.model.versions import versions
from assay.training.nets.network import arrays
from assay.training.optim.loss import losses_of_images
from assay.training.optim.seeding import layer_seed
from assay.training.recipes import OwnNetRecipe


def train(request: FitRequest) -> ModelData:
    """Fit the recipe's net to `rows.train` of the training split; watch `rows.validation`.

    The net alone: `training.fit` adds the kernel-ridge classifier to recipes that blend both.

    The model is that of the last epoch, unless the recipe stops early (`patience`): then that of the epoch
    with the lowest validation loss. Raises AssayError: `bad-value`, `device-unavailable`,
    `too-few-classes`, `recipe-does-not-fit`, `training-diverged`, `out-of-memory`, `data-changed` and
    `config-changed` (a checkpoint of another run), `no-epoch-finished` (nothing to give without training),
    and those of `durable`.
    """
    recipe, checkpoints = net_recipe_of(request), request.checkpoints
    advice = f"Use a --batch-size under {recipe.batch_size}, or smaller images (--size)."
    with memory_errors(advice):
        found = newest_checkpoint(checkpoints, request.on_event) if checkpoints else None
        threads = request.threads or (found.record["threads"] if found else None)
        request = replace(request, threads=threads)
        if not request.finish:
            return _checkpoint_model(request, found)
        with joined(request.place, device_of(request)) as workers:
            job = agreed(make_job(request, workers))
            if found:
                check_same(found, job, request.accept_changes)
            return _in_a_thread(job, request, found)


def _in_a_thread(job: Job, request: FitRequest, found: Checkpoint | None) -> ModelData:
    stop = Flag()

    def stopping() -> bool:
        return job.workers.any(stop.is_set() or request.should_stop())

    saver = CheckpointSaver(job, request.checkpoints, request.checkpoint_minutes, stopping)

    def work() -> ModelData:
        with reproducible(job.device), ensemble_step(job) as learn:
            return _fit(job, saver, found, RecordedStep(learn, job) if can_be_recorded(job) else learn)

    return flushing_denormals(work, job.threads_of_a_net, stop)


def _fit(job: Job, saver: CheckpointSaver, found: Checkpoint | None, learn: EnsembleStep) -> ModelData:
    state = shared_state(job, found)
    loader = BatchLoader(job, frozen_maps(job, state.network))
    while state.epoch <= job.recipe.epochs and not _stopped_early(job, state):
        started = time.monotonic()
        _run_epoch(job, state, loader, saver, learn)
        record = _epoch_record(job, state)
        state.next_epoch(record)
        saver.save(state)
        seconds = time.monotonic() - started
        figures = {**asdict(record), "epochs": job.recipe.epochs, "seconds": seconds}
        job.on_event(Event("epoch", "train", figures))
    return model_of(job, state)


def _checkpoint_model(request: FitRequest, found: Checkpoint | None) -> ModelData:
    """The model of a checkpoint; of an epoch begun, what the net was at that step."""
    job = make_job(request)
    if found:
        check_same(found, job, request.accept_changes)
    if found is None or not found.record["history"]:
        fix = "Go on with it: assay resume RUN."
        raise AssayError(
            "no-epoch-finished", request.checkpoints, "no epoch of this run is finished yet", fix
        )
    return model_of(job, state_from(found, job))


def _stopped_early(job: Job, state: State) -> bool:
    """Early stopping: whether the validation loss has not fallen for `patience` epochs."""
    patience = job.recipe.patience
    return bool(patience and state.history) and state.epoch - state.best_record().epoch > patience


def _run_epoch(
    job: Job, state: State, loader: BatchLoader, saver: CheckpointSaver, learn: EnsembleStep
) -> None:
    state.network.train()
    for batch in loader.batches(rows_of_epoch(job, state), state.epoch, state.step):
        _take_step(job, state, saver, batch, learn)
        state.step += 1
        saver.after_step(state)
    if not state.weights_are_finite():
        raise diverged(job, state, saver.folder, "a weight is no longer finite")
    need_same_weights(job, state)


def _take_step(job: Job, state: State, saver: CheckpointSaver, batch: Batch, learn: EnsembleStep) -> None:
    """One optimizer step of each net on the batch; correct answers are counted by the logits before it."""
    with _own_randomness(job, state):
        loss, logits = learn(state.train_steps, batch, job.schedule.rate(state.epoch, state.step))
    _count(job, state, saver, loss, logits, batch)
    if state.average is not None:
        state.average.update(state.network, job.schedule.steps_before(state.epoch) + state.step)


@contextmanager
def _own_randomness(job: Job, state: State) -> Iterator[None]:
    """What the layers of a user's net draw follows from the position too; Assay's own nets draw nothing."""
    chain = state.train_steps[0].chain
    if not isinstance(job.recipe, OwnNetRecipe) or (chain is not None and not chain.may_draw):
        yield
        return
    with torch.random.fork_rng(devices=[job.device] if job.device.type == "cuda" else []):
        torch.manual_seed(layer_seed(job.seed, state.epoch, state.step, job.workers.rank))
        yield


def _count(
    job: Job, state: State, saver: CheckpointSaver, loss: torch.Tensor, logits: torch.Tensor, batch: Batch
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
            raise diverged(job, state, saver.folder, f"the loss is {value}")
        state.loss_sum += value * len(batch.labels)
    if len(state.losses):
        losses, right = losses_of_images(logits, batch.labels), logits.argmax(1) == batch.labels
        record_losses(state, batch.places, losses, right)


def _epoch_record(job: Job, state: State) -> EpochRecord:
    count = job.schedule.images_in(state.epoch)
    state.count_answers()
    val_loss, val_accuracy = _validation_scores(job, state)
    return EpochRecord(
        epoch=state.epoch,
        learning_rate=job.schedule.rate(state.epoch, state.step - 1),
        train_loss=float(state.loss_sum) / count,
        train_accuracy=_train_accuracy(state, count),
        val_loss=val_loss,
        val_accuracy=val_accuracy,
    )


def _train_accuracy(state: State, count: int) -> float:
    """The share of all training images answered rightly when last seen: after a selection, those left out
    count by an earlier epoch, so that the figure is not that of the hardest images alone."""
    if len(state.right):
        return int(state.right.sum(dtype=torch.int64)) / len(state.right)
    return int(state.correct) / count


def _validation_scores(job: Job, state: State) -> tuple[float, float] | tuple[None, None]:
    """Mean loss and accuracy on the validation rows: sums over all images, divided once."""
    split, rows = job.watched()
    if len(rows) == 0:
        return None, None
    own = rows[job.workers.part(len(rows))]
    mirrored, blocks = job.recipe.mirror_averaging, split.blocks(own)
    found = logit_blocks(state.judged(), job.preprocessing, blocks, job.device, mirrored, job.threads)
    logits = np.concatenate([np.empty((0, len(job.classes)), np.float32), *found])
    labels = torch.from_numpy(split.labels[own])
    loss = cross_entropy(torch.from_numpy(logits).double(), labels, reduction="sum")
    right = torch.from_numpy(logits.argmax(1) == split.labels[own]).sum()
    loss, right = job.workers.sum(torch.stack([loss, right.double()]))
    return loss.item() / len(rows), int(right) / len(rows)


def model_of(job: Job, state: State) -> ModelData:
    """The model of a state with at least one finished epoch."""
    kept = {name: tensor.cpu().numpy().copy() for name, tensor in state.best.items()}
    return ModelData(
        weights=kept or arrays(state.judged()),
        recipe=job.recipe.as_record(),
        classes=job.classes,
        preprocessing=job.preprocessing,
        layers=job.layers,
        history=History(tuple(state.history)),
        fingerprints=job.fingerprints,
        versions=versions(),
        scores=state.best_record().scores(),
        own_net=job.recipe.net if isinstance(job.recipe, OwnNetRecipe) else None,
    )
