"""Activations of the frozen blocks of a net, computed once per training image for all epochs."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.training.inference.net import over_batches
from assay.training.loop.job import Job
from assay.training.nets.ensemble import members
from assay.training.nets.finetuned import FineTuned, largest_batch

#: Bytes that the maps of all training images may take; with more, each step computes its own.
_MOST_BYTES: Final = 1 << 30

#: Pixels that are read at a time.
_BLOCK_VALUES: Final = 1 << 24


@dataclass(frozen=True, eq=False)
class FrozenMaps:
    """plain: float32 `(n, h, w, c)`, of the n training images; mirrored: of their mirror images, where the
    recipe mirrors."""

    plain: torch.Tensor
    mirrored: torch.Tensor | None

    def of(self, places: torch.Tensor, turned: torch.Tensor | None) -> torch.Tensor:
        """The maps `(b, h, w, c)` of the training images at these places int64 `(b,)`, of those that are
        turned (bool `(b,)`) of their mirror images."""
        found = self.plain[places]
        if self.mirrored is None or turned is None:
            return found
        return torch.where(turned[:, None, None, None], self.mirrored[places], found)


def frozen_maps(job: Job, network: nn.Module) -> FrozenMaps | None:
    """The maps for a run; None for a net without frozen blocks, for a recipe that changes pixels otherwise
    than by mirroring, and where they would take too much memory."""
    net = members(network)[0]
    recipe = job.recipe
    if not isinstance(net, FineTuned) or recipe.shift or recipe.cutout or recipe.erasing:
        return None
    rows = job.rows.train
    first = np.concatenate(list(_maps(job, net, rows[:1], mirrored=False)))
    if first.nbytes * len(rows) * (1 + recipe.mirror) > _MOST_BYTES:
        return None
    both = [_whole(job, net, rows, mirrored) for mirrored in (False, True)[: 1 + recipe.mirror]]
    return FrozenMaps(both[0], both[1] if recipe.mirror else None)


def _whole(job: Job, net: FineTuned, rows: NDArray[np.int64], mirrored: bool) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(list(_maps(job, net, rows, mirrored)))).to(job.device)


def _maps(job: Job, net: FineTuned, rows: NDArray[np.int64], mirrored: bool) -> Iterator[NDArray[np.float32]]:
    def work(images: torch.Tensor) -> torch.Tensor:
        return net.below(images.flip(2) if mirrored else images)

    blocks = job.split.blocks(rows, max(1, _BLOCK_VALUES // prod(job.split.shape)))
    largest = largest_batch(net)
    yield from over_batches(work, job.preprocessing, blocks, job.device, job.threads, largest)
