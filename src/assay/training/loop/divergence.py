"""Divergence: the error when a loss or weight is not finite, and the ids of the batch, saved."""

from pathlib import Path

from assay.core import durable
from assay.core.errors import AssayError
from assay.training.loop.hard_examples import rows_of_epoch
from assay.training.loop.job import Job
from assay.training.loop.state import State

FILE = "diverged.json"


def diverged(job: Job, state: State, folder: Path | None, reason: str) -> AssayError:
    """The error `training-diverged`; the ids of the batch's images are saved in `folder`."""
    size = job.recipe.batch_size
    step = min(state.step, job.schedule.steps_in(state.epoch) - 1)
    rows = rows_of_epoch(job, state)[step * size : (step + 1) * size].tolist()
    ids = [job.split.ids[row] for row in rows]
    saved = f"images such as {ids[0]}"
    if folder is not None:
        durable.make_directory(folder)
        found = {
            "schema": 1,
            "reason": reason,
            "epoch": state.epoch,
            "step": step + 1,
            "rows": rows,
            "ids": ids,
        }
        durable.write_json(folder / FILE, found)
        saved = f"ids in {folder / FILE}; the last good checkpoint is kept"
    return AssayError(
        "training-diverged",
        f"epoch {state.epoch}, step {step + 1}",
        f"{reason} on a batch of {len(ids)} images ({saved})",
        "Use a smaller --learning-rate, or look at these images.",
    )
