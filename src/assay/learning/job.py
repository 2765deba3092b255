"""`Job`: all that stays the same during one training run, checked before it starts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.data.hold_out import HoldOut
from assay.data.preprocessing import Preprocessing, fit_preprocessing
from assay.data.values import Split
from assay.learning.augment import notes
from assay.learning.beside import share_of
from assay.learning.checks import check_labels, warn_of_constant_images, watched
from assay.learning.loss import class_weights
from assay.learning.machine import choose_threads, resolve_device
from assay.learning.randomness import check_seed
from assay.learning.recipes import NetRecipe
from assay.learning.schedule import Schedule
from assay.learning.summary import summarize
from assay.learning.values import Model, ModelSummary
from assay.learning.versions import versions
from assay.learning.warm_start import WarmStart, begin_from


@dataclass(frozen=True, eq=False)
class Job:
    """One training run: which images, which recipe, which seed, on what. `rows` are rows of `split`.

    validation: a split of its own to watch, in place of `rows.validation`. start: weights to begin from.
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

    def watched(self) -> tuple[Split, NDArray[np.int64]]:
        """The validation images: a split and which of its rows."""
        return watched(self.split, self.rows.validation, self.validation)

    @property
    def at_a_time(self) -> int:
        """How many nets of an ensemble learn side by side."""
        return min(self.recipe.members, self.threads) if self.device.type == "cpu" else 1

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
            **({"warm start": self.start.sha256} if self.start else {}),
            "versions": versions(),
        }


def make_job(
    split: Split,
    rows: HoldOut,
    classes: Sequence[str],
    recipe: NetRecipe,
    seed: int,
    device: str,
    threads: int | None,
    fingerprints: Mapping[str, str],
    on_event: OnEvent,
    validation: Split | None = None,
    start: Model | None = None,
) -> Job:
    """Check what training needs and tell what is odd. Arguments and errors as in `train`."""
    check_seed(seed)
    where = resolve_device(device)
    check_labels(split.labels[rows.train], classes, on_event)
    layers = summarize(recipe, split.shape, len(classes))
    warn_of_constant_images(split, rows.train, on_event)
    for note in notes(recipe):
        warn(on_event, "train", note)
    if recipe.patience and validation is None and not len(rows.validation):
        fix = "Give --validation 0.1, or --set patience=0."
        raise AssayError("bad-value", "patience", "there are no validation images to stop by", fix)
    return Job(
        split=split,
        rows=rows,
        classes=tuple(classes),
        recipe=recipe,
        seed=seed,
        device=where,
        threads=threads or _threads(recipe, layers.multiply_adds, len(classes)),
        preprocessing=fit_preprocessing(recipe.normalizer, split, rows.train),
        layers=layers,
        class_weights=class_weights(recipe, split.labels[rows.train], len(classes), where),
        fingerprints=dict(fingerprints),
        on_event=on_event,
        validation=validation,
        start=begin_from(start, recipe, split.shape, classes, on_event) if start else None,
    )


def _threads(recipe: NetRecipe, multiply_adds: int, class_count: int) -> int:
    """What serves the net best; a single one leaves a core to the reference that is fitted beside it."""
    count = choose_threads(multiply_adds, recipe.batch_size)
    return max(1, count - 1) if share_of(recipe, class_count) and recipe.members == 1 else count


def _rows_digest(rows: HoldOut) -> str:
    """SHA-256 over which rows train and which validate."""
    parts = (rows.train.astype("<i8").tobytes(), rows.validation.astype("<i8").tobytes())
    return hashlib.sha256(b"|".join(parts)).hexdigest()
