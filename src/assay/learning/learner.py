"""`Learner`: a net and the optimizer that teaches it; and how several learn together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from assay.learning import backprop
from assay.learning.ensemble import averaged
from assay.learning.feed import Batch
from assay.learning.job import Job
from assay.learning.loss import batch_loss, loss_and_slope
from assay.learning.machine import half_precision, side_by_side
from assay.learning.optimizer import Adam

#: The loss and the logits of a batch, and the gradients of the loss by the parameters.
_Slopes = tuple[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]]


@dataclass(frozen=True, eq=False)
class Learner:
    """One net that learns, alone or as a member of an ensemble."""

    network: nn.Module
    parameters: list[torch.Tensor]
    optimizer: Adam

    def step(self, job: Job, batch: Batch, rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Forward, backward, update. Gives the loss, without axes, and the logits float32 `(b, k)`, both from
        before the net learned from this batch."""
        differentiate = self._by_layers if job.device.type == "cpu" else self._by_autograd
        with torch.no_grad():
            loss, logits, gradients = differentiate(job, batch)
            self.optimizer.step(gradients, rate)
        return loss, logits

    def _by_layers(self, job: Job, batch: Batch) -> _Slopes:
        logits, backward = backprop.forward(self.network, batch.images)
        loss, slope = loss_and_slope(job.recipe, logits, batch.labels, job.class_weights, batch.mixed)
        return loss, logits, backward(slope)

    @torch.enable_grad()
    def _by_autograd(self, job: Job, batch: Batch) -> _Slopes:
        with half_precision(job.device):
            logits = self.network(batch.images)
        logits = logits.float()
        loss = batch_loss(job.recipe, logits, batch.labels, job.class_weights, batch.mixed)
        return loss.detach(), logits.detach(), torch.autograd.grad(loss, self.parameters)


#: One step of all learners on a batch at a learning rate: their mean loss, and their logits as one.
Learning = Callable[[Sequence[Learner], Batch, float], tuple[torch.Tensor, torch.Tensor]]


@contextmanager
def learning_together(job: Job) -> Iterator[Learning]:
    """A way to let the nets of a job take a step: one net here, the members of an ensemble side by side."""
    if job.recipe.members == 1:
        yield lambda learners, batch, rate: learners[0].step(job, batch, rate)
        return
    with side_by_side(job.at_a_time) as for_each:

        def learn(
            learners: Sequence[Learner], batch: Batch, rate: float
        ) -> tuple[torch.Tensor, torch.Tensor]:
            answers = list(for_each(lambda learner: learner.step(job, batch, rate), learners))
            return torch.stack([loss for loss, _ in answers]).mean(), averaged([a for _, a in answers])

        yield learn
