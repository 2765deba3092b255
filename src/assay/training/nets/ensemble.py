"""Several nets of one recipe that answer together (deep ensembles; Lakshminarayanan et al. 2017).

Each begins from other random weights and learns from the same batches; their probabilities are averaged. Each
learns on a thread of its own, which fills two cores better than one net does: threads inside a net wait for
each other at every layer. A net of an ensemble always computes with one thread, so the result does not depend
on how many of them learn side by side.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn


class Ensemble(nn.ModuleList):
    """Nets with the same inputs and classes, as one net."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits `(n, k)`: the logarithm of the members' mean probabilities."""
        return averaged([member(images) for member in self])


def members(network: nn.Module) -> list[nn.Module]:
    """The nets that learn: those of an ensemble, or the net itself."""
    return list(network) if isinstance(network, Ensemble) else [network]


def averaged(logits: Sequence[torch.Tensor]) -> torch.Tensor:
    """The members' logits, each `(n, k)`, as one; those of a single net stay as they are."""
    if len(logits) == 1:
        return logits[0]
    each = torch.stack([answer.log_softmax(1) for answer in logits])
    return each.logsumexp(0) - math.log(len(logits))
