"""`Learner`: a net and the optimizer that teaches it."""

from dataclasses import dataclass

import torch
from torch import nn

from assay.learning.feed import Batch
from assay.learning.job import Job
from assay.learning.loss import batch_loss
from assay.learning.machine import half_precision
from assay.learning.optimizer import Adam


@dataclass(frozen=True, eq=False)
class Learner:
    """One net that learns, alone or as a member of an ensemble."""

    network: nn.Module
    parameters: list[torch.Tensor]
    optimizer: Adam

    def step(self, job: Job, batch: Batch, rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Forward, backward, update. Gives the loss, without axes, and the logits float32 `(b, k)`, both from
        before the net learned from this batch."""
        with half_precision(job.device):
            logits = self.network(batch.images)
        logits = logits.float()
        loss = batch_loss(job.recipe, logits, batch.labels, job.class_weights, batch.mixed)
        self.optimizer.step(torch.autograd.grad(loss, self.parameters), rate)
        return loss.detach(), logits.detach()
