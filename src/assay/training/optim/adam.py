"""Adam, with its whole state in the open so that a checkpoint can hold it."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from assay.training.recipes import NetRecipe


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), updating parameters in place from given gradients.

    With `weight_decay` it is AdamW (Loshchilov and Hutter 2019): weights shrink by that share of the learning
    rate at each step; biases and batch norm, which have one axis, do not.
    The same kernel as `torch.optim.Adam(fused=True)`, called directly: that class spends three times
    the kernel's own time on bookkeeping in Python for every step of a small net.
    """

    def __init__(self, parameters: Sequence[torch.Tensor], recipe: NetRecipe) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        #: Steps done: the kernel wants a tensor, for each parameter, and they all take a step together.
        self.count = torch.zeros((), device=self.parameters[0].device)
        self._beta1, self._beta2, self._epsilon = recipe.beta1, recipe.beta2, recipe.epsilon
        self._groups = [self._group(decay, members) for decay, members in self._by_decay(recipe.weight_decay)]

    def _by_decay(self, decay: float) -> list[tuple[float, list[int]]]:
        """Each decay with the parameters that it is for."""
        everything = range(len(self.parameters))
        if not decay:
            return [(0.0, list(everything))]
        weights = [i for i in everything if self.parameters[i].ndim > 1]
        return [(decay, weights), (0.0, [i for i in everything if i not in weights])]

    def _group(self, decay: float, members: list[int]) -> "_Group":
        parameters, means, squares = (
            [tensors[i] for i in members] for tensors in (self.parameters, self.means, self.squares)
        )
        return _Group(decay, members, parameters, means, squares, [self.count] * len(members))

    def step(self, gradients: Sequence[torch.Tensor], learning_rate: float | torch.Tensor) -> None:
        """One update, under `torch.no_grad`. gradients: as many and of the same shapes as the parameters.
        learning_rate: as a tensor without axes it is read when the kernel runs."""
        self.count += 1
        for group in self._groups:
            torch._fused_adamw_(
                group.parameters,
                [_laid_out(gradients[i], self.parameters[i]) for i in group.members],
                group.means,
                group.squares,
                [],
                group.counts,
                lr=learning_rate,
                beta1=self._beta1,
                beta2=self._beta2,
                eps=self._epsilon,
                weight_decay=group.decay,
                amsgrad=False,
                maximize=False,
            )

    def state(self) -> dict[str, torch.Tensor]:
        """The live tensors that make the state, by name."""
        named = {"mean": self.means, "square": self.squares}
        moments = {f"adam.{kind}.{i}": t for kind, tensors in named.items() for i, t in enumerate(tensors)}
        return {"adam.count": self.count, **moments}


class _Group(NamedTuple):
    """Parameters with one decay, by their places among all, and what the kernel wants of them."""

    decay: float
    members: list[int]
    parameters: list[torch.Tensor]
    means: list[torch.Tensor]
    squares: list[torch.Tensor]
    counts: list[torch.Tensor]


def _laid_out(gradient: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """The gradient in the parameter's order of memory, as the kernel walks both side by side."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
