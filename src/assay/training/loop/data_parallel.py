"""Data-parallel training: several processes teach one net, each by its part of every batch.

The batches, their order and their changes are those of one process. Each process sends its part through the
net; the logits are brought together, so that every process knows the loss of the whole batch and its gradient
by every logit, as one process would; each goes back through its part; and torch's DistributedDataParallel
(Li et al. 2020) adds up the gradients of the weights. Then every process takes the same step. So all of them
hold the same state at every step, to the bit, and the first one's checkpoint is that of all.

Sums are taken in an order that follows from the number of processes alone: the same number gives the same
bits, another one rounds differently.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from inspect import signature
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import nn

from assay.core.errors import AssayError
from assay.training.nets.finetuned import FineTuned
from assay.training.place import Place

#: How long the first process may be busy before training begins, as with an audit, under torchrun.
_BEFORE: Final = timedelta(days=7)

#: How long the processes of one machine may take to meet, once each has said that it is ready.
_MEETING: Final = timedelta(minutes=2)

#: A process that takes no part for so long is taken for lost. One that ended is noticed at once.
_SILENT: Final = timedelta(hours=1)

_POLL_SECONDS: Final = 0.02


class Workers:
    """The processes that train one net, as one of them sees them.

    All of them call every method in the same order; none costs anything where there is one process alone.

    rank: from 0. count: how many. device: where this one computes.
    """

    def __init__(
        self, rank: int = 0, count: int = 1, device: torch.device | None = None, group: Any = None
    ) -> None:
        self.rank, self.count, self.device, self._group = rank, count, device, group

    def part(self, rows: int) -> slice:
        """Which of so many rows are this process's: neighbors, as many as any other has or one more."""
        share, more = divmod(rows, self.count)
        start = self.rank * share + min(self.rank, more)
        return slice(start, start + share + (self.rank < more))

    def whole(self, part: torch.Tensor, rows: int) -> torch.Tensor:
        """All `rows` rows of a tensor of which each process has its part, without its history."""
        if self.count == 1:
            return part
        whole = part.new_zeros((rows, *part.shape[1:]))
        whole[self.part(rows)] = part.detach()
        return self.sum(whole)  # to each value only zeros are added

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum of the tensor over all processes."""
        if self.count == 1:
            return tensor
        summed = tensor.to(self.device)
        dist.all_reduce(summed, group=self._group)
        return summed

    def any(self, mine: bool) -> bool:
        """Whether it is so in any of the processes."""
        return mine if self.count == 1 else bool(self.sum(torch.tensor(float(mine))))

    def from_first(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The first process's record, of JSON types."""
        if self.count == 1:
            return dict(record)
        content = torch.frombuffer(bytearray(json.dumps(record).encode()), dtype=torch.uint8)
        length = torch.tensor(len(content), device=self.device)
        dist.broadcast(length, 0, group=self._group)
        told = content.to(self.device) if self.rank == 0 else content.new_empty(int(length)).to(self.device)
        dist.broadcast(told, 0, group=self._group)
        found: dict[str, Any] = json.loads(bytes(told.cpu().numpy()))
        return found

    def copy_from_first(self, tensors: Iterable[torch.Tensor]) -> None:
        """Overwrite the tensors by the first process's."""
        for tensor in tensors if self.count > 1 else ():
            sent = tensor.detach().contiguous()
            dist.broadcast(sent, 0, group=self._group)
            tensor.detach().copy_(sent)

    def learner(self, network: nn.Module) -> nn.Module | None:
        """The net as one whose backward pass gives the sum of all processes' gradients; None where there is
        one process. Called with images of this process's part, and whether they are maps (see `Batch`)."""
        if self.count == 1:
            return None
        # With `find_unused_parameters` a weight may be without effect on a batch; and gradients stay packed
        # as in the first step. Packed anew after it, they would be added otherwise than after a resumption.
        learner = nn.parallel.DistributedDataParallel(
            _Answers(network), process_group=self._group, find_unused_parameters=True, **_OWN_BUFFERS
        )
        learner.register_comm_hook(self, _added_up)
        return learner


#: Buffers are the same everywhere by themselves. Newer versions of torch call the same otherwise.
_NEWER: Final = "forward_sync_buffers" in signature(nn.parallel.DistributedDataParallel).parameters
_OWN_BUFFERS: Final[Any] = {"forward_sync_buffers" if _NEWER else "broadcast_buffers": False}

#: One process that trains alone.
ALONE: Final = Workers()


class _Answers(nn.Module):
    """The net, with a weight that nothing depends on: torch warns where all weights are used each time."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.unused = nn.Parameter(torch.zeros(1, device=next(network.parameters()).device))

    def forward(self, images: torch.Tensor, maps: bool) -> torch.Tensor:
        if maps:
            assert isinstance(self.network, FineTuned)
            return self.network.above(images)
        answers: torch.Tensor = self.network(images)
        return answers


def _added_up(
    workers: Workers,
    bucket: dist.GradBucket,  # type: ignore[name-defined]
) -> torch.futures.Future[torch.Tensor]:
    """Gradients are added, not averaged: each is of a part of one mean over the whole batch."""
    work = dist.all_reduce(bucket.buffer(), group=workers._group, async_op=True)
    assert work is not None
    summed: torch.futures.Future[torch.Tensor] = work.get_future().then(lambda done: done.value()[0])
    return summed


@contextmanager
def joined(place: Place, device: torch.device) -> Iterator[Workers]:
    """Meet the other processes, and part from them when the block ends.

    Raises AssayError `worker-lost` where one of them ends or is silent before all are done.
    """
    if place.count == 1:
        yield ALONE
        return
    if not dist.is_available() or dist.is_initialized():
        what = "is in use by this program already" if dist.is_available() else "is not in this build of torch"
        fix = "Train with one process, or let Assay begin and end the process group."
        raise AssayError("device-unavailable", "torch.distributed", what, fix)
    try:
        _meet(place, "nccl" if device.type == "cuda" else "gloo")
        yield Workers(place.rank, place.count, device, dist.new_group(timeout=_SILENT))
    except RuntimeError as error:
        if not _is_of_connections(error):
            raise
        what = "another process that trains this net ended or is silent"
        fix = "Go on from the last checkpoint: assay resume RUN."
        raise AssayError("worker-lost", f"worker {place.rank}", what, fix) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _meet(place: Place, backend: str) -> None:
    if place.rendezvous is None:
        dist.init_process_group(backend, timeout=_BEFORE)
        return
    store: Any = dist.FileStore(str(place.rendezvous), place.count)  # type: ignore[attr-defined]
    ready = [f"ready {rank}" for rank in range(place.count)]
    store.set(ready[place.rank], "yes")
    while not store.check(ready):
        place.watch()
        time.sleep(_POLL_SECONDS)
    dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.count, timeout=_MEETING)


def _is_of_connections(error: RuntimeError) -> bool:
    # What gloo raises is a plain RuntimeError that only its text identifies.
    return isinstance(error, dist.DistError) or "gloo" in str(error) or "Connection" in str(error)
