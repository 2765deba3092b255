"""Work spread over all cores by threads of our own."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

from assay.core.thread_count import thread_count

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@contextmanager
def all_cores() -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for each core; matrix products take one thread each meanwhile.

    Threads of threads wait for each other (twice as long on two cores), and a product rounds by their number.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(thread_count()) as pool:
        yield pool


def in_order(function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """`function` of each item on all cores, in the order of the items.

    Few items are taken in advance, where `Executor.map` takes all of them at once: blocks of a set of images
    would be read faster than they are worked on, and fill the memory.
    """
    with all_cores() as pool:
        waiting: deque[Future[_Out]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * thread_count():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
