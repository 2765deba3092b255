"""Batch loader: rows gathered in the order of an epoch, normalized, augmented as the recipe says."""

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
from assay.training.loop.data_parallel import ALONE, Workers
from assay.training.loop.frozen_activations import FrozenMaps
from assay.training.loop.job import Job
from assay.training.optim import augment

#: Normalized values held at a time: large enough to gather and normalize cheaply, small enough for a cache.
_BLOCK_VALUES: Final = 1 << 20

#: The same on a graphics card, where each block costs a few calls and memory is no cache.
_RESIDENT_BLOCK_VALUES: Final = 1 << 24

#: Bytes at whose multiples torch begins its tensors.
_ALIGNMENT: Final = 64

#: Share of a graphics card's free memory that the images may take; the rest is for the net.
_MEMORY_SHARE: Final = 0.5


@dataclass(frozen=True, eq=False)
class Batch:
    """images: float32 `(b, h, w, c)`; labels: int64 `(b,)`; places: int64 `(b,)`, of each image among the
    training images; mixed: see `augment.Draws`. All on the device. maps: the images are what frozen blocks
    made of them.

    Of several processes each has the images of its part of the batch; all else is of the whole batch."""

    images: torch.Tensor
    labels: torch.Tensor
    places: torch.Tensor
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

        What an epoch needs besides its images is moved to the device at once, so that no step waits for it.
        """
        job, size = self._job, self._job.recipe.batch_size
        start = first_step * size
        if start >= len(rows):
            return
        draws = augment.draw(job.recipe, rows, job.split.shape, job.seed, epoch).part(start, len(rows))
        draws, rows = draws.on(job.device), rows[start:]
        labels = torch.from_numpy(job.split.labels[rows]).to(job.device)
        places = torch.from_numpy(np.searchsorted(job.rows.train, rows)).to(job.device)
        made = _parts(len(rows), size, self._made_by)
        images = self._images(rows, made, places, draws)
        batches = zip(torch.split(labels, size), torch.split(places, size), made, strict=True)
        for number, (own_labels, own_places, part) in enumerate(batches):
            drawn = draws.part(number * size, (number + 1) * size)
            changes = drawn if self._made_by.count == 1 else draws.part(part.start, part.stop)
            if self._frozen is not None:  # which has the mirror images too
                changes = replace(changes, mirrored=None)
            shown = augment.change(next(images), changes)
            if self._made_by is not job.workers:  # the whole was made, of which this process needs a part
                shown = shown[job.workers.part(len(own_labels))]
            yield Batch(shown, own_labels, own_places, drawn.mixed, self._frozen is not None)

    def _images(
        self, rows: NDArray[np.int64], made: list[slice], places: torch.Tensor, draws: augment.Draws
    ) -> Iterator[torch.Tensor]:
        """The images of each part that is made here, or the maps of them."""
        if self._frozen is not None:
            for part in made:
                yield self._frozen.of(places[part], draws.part(part.start, part.stop).mirrored)
            return
        job = self._job
        chosen = np.concatenate([rows[part] for part in made])
        counts = [part.stop - part.start for part in made]
        largest = max(1, counts[0])
        values = _BLOCK_VALUES if self._resident is None else _RESIDENT_BLOCK_VALUES
        block = largest * max(1, values // (job.recipe.batch_size * prod(job.split.shape)))
        blocks = self._blocks(chosen, block)
        for first in range(0, len(counts), block // largest):
            together = counts[first : first + block // largest]
            if any(together):
                yield from map(_aligned, torch.split(next(blocks), together))
            else:
                yield from (torch.empty(0, *job.split.shape, device=job.device) for _ in together)

    def _blocks(self, rows: NDArray[np.int64], size: int) -> Iterator[torch.Tensor]:
        """The images `size` at a time, normalized, on the device."""
        job = self._job
        if self._resident is not None:
            chosen = torch.from_numpy(rows).to(job.device)
            yield from (normalized(self._resident[c], job.preprocessing) for c in torch.split(chosen, size))
            return
        read = job.split.blocks(rows, size)
        yield from _ahead(to_tensor(job.preprocessing.normalize(block), job.device) for block in read)


def _parts(count: int, size: int, made_by: Workers) -> list[slice]:
    """Of each batch of `size` images, of `count` in all, which of them a process makes."""
    parts = []
    for start in range(0, count, size):
        own = made_by.part(min(size, count - start))
        parts.append(slice(start + own.start, start + own.stop))
    return parts


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
