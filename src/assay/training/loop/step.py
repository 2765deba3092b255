"""`TrainStep`: a net and the optimizer that teaches it; and how several learn together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import nn

from assay.training.device import ForEach, mixed_precision, side_by_side
from assay.training.loop.job import Job
from assay.training.loop.loader import Batch
from assay.training.nets.ensemble import averaged
from assay.training.nets.finetuned import FineTuned
from assay.training.nets.own_net import errors_of_own
from assay.training.optim.adam import Adam
from assay.training.optim.loss import batch_loss, loss_and_gradient
from assay.training.optim.sequential_backward import Chain

#: The loss and the logits of a batch, and the gradients of the loss by the parameters.
_Gradients = tuple[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]]

#: How an error of a user's net in training can be avoided.
_OTHER_BATCH: Final = "Give another batch_size, or a net that takes such a batch."


@dataclass(frozen=True, eq=False)
class TrainStep:
    """One net that learns, alone or as a member of an ensemble.

    chain: of a net that is a plain chain of layers, whose gradients need no autograd. learner: of several
    processes the net whose backward pass gives the sum of their gradients.
    """

    network: nn.Module
    parameters: list[torch.Tensor]
    optimizer: Adam
    chain: Chain | None = None
    learner: nn.Module | None = None

    def step(self, job: Job, batch: Batch, rate: float | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forward, backward, update at a learning rate. Gives the loss, without axes, and the logits float32
        `(b, k)`, both from before the net learned from this batch."""
        with torch.no_grad():
            if self.chain is not None:
                with errors_of_own(self.network, _doing(batch), _OTHER_BATCH):
                    loss, logits, gradients = _by_layers(self.chain, job, batch)
            else:
                loss, logits, gradients = self._by_autograd(job, batch)
            self.optimizer.step(gradients, rate)
        return loss, logits

    @torch.enable_grad()
    def _by_autograd(self, job: Job, batch: Batch) -> _Gradients:
        computing = mixed_precision(job.device, job.precision)
        with computing, errors_of_own(self.network, _doing(batch), _OTHER_BATCH):
            logits = self._answers(batch)
        logits = logits.float()
        if self.learner is not None:
            return self._by_parts(job, batch, logits)
        loss = batch_loss(job.recipe, logits, batch.labels, job.class_weights, batch.mixed)
        # A weight that the loss does not depend on has gradient zero: a branch may be off for a batch.
        with errors_of_own(self.network, "no gradient goes back through it in training", _OTHER_BATCH):
            gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True)
        return loss.detach(), logits.detach(), gradients

    def _by_parts(self, job: Job, batch: Batch, logits: torch.Tensor) -> _Gradients:
        """The gradients of the whole batch from the logits of each process's part of it."""
        count = len(batch.labels)
        whole = job.workers.whole(logits, count)
        loss, gradient = loss_and_gradient(job.recipe, whole, batch.labels, job.class_weights, batch.mixed)
        torch.autograd.backward(logits, gradient[job.workers.part(count)])
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        for parameter in self.parameters:
            parameter.grad = None
        return loss, whole, gradients

    def _answers(self, batch: Batch) -> torch.Tensor:
        answers: torch.Tensor
        if self.learner is not None:
            answers = self.learner(batch.images, batch.maps)
            return answers
        if batch.maps:
            assert isinstance(self.network, FineTuned)
            return self.network.above(batch.images)
        answers = self.network(batch.images)
        return answers


def _doing(batch: Batch) -> str:
    """What was done, for the error of a user's net."""
    return f"a batch of {len(batch.labels)} images does not go through it in training"


def _by_layers(chain: Chain, job: Job, batch: Batch) -> _Gradients:
    rounded, backward = chain.forward(batch.images)
    logits = rounded.float()
    loss, gradient = loss_and_gradient(job.recipe, logits, batch.labels, job.class_weights, batch.mixed)
    return loss, logits, backward(gradient)


#: One step of all learners on a batch at a learning rate: their mean loss, and their logits as one.
EnsembleStep = Callable[[Sequence[TrainStep], Batch, float | torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@contextmanager
def ensemble_step(job: Job) -> Iterator[EnsembleStep]:
    """A way to let the nets of a job take a step: one net here, the members of an ensemble side by side or,
    where one learns at a time, one after the other."""

    def learn(
        for_each: ForEach, train_steps: Sequence[TrainStep], batch: Batch, rate: float | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        answers = list(for_each(lambda train_step: train_step.step(job, batch, rate), train_steps))
        return torch.stack([loss for loss, _ in answers]).mean(), averaged([a for _, a in answers])

    if job.recipe.members == 1:
        yield lambda train_steps, batch, rate: train_steps[0].step(job, batch, rate)
    elif job.at_a_time == 1:
        yield partial(learn, map)
    else:
        with side_by_side(job.at_a_time) as for_each:
            yield partial(learn, for_each)
