"""The machine that computes: device, threads, denormals, memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from threading import Event as Flag
from typing import Final, Literal, Protocol, TypeVar

import torch

from assay.core.errors import AssayError
from assay.core.machine import thread_count
from assay.core.text import choices

DEVICES: Final = ("auto", "cpu", "cuda", "mps")

#: Below so many multiply-adds a step, handing work to a second thread costs more than it brings.
_WORTH_A_SECOND_THREAD: Final = 30_000_000

Item = TypeVar("Item")
Result = TypeVar("Result")


def resolve_device(name: str) -> torch.device:
    """The device called `name`; `auto` is the best there is.

    Raises AssayError `bad-value` for a name that does not exist, `device-unavailable` for a device that this
    machine, or this build of torch, does not have.
    """
    if name not in DEVICES:
        raise AssayError("bad-value", "--device", f"{name!r} is no device", choices(name, DEVICES) + ".")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(d for d in ("cuda", "mps", "cpu") if available[d]))
    if not available[name]:
        there = ", ".join(d for d in available if available[d])
        raise AssayError(
            "device-unavailable",
            f"--device {name}",
            f"torch finds none (there is: {there})",
            "Use --device auto.",
        )
    return torch.device(name)


def choose_threads(multiply_adds: int, images: int) -> int:
    """How many threads serve a net of `multiply_adds` per image best, `images` at a time."""
    return 1 if multiply_adds * images < _WORTH_A_SECOND_THREAD else thread_count()


def precision_on(device: torch.device, wanted: Literal["auto", "bfloat16", "float32"]) -> torch.dtype:
    """What a recipe's `precision` is on a device: that of its products in training.

    bfloat16 where it is wanted and the device multiplies it natively: elsewhere it would cost time. `auto`
    wants it on graphics cards alone.
    """
    if device.type == "cuda":
        return torch.float32 if wanted == "float32" else torch.bfloat16
    native = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if wanted == "bfloat16" and native else torch.float32


def mixed_precision(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """bfloat16: autograd computes so where that is safe; weights and sums stay float32."""
    return nullcontext() if precision == torch.float32 else torch.autocast(device.type, precision)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch compute with `count` threads until the block ends."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def flushing_denormals(work: Callable[[], Result], count: int, stop: Flag) -> Result:
    """Run `work` with denormal numbers taken as zero, on `count` threads, and leave the process as it was.

    Pixels that are almost always zero drive Adam's moments below 1e-38, where a processor computes many times
    slower. The mode belongs to a thread and is inherited by the workers it starts, so a thread of its own
    gives the same bits whatever the process computed before. `stop` is set where the caller is interrupted.
    """

    def flushed() -> Result:
        torch.set_flush_denormal(True)
        with threads(count):
            return work()

    with threads(torch.get_num_threads()), ThreadPoolExecutor(1, "assay-training") as pool:
        future = pool.submit(flushed)
        try:
            return future.result()
        except BaseException:
            stop.set()
            raise


class ForEach(Protocol):
    """Does a piece of work for each item, some at a time; gives the results in order of the items."""

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
        """The first error, in order of the items, is raised. Only items under way are held in memory."""


@contextmanager
def side_by_side(count: int) -> Iterator[ForEach]:
    """A way to work on `count` items at a time, each on one thread, with denormals taken as zero.

    An item's result does not depend on how many there are at a time. Two threads with a thing each are faster
    than two that share one, and other processes disturb them less: they wait for each other less often.
    """
    with threads(torch.get_num_threads()), ThreadPoolExecutor(count, "assay", _begin_thread) as pool:

        def for_each(work: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
            left = iter(items)
            while some := list(islice(left, count)):
                yield from pool.map(work, some)

        yield for_each


def _begin_thread() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextmanager
def memory_errors(advice: str) -> Iterator[None]:
    """Turn an allocation that failed into AssayError `out-of-memory` with `advice`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_memory_error(error):
            raise
        raise AssayError("out-of-memory", "memory", "there is not enough of it", advice) from error


def is_memory_error(error: Exception) -> bool:
    """Whether an allocation failed."""
    # torch's own allocator for the CPU, and a thread that got no stack, raise a plain RuntimeError that only
    # its text identifies.
    texts = ("allocate memory", "can't start new thread")
    told = any(text in str(error) for text in texts)
    return told or isinstance(error, MemoryError | torch.OutOfMemoryError)
