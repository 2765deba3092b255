"""Selection by stale loss: after the first epoch, only images that were hard when last seen.

No image is passed through the net to find out: its loss is the one of the step that last learned from it. An
epoch on a third of the images costs a third. A simple relative of selective backpropagation (Jiang et al.,
2019).
"""

import numpy as np
import torch
from numpy.typing import NDArray

from assay.training.loop.job import Job
from assay.training.loop.state import State
from assay.training.optim.seeding import epoch_order


def rows_of_epoch(job: Job, state: State) -> NDArray[np.int64]:
    """The rows of the training split that the state's epoch shows, in its order."""
    rows = job.rows.train
    wanted = job.schedule.images_in(state.epoch)
    if wanted < len(rows):
        losses = state.losses.cpu().numpy()
        hardest = np.argsort(-losses, kind="stable")[:wanted]
        rows = rows[np.sort(hardest)]
    return epoch_order(rows, job.seed, state.epoch)


def record_losses(state: State, places: torch.Tensor, losses: torch.Tensor, right: torch.Tensor) -> None:
    """Note the losses `(b,)` of the training images at `places`, which count from the next epoch on, and
    which answers are right."""
    state.fresh_losses[places] = losses
    state.right[places] = right.to(torch.uint8)
