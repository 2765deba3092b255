"""`State`: all that changes during a training run. What a checkpoint holds is this and nothing more."""

from dataclasses import dataclass, field

import torch
from torch import nn

from assay.learning.job import Job
from assay.learning.network import initialized_network
from assay.learning.optimizer import Adam
from assay.learning.values import EpochRecord


@dataclass(eq=False)
class State:
    """Where a run stands. epoch: the one under way, from 1. step: how many steps of it are done.

    loss_sum, correct: over the images of this epoch so far.
    """

    network: nn.Module
    parameters: list[torch.Tensor]
    optimizer: Adam
    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    history: list[EpochRecord] = field(default_factory=list)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Every live tensor of the net and of the optimizer by name."""
        network = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        return network | self.optimizer.state()

    def weights_are_finite(self) -> bool:
        """False when a weight is NaN or infinite."""
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.parameters)

    def next_epoch(self, record: EpochRecord) -> None:
        """Close the epoch with its record; the next begins with empty sums."""
        self.history.append(record)
        self.begin_epoch(self.epoch + 1)

    def begin_epoch(self, epoch: int) -> None:
        """Stand before the first step of `epoch`, with empty sums."""
        self.epoch, self.step, self.loss_sum, self.correct = epoch, 0, 0.0, 0


def first_state(job: Job) -> State:
    """The state before the first step."""
    network = initialized_network(job.recipe, job.split.shape, len(job.classes), job.seed).to(job.device)
    parameters: list[torch.Tensor] = list(network.parameters())
    return State(network, parameters, Adam(parameters, job.recipe))
