"""`State`: all that changes during a training run. What a checkpoint holds is this and nothing more."""

from dataclasses import dataclass, field
from typing import Final

import torch
from torch import nn

from assay.training.loop.initial_weights import first_weights
from assay.training.loop.job import Job
from assay.training.loop.step import TrainStep
from assay.training.loop.synchronized_batch_norm import share_batch_norm
from assay.training.model.values import EpochRecord
from assay.training.nets.ensemble import members
from assay.training.nets.network import fill, floating_state, initialized_network
from assay.training.optim.adam import Adam
from assay.training.optim.sequential_backward import Chain, applies_to
from assay.training.optim.weight_ema import Average

#: Logits that are looked at together.
_COUNTED_AT_ONCE: Final = 1 << 14


@dataclass(eq=False)
class State:
    """Training state. epoch: the one under way, from 1. step: how many steps of it are done.

    loss_sum, correct: over the images of this epoch so far; on a graphics card tensors there, so that no step
    waits for their values. answers: logits and labels that `correct` does not count yet.
    losses: float32 `(n,)`, of each training image when last seen before this epoch; fresh_losses: with what
    this epoch has seen. right: uint8 `(n,)`, whether each was answered rightly when last seen. All three are
    empty unless the recipe selects by losses.
    train_steps: of the nets that learn: the network itself, or the members of an ensemble.
    average: of the weights, where the recipe asks for one. best: the weights with the lowest validation
    loss so far, where the recipe stops early.
    """

    network: nn.Module
    train_steps: tuple[TrainStep, ...]
    losses: torch.Tensor
    fresh_losses: torch.Tensor
    right: torch.Tensor
    average: Average | None = None
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    epoch: int = 1
    step: int = 0
    loss_sum: float | torch.Tensor = 0.0
    correct: int | torch.Tensor = 0
    answers: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)
    history: list[EpochRecord] = field(default_factory=list)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Every live tensor of the run by name."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for number, train_step in enumerate(self.train_steps):
            own = train_step.optimizer.state()
            tensors |= own if len(self.train_steps) == 1 else {f"{number}.{n}": t for n, t in own.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        if self.average is not None:
            average = floating_state(self.average.network)
            tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
        if len(self.losses):
            tensors |= {"losses": self.losses, "fresh_losses": self.fresh_losses, "right": self.right}
        return tensors

    def add_answers(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count which answers are right: many at once, for beside a small net each count takes its time."""
        self.answers.append((logits, labels))
        if len(self.answers) * logits.numel() >= _COUNTED_AT_ONCE:
            self.count_answers()

    def count_answers(self) -> None:
        """Bring `correct` up to date."""
        if self.answers:
            logits, labels = map(torch.cat, zip(*self.answers, strict=True))
            right = (logits.argmax(1) == labels).sum()
            self.correct += right if right.is_cuda else int(right)
            self.answers.clear()

    def judged(self) -> nn.Module:
        """The net that is evaluated: the average of the weights where there is one."""
        return self.network if self.average is None else self.average.network

    def weights_are_finite(self) -> bool:
        """False when a weight is NaN or infinite."""
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.network.parameters())

    def next_epoch(self, record: EpochRecord) -> None:
        """Close the epoch with its record; the next begins with empty sums."""
        self.history.append(record)
        self.losses.copy_(self.fresh_losses)
        if self.best and self.best_record() is record:
            for name, tensor in floating_state(self.judged()).items():
                self.best[name].copy_(tensor)
        self.begin_epoch(self.epoch + 1)

    def begin_epoch(self, epoch: int) -> None:
        """Stand before the first step of `epoch`, with empty sums."""
        self.epoch, self.step, self.loss_sum, self.correct = epoch, 0, 0.0, 0
        self.answers.clear()
        self.fresh_losses.copy_(self.losses)

    def best_record(self) -> EpochRecord:
        """The first epoch of the lowest validation loss; the last one where the recipe keeps no best."""
        if not self.best:
            return self.history[-1]
        return min(self.history, key=lambda record: (record.val_loss or 0.0, record.epoch))


def first_state(job: Job, *, filled: bool = True) -> State:
    """The state before the first step. filled: with the weights that it begins from, which a checkpoint
    replaces."""
    recipe = job.recipe
    network = initialized_network(recipe, job.split.shape, len(job.classes), job.seed)
    if filled:
        fill(network, first_weights(job))
    network = network.to(job.device)
    count = len(job.rows.train) if recipe.selection < 1 else 0
    losses = torch.zeros(count, device=job.device)
    right = torch.zeros(count, dtype=torch.uint8, device=job.device)
    average = Average(network, recipe.averaging) if recipe.averaging else None
    share_batch_norm(network, job.workers)
    best = {n: t.clone() for n, t in floating_state(network).items()} if recipe.patience else {}
    train_steps = tuple(_train_step(member, job) for member in members(network))
    return State(network, train_steps, losses, losses.clone(), right, average, best)


def _train_step(network: nn.Module, job: Job) -> TrainStep:
    parameters: list[torch.Tensor] = [weight for weight in network.parameters() if weight.requires_grad]
    learner = job.workers.learner(network)
    by_layers = job.device.type == "cpu" and learner is None and applies_to(network)
    chain = Chain(network, job.precision) if by_layers else None
    return TrainStep(network, parameters, Adam(parameters, job.recipe), chain, learner)
