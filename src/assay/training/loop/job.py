"""`Job`: all that stays the same during one training run, checked before it starts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.data.preprocessing import Preprocessing, fit_preprocessing
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.device import choose_threads, precision_on, resolve_device
from assay.training.fit_request import FitRequest
from assay.training.inference.blend import share_of
from assay.training.label_checks import check_labels, warn_of_constant_images, watched
from assay.training.loop.data_parallel import ALONE, Workers
from assay.training.loop.warm_start import WarmStart, begin_from
from assay.training.model.values import ModelSummary
from assay.training.model.versions import versions
from assay.training.nets.own_net import check_last_batch, check_rows_apart
from assay.training.nets.summary import summarize
from assay.training.optim.augment import notes
from assay.training.optim.loss import class_weights
from assay.training.optim.schedule import Schedule
from assay.training.optim.seeding import check_seed
from assay.training.place import Place, check_workers
from assay.training.recipes import NetRecipe, OwnNetRecipe


@dataclass(frozen=True, eq=False)
class Job:
    """One training run: which images, which recipe, which seed, on what. `rows` are rows of `split`.

    validation: a split of its own to watch, in place of `rows.validation`. start: weights to begin from.
    workers: the processes that learn together, `world_size` many.
    """

    split: Split
    rows: HoldOut
    classes: tuple[str, ...]
    recipe: NetRecipe
    seed: int
    device: torch.device
    threads: int
    preprocessing: Preprocessing
    layers: ModelSummary
    class_weights: torch.Tensor | None
    fingerprints: Mapping[str, str]
    on_event: OnEvent
    validation: Split | None = None
    start: WarmStart | None = None
    workers: Workers = ALONE
    world_size: int = 1

    def watched(self) -> tuple[Split, NDArray[np.int64]]:
        """The validation images: a split and which of its rows."""
        return watched(self.split, self.rows.validation, self.validation)

    @property
    def at_a_time(self) -> int:
        """How many nets of an ensemble learn side by side: of several processes, each one net at a time, as
        all of them must add up the gradients in the same order."""
        alone = self.workers.count == 1 and self.device.type == "cpu"
        return min(self.recipe.members, self.threads) if alone else 1

    @property
    def precision(self) -> torch.dtype:
        """In which precision training multiplies: bfloat16 or float32."""
        return precision_on(self.device, self.recipe.precision)

    @property
    def threads_of_a_net(self) -> int:
        """How many threads a net learns with."""
        return self.threads if self.recipe.members == 1 else 1

    @cached_property
    def schedule(self) -> Schedule:
        """How many steps there are, and how large."""
        return Schedule(self.recipe, len(self.rows.train))

    def configuration(self) -> dict[str, Any]:
        """What a checkpoint must agree on to be continued, as JSON types."""
        return {
            "recipe": self.recipe.as_record(),
            "seed": self.seed,
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.as_record(),
            "fingerprints": {name: self.fingerprints.get(name, "") for name in ("train", "validation")},
            "rows": _rows_digest(self.rows),
            "device": self.device.type,
            "precision": str(self.precision).removeprefix("torch."),
            **({"warm start": self.start.sha256} if self.start else {}),
            **({"workers": self.world_size} if self.world_size > 1 else {}),
            "versions": versions(),
        }


def net_recipe_of(request: FitRequest) -> NetRecipe:
    """The request's recipe, which must be that of a net: a programming error otherwise."""
    assert isinstance(request.recipe, NetRecipe)
    return request.recipe


def device_of(request: FitRequest) -> torch.device:
    """Where the request's net is trained; of several processes on one machine each has a card of its own.

    Raises AssayError `bad-value`, `device-unavailable`.
    """
    device, place = resolve_device(request.device), request.place
    if place.count == 1 or device.type == "cpu":
        return device
    if device.type != "cuda" or place.local_rank >= torch.cuda.device_count():
        cards = torch.cuda.device_count() if device.type == "cuda" else 1
        what = f"{place.local_count} workers want a card each, and there is {cards} for them"
        raise AssayError("device-unavailable", f"--device {device.type}", what, "Use --device cpu.")
    torch.cuda.set_device(place.local_rank)
    return torch.device("cuda", place.local_rank)


def make_job(request: FitRequest, workers: Workers = ALONE) -> Job:
    """Check what training needs and warn of what is odd. Errors as in `train`."""
    split, rows, classes, recipe = request.split, request.rows, request.classes, net_recipe_of(request)
    check_seed(request.seed)
    where = device_of(request)
    check_labels(split.labels[rows.train], classes, request.on_event)
    layers = summarize(recipe, split.shape, len(classes))
    warn_of_constant_images(split, rows.train, request.on_event)
    for note in notes(recipe):
        warn(request.on_event, "train", note)
    if recipe.patience and request.validation is None and not len(rows.validation):
        fix = "Give --validation 0.1, or --set patience=0."
        raise AssayError("bad-value", "patience", "there are no validation images to stop by", fix)
    if isinstance(recipe, OwnNetRecipe):
        check_last_batch(recipe.net, split.shape, len(rows.train), recipe.batch_size)
    _check_parts(recipe, split, len(rows.train), workers)
    if recipe.model == "finetuned" and recipe.normalizer != "minmax":
        what = "a pretrained net brings pixels to the range that it knows by itself"
        raise AssayError("bad-value", "normalizer", what, "Leave it as it is.")
    start = request.start
    return Job(
        split=split,
        rows=rows,
        classes=tuple(classes),
        recipe=recipe,
        seed=request.seed,
        device=where,
        threads=request.threads or _threads(recipe, layers.multiply_adds, len(classes), request.place),
        preprocessing=fit_preprocessing(recipe.normalizer, split, rows.train),
        layers=layers,
        class_weights=class_weights(recipe, split.labels[rows.train], len(classes), where),
        fingerprints=dict(request.fingerprints),
        on_event=request.on_event,
        validation=request.validation,
        start=begin_from(start, recipe, split.shape, classes, request.on_event) if start else None,
        workers=workers,
        world_size=request.place.count,
    )


def _check_parts(recipe: NetRecipe, split: Split, images: int, workers: Workers) -> None:
    """Raise AssayError `bad-value` or `net-refused` where batches cannot be shared out among the workers."""
    if workers.count == 1:
        return
    check_workers(recipe, workers.count)
    if not isinstance(recipe, OwnNetRecipe):
        return
    check_rows_apart(recipe.net, split.shape)
    schedule = Schedule(recipe, images)
    last = min(schedule.images_in(epoch) % recipe.batch_size or recipe.batch_size for epoch in (1, 2))
    if last < workers.count:
        what = f"the last batch of an epoch has {last} images for {workers.count} workers"
        raise AssayError("net-refused", recipe.net.name, what, "Give another batch_size.")


def _threads(recipe: NetRecipe, multiply_adds: int, class_count: int, place: Place) -> int:
    """What serves the net best; a single one leaves a core to the reference that is fitted beside it."""
    count = max(1, choose_threads(multiply_adds, recipe.batch_size) // place.local_count)
    return max(1, count - 1) if share_of(recipe, class_count) and recipe.members == 1 else count


def _rows_digest(rows: HoldOut) -> str:
    """SHA-256 over which rows train and which validate."""
    parts = (rows.train.astype("<i8").tobytes(), rows.validation.astype("<i8").tobytes())
    return hashlib.sha256(b"|".join(parts)).hexdigest()
