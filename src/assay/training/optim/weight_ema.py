"""Exponential moving average (EMA) of the weights over the steps (Polyak and Juditsky 1992)."""

import copy

import torch
from torch import nn

from assay.training.nets.network import floating_state


class Average:
    """The moving average: `decay` of it is kept at each step, the rest comes from the net.

    In the first steps it keeps less, so that the random start is soon forgotten: (1 + t) / (10 + t) after t.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take the net's weights and running statistics in. step: how many were taken in before."""
        decay = min(self._decay, (1 + step) / (10 + step))
        mine, theirs = floating_state(self.network), floating_state(network)
        # A tensor that two layers share has two names, and is averaged once.
        names = list({tensor.data_ptr(): name for name, tensor in mine.items()}.values())
        torch._foreach_lerp_([mine[name] for name in names], [theirs[name] for name in names], 1 - decay)
