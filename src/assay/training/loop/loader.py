"""From a split to batches: gathered in the order of an epoch, normalized, changed as the recipe says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import prod
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from assay.data.preprocessing import Preprocessing
from assay.data.values import Split
from assay.training.inference.net import to_tensor
from assay.training.loop.data_parallel import ALONE
from assay.training.loop.frozen_maps import FrozenMaps
from assay.training.loop.job import Job
from assay.training.optim import augment

#: Normalized values held at a time: large enough to gather and normalize cheaply, small enough for a cache.
_BLOCK_VALUES: Final = 1 << 20

#: Bytes at whose multiples torch begins its tensors.
_ALIGNMENT: Final = 64

#: Share of a graphics card's free memory that the images may take; the rest is for the net.
_MEMORY_SHARE: Final = 0.5


@dataclass(frozen=True, eq=False)
class Batch:
    """images: float32 `(b, h, w, c)`; labels: int64 `(b,)`; rows: int64 `(b,)` of the training split, on the
    host; mixed: see `augment.Draws`. maps: the images are what frozen blocks made of them.

    Of several processes each has the images of its part of the batch; all else is of the whole batch."""

    images: torch.Tensor
    labels: torch.Tensor
    rows: NDArray[np.int64]
    mixed: torch.Tensor | None
    maps: bool = False


class BatchLoader:
    """Makes the batches of a run. On a graphics card the images are moved there once, if they fit.

    frozen: what the net's frozen blocks make of the images, in place of these.
    """

    def __init__(self, job: Job, frozen: FrozenMaps | None = None) -> None:
        self._job, self._frozen = job, frozen
        # An image's partner may be in another process's part: then each makes the whole batch.
        self._made_by = ALONE if job.recipe.mixup else job.workers
        self._resident = _resident(job.split, job.device) if frozen is None else None

    def batches(self, rows: NDArray[np.int64], epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch that shows `rows` in this order, from `first_step` on; none after the last.

        Many batches are gathered and normalized at once; each then lies in memory of its own (see
        `_aligned`), so that its bits do not hang on where a run is taken up or how many make a block.
        """
        job, size = self._job, self._job.recipe.batch_size
        start = first_step * size
        if start >= len(rows):
            return iter(())
        steps = max(1, _BLOCK_VALUES // (size * prod(job.split.shape)))
        draws = augment.draw(job.recipe, rows, job.split.shape, job.seed, epoch).part(start, len(rows))
        if self._frozen is not None:
            return self._from_maps(self._frozen, rows[start:], draws, size)
        return self._from(rows[start:], draws, size, steps * size)

    def _from_maps(
        self, frozen: FrozenMaps, rows: NDArray[np.int64], draws: augment.Draws, size: int
    ) -> Iterator[Batch]:
        for start in range(0, len(rows), size):
            own, drawn = rows[start : start + size], draws.part(start, start + size)
            made = self._made_by.part(len(own))
            changes = drawn.part(made.start, made.stop)
            maps = frozen.of(own[made], changes.mirrored)
            labels = torch.from_numpy(self._job.split.labels[own]).to(self._job.device)
            yield self._batch(maps, replace(changes, mirrored=None), labels, own, drawn, maps=True)

    def _from(
        self, rows: NDArray[np.int64], draws: augment.Draws, size: int, block_size: int
    ) -> Iterator[Batch]:
        labels = torch.from_numpy(self._job.split.labels[rows]).to(self._job.device)
        starts = range(0, len(rows), size)
        made = [self._made_by.part(len(rows[start : start + size])) for start in starts]
        chosen = np.concatenate([rows[s : s + size][part] for s, part in zip(starts, made, strict=True)])
        share = made[0].stop - made[0].start
        images = self._images(chosen, max(1, share), max(1, block_size // size * share))
        for start, part, own in zip(starts, made, torch.split(labels, size), strict=True):
            some = next(images) if part.stop > part.start else torch.empty(0, *self._job.split.shape)
            drawn = draws.part(start, start + size)
            changes = drawn.part(part.start, part.stop)
            yield self._batch(some, changes, own, rows[start : start + size], drawn)

    def _batch(
        self,
        images: torch.Tensor,
        changes: augment.Draws,
        labels: torch.Tensor,
        rows: NDArray[np.int64],
        drawn: augment.Draws,
        *,
        maps: bool = False,
    ) -> Batch:
        """images: those made here. changes: what is still to be done to them. drawn: of the whole batch."""
        shown = augment.change(images.to(labels.device), changes)
        if self._made_by is not self._job.workers:  # the whole was made, of which this process needs a part
            shown = shown[self._job.workers.part(len(rows))]
        return Batch(shown, labels, rows, self._shares(drawn), maps)

    def _shares(self, drawn: augment.Draws) -> torch.Tensor | None:
        return None if drawn.mixed is None else torch.from_numpy(drawn.mixed).to(self._job.device)

    def _images(self, rows: NDArray[np.int64], size: int, block_size: int) -> Iterator[torch.Tensor]:
        job = self._job
        if self._resident is not None:
            for start in range(0, len(rows), size):
                chosen = torch.from_numpy(rows[start : start + size]).to(job.device)
                yield normalized(self._resident[chosen], job.preprocessing)
            return
        blocks = job.split.blocks(rows, block_size)
        for block in _ahead(to_tensor(job.preprocessing.normalize(block), job.device) for block in blocks):
            yield from map(_aligned, torch.split(block, size))


def _aligned(batch: torch.Tensor) -> torch.Tensor:
    """The batch where kernels do not round by where it begins: torch begins each tensor of its own so."""
    return batch.clone() if batch.data_ptr() % _ALIGNMENT else batch


def _ahead(blocks: Iterator[torch.Tensor]) -> Iterator[torch.Tensor]:
    """The blocks, each made on another thread while the one before is learned from."""
    with ThreadPoolExecutor(1, "assay-feed") as pool:
        coming = pool.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = pool.submit(next, blocks, None)
            yield block


def _resident(split: Split, device: torch.device) -> torch.Tensor | None:
    """All images uint8 on the graphics card; None where there is none or its memory is too small."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    if len(split) * prod(split.shape) > _MEMORY_SHARE * free:
        return None
    return torch.cat([torch.from_numpy(np.ascontiguousarray(block)).to(device) for block in split.blocks()])


def normalized(images: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """What `Preprocessing.normalize` gives, computed where the images are: uint8 in, float32 out."""
    scaled = images.float() * (1 / 255)
    if preprocessing.normalizer == "minmax":
        return scaled
    scaled -= torch.tensor(preprocessing.mean, device=images.device)
    scaled /= torch.tensor(preprocessing.deviation, device=images.device)
    return scaled
