"""`Job`: all that stays the same during one training run, checked before it starts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assay.core.events import OnEvent
from assay.data.hold_out import HoldOut
from assay.data.preprocessing import Preprocessing, fit_preprocessing
from assay.data.values import Split
from assay.learning.checks import check_labels, warn_of_constant_images, watched
from assay.learning.machine import choose_threads, resolve_device
from assay.learning.randomness import check_seed
from assay.learning.recipes import NetRecipe
from assay.learning.summary import summarize
from assay.learning.values import ModelSummary
from assay.learning.versions import versions


@dataclass(frozen=True, eq=False)
class Job:
    """One training run: which images, which recipe, which seed, on what. `rows` are rows of `split`.

    validation: a split of its own to watch, in place of `rows.validation`.
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
    fingerprints: Mapping[str, str]
    on_event: OnEvent
    validation: Split | None = None

    def watched(self) -> tuple[Split, NDArray[np.int64]]:
        """The validation images: a split and which of its rows."""
        return watched(self.split, self.rows.validation, self.validation)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, the last, smaller one included."""
        return -(-len(self.rows.train) // self.recipe.batch_size)

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
) -> Job:
    """Check what training needs and tell what is odd. Arguments and errors as in `train`."""
    check_seed(seed)
    where = resolve_device(device)
    check_labels(split.labels[rows.train], classes, on_event)
    layers = summarize(recipe, split.shape, len(classes))
    warn_of_constant_images(split, rows.train, on_event)
    return Job(
        split=split,
        rows=rows,
        classes=tuple(classes),
        recipe=recipe,
        seed=seed,
        device=where,
        threads=threads or choose_threads(layers.multiply_adds, recipe.batch_size),
        preprocessing=fit_preprocessing(recipe.normalizer, split, rows.train),
        layers=layers,
        fingerprints=dict(fingerprints),
        on_event=on_event,
        validation=validation,
    )


def _rows_digest(rows: HoldOut) -> str:
    """SHA-256 over which rows train and which validate."""
    parts = (rows.train.astype("<i8").tobytes(), rows.validation.astype("<i8").tobytes())
    return hashlib.sha256(b"|".join(parts)).hexdigest()
