"""`State`: all that changes during a training run. What a checkpoint holds is this and nothing more."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.learning.checkpoint import Checkpoint
from assay.learning.job import Job
from assay.learning.network import initialized_network
from assay.learning.optimizer import Adam
from assay.learning.values import EpochRecord, History


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
        self.epoch, self.step, self.loss_sum, self.correct = self.epoch + 1, 0, 0.0, 0


def first_state(job: Job) -> State:
    """The state before the first step."""
    network = initialized_network(job.recipe, job.split.shape, len(job.classes), job.seed).to(job.device)
    parameters: list[torch.Tensor] = list(network.parameters())
    return State(network, parameters, Adam(parameters, job.recipe))


def as_checkpoint(state: State, job: Job) -> Checkpoint:
    """The state as arrays and JSON types, with the configuration it belongs to."""
    position = {key: getattr(state, key) for key in ("epoch", "step", "loss_sum", "correct")}
    record = {
        "configuration": job.configuration(),
        "threads": job.threads,
        "position": position,
        "history": History(tuple(state.history)).as_record(),
    }
    return Checkpoint(record, {name: _array(tensor) for name, tensor in state.tensors().items()})


def state_from(checkpoint: Checkpoint, job: Job) -> State:
    """The state that `as_checkpoint` described."""
    state = first_state(job)
    with torch.no_grad():
        for name, tensor in state.tensors().items():
            tensor.copy_(torch.from_numpy(checkpoint.tensors[name].copy()))
    for key, value in checkpoint.record["position"].items():
        setattr(state, key, value)
    state.history = list(History.from_record(checkpoint.record["history"]).records)
    return state


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = np.ascontiguousarray(tensor.detach().cpu().numpy())
    return array.reshape(tensor.shape)
