"""The model of a run that has not come to its end: what it would be if it ended now."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.hold_out import HoldOut
from assay.data.values import Split
from assay.learning.checkpoint import newest_checkpoint
from assay.learning.continuing import check_same, state_from
from assay.learning.job import make_job
from assay.learning.recipes import NetRecipe
from assay.learning.train import model_of
from assay.learning.values import Model


def unfinished_model(
    checkpoints: Path,
    split: Split,
    rows: HoldOut,
    classes: Sequence[str],
    recipe: NetRecipe,
    *,
    seed: int = 0,
    device: str = "auto",
    validation: Split | None = None,
    fingerprints: Mapping[str, str] | None = None,
    start: Model | None = None,
    on_event: OnEvent = ignore,
) -> Model:
    """The newest weights in `checkpoints` (the best so far, where the recipe keeps those), and the history of
    its finished epochs. Nothing is written; the run may go on meanwhile.

    Arguments as in `assay.learning.train.train`. Raises AssayError `no-epoch-finished`, `data-changed`,
    `config-changed`.
    """
    found = newest_checkpoint(checkpoints, on_event)
    if found is None or not found.record["history"]:
        fix = "Go on with it: assay resume RUN."
        raise AssayError("no-epoch-finished", checkpoints, "no epoch of this run is finished yet", fix)
    prints = fingerprints or {}
    job = make_job(split, rows, classes, recipe, seed, device, None, prints, on_event, validation, start)
    check_same(found, job, accept_changes=False)
    return model_of(job, state_from(found, job))
