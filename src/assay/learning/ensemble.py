"""Several nets of one recipe that answer together (deep ensembles; Lakshminarayanan et al. 2017).

Each begins from other random weights and learns from the same batches; their probabilities are averaged. Each
learns on a thread of its own, which fills two cores better than one net does: threads inside a net wait for
each other at every layer. A net of an ensemble always computes with one thread, so the result does not depend
on how many of them learn side by side.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

import torch
from torch import nn

Item = TypeVar("Item")
Result = TypeVar("Result")


class ForEach(Protocol):
    """Does a piece of work for each item, side by side or not; the results in order of the items."""

    def __call__(self, work: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
        """The first error of the items, in their order, is raised."""


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


@contextmanager
def side_by_side(count: int) -> Iterator[ForEach]:
    """A way to work on up to `count` items at a time, each on one thread that takes denormals as zero."""
    if count == 1:
        yield _one_by_one
        return
    with ThreadPoolExecutor(count, "assay-member", initializer=_begin_thread) as pool:

        def on_threads(work: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
            return list(pool.map(work, items))

        yield on_threads


def _one_by_one(work: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
    return [work(item) for item in items]


def _begin_thread() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
