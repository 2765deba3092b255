"""`RecordedStep`: a training step captured once as a CUDA graph, and replayed.

Beside a small net the processor takes longer to ask for the work of a step than the card takes to do it: some
tens of calls, one after the other. A graph (CUDA C++ Programming Guide, "CUDA Graphs") asks for all of them
at once. What it computes is what the plain step computes, and that is looked at: the first recorded step is
done in both ways, and where one bit differs, or nothing can be recorded, the run goes on by plain steps and
says so.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import torch

from assay.core.events import OnEvent, warn
from assay.training.loop.job import Job
from assay.training.loop.loader import Batch
from assay.training.loop.step import EnsembleStep, TrainStep
from assay.training.recipes import OwnNetRecipe

#: Steps that are taken plainly first, so that what is loaded or chosen at first use is not recorded.
_PLAIN_FIRST: Final = 3

#: Records some work and gives what does it again, on the same memory.
Recorder = Callable[[Callable[[], None]], Callable[[], None]]


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """On a graphics card, convolutions whose bits do not hang on the order in which threads end."""
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def can_be_recorded(job: Job) -> bool:
    """Whether a job's steps are the same work each time, on one card. A user's own net may draw, look at
    values or branch, and several processes wait for each other inside a step."""
    return job.device.type == "cuda" and job.workers.count == 1 and not isinstance(job.recipe, OwnNetRecipe)


def cuda_graph(work: Callable[[], None]) -> Callable[[], None]:
    """The work as a CUDA graph of this thread. Recording computes nothing. RuntimeError where it fails."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        work()
    return graph.replay


class RecordedStep:
    """An `EnsembleStep` that is played again wherever a batch is of full size.

    plain: the step itself, at a rate that is a tensor on the device. It lets the same nets learn each time.
    """

    def __init__(self, plain: EnsembleStep, job: Job, record: Recorder = cuda_graph) -> None:
        self._plain, self._record, self._on_event = plain, record, job.on_event
        self._batch_size = job.recipe.batch_size
        self._rate = torch.zeros((), device=job.device)
        self._taken = 0
        self._recording: _Recording | None = None
        self._refused = False

    def __call__(
        self, train_steps: Sequence[TrainStep], batch: Batch, rate: float | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step of all learners: their mean loss, and their logits as one."""
        self._rate.fill_(rate)
        self._taken += 1
        whole = len(batch.labels) == self._batch_size
        if self._refused or not whole or self._taken <= _PLAIN_FIRST:
            return self._plain(train_steps, batch, self._rate)
        if self._recording is None:
            return self._first(train_steps, batch)
        return self._recording.play(batch)

    def _first(self, train_steps: Sequence[TrainStep], batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """A plain step; then the same step recorded and played, which must end in the same bits."""
        live = _live(train_steps)
        before = _copies(live)
        answers = self._plain(train_steps, batch, self._rate)
        after = _copies(live)
        _restore(live, before)
        recording = _Recording(batch, *answers)
        try:
            recording.begin(lambda own: self._plain(train_steps, own, self._rate), self._record)
        except RuntimeError as error:
            self._refuse(f"cannot be recorded as a CUDA graph ({error})")
        else:
            _restore(live, before)
            found = recording.play(batch)
            if _same([*live, *found], [*after, *answers]):
                self._recording = recording
            else:
                self._refuse("ended in other bits when played from a CUDA graph")
        _restore(live, after)
        return answers

    def _refuse(self, what: str) -> None:
        self._refused = True
        _tell(self._on_event, what)


class _Recording:
    """A step on memory of its own, which each batch is copied into."""

    def __init__(self, batch: Batch, loss: torch.Tensor, logits: torch.Tensor) -> None:
        mixed = None if batch.mixed is None else batch.mixed.clone()
        self._batch = Batch(
            batch.images.clone(), batch.labels.clone(), batch.places.clone(), mixed, batch.maps
        )
        self._loss, self._logits = loss.clone(), logits.clone()

    def begin(self, step: Callable[[Batch], tuple[torch.Tensor, torch.Tensor]], record: Recorder) -> None:
        """Record it."""

        def work() -> None:
            loss, logits = step(self._batch)
            self._loss.copy_(loss)
            self._logits.copy_(logits)

        self._again = record(work)

    def play(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The step on this batch: loss and logits."""
        self._batch.images.copy_(batch.images)
        self._batch.labels.copy_(batch.labels)
        if self._batch.mixed is not None and batch.mixed is not None:
            self._batch.mixed.copy_(batch.mixed)
        self._again()
        return self._loss.clone(), self._logits.clone()


def _live(train_steps: Sequence[TrainStep]) -> list[torch.Tensor]:
    """All that a step changes."""
    return [
        tensor
        for step in train_steps
        for tensor in (*step.network.state_dict().values(), *step.optimizer.state().values())
    ]


def _copies(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in tensors]


def _restore(tensors: Sequence[torch.Tensor], values: Sequence[torch.Tensor]) -> None:
    with torch.no_grad():
        for tensor, value in zip(tensors, values, strict=True):
            tensor.copy_(value)


def _same(found: Sequence[torch.Tensor], wanted: Sequence[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def _tell(on_event: OnEvent, what: str) -> None:
    warn(on_event, "train", f"a step of training {what}: each is asked for call by call, which takes longer")
