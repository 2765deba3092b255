"""`CheckpointSaver`: saves a run's state when it is due, and leaves when asked to."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from assay.core.errors import Interrupted
from assay.core.events import progress
from assay.training.loop.checkpoint_file import save_checkpoint
from assay.training.loop.checkpoint_state import as_checkpoint
from assay.training.loop.divergence import diverged
from assay.training.loop.job import Job
from assay.training.loop.state import State

#: Seconds between two reports of progress.
_REPORT_EVERY: Final = 0.2


class CheckpointSaver:
    """Looks after one run. folder: where checkpoints go; None keeps none. minutes: between two of them inside
    an epoch; None saves at the end of epochs only."""

    def __init__(
        self, job: Job, folder: Path | None, minutes: float | None, should_stop: Callable[[], bool]
    ) -> None:
        self._job, self.folder, self._should_stop = job, folder, should_stop
        self._interval = minutes * 60 if minutes is not None else float("inf")
        self._saved_at = self._told_at = time.monotonic()

    def save(self, state: State) -> None:
        """Save the state durably. Weights that are not finite are never saved: `training-diverged`."""
        if self.folder is None:
            return
        if not state.weights_are_finite():
            raise diverged(self._job, state, self.folder, "a weight is no longer finite")
        save_checkpoint(self.folder, self._steps_done(state), as_checkpoint(state, self._job))
        self._saved_at = time.monotonic()

    def after_step(self, state: State) -> None:
        """Tell of progress, save when it is due, and raise `Interrupted` when asked to stop."""
        if self._should_stop():
            self.save(state)
            raise Interrupted
        now = time.monotonic()
        if now - self._told_at >= _REPORT_EVERY:
            self._told_at = now
            total = self._job.schedule.total_steps
            progress(self._job.on_event, "train", self._steps_done(state), total, "steps")
        if now - self._saved_at >= self._interval:
            self.save(state)

    def _steps_done(self, state: State) -> int:
        return self._job.schedule.steps_before(state.epoch) + state.step
