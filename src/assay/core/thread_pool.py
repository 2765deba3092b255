"""Thread pools over all cores, with one thread for each matrix product."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

from assay.core.machine import thread_count

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@contextmanager
def all_cores(at_most: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for each core; matrix products take one thread each meanwhile.

    at_most: threads. Threads of threads wait for each other (twice as long on two cores), and a product
    rounds by their number.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(_threads(at_most)) as pool:
        yield pool


def _threads(at_most: int | None) -> int:
    return thread_count() if at_most is None else min(thread_count(), at_most)


def in_order(
    function: Callable[[_In], _Out], items: Iterable[_In], at_most: int | None = None
) -> Iterator[_Out]:
    """`function` of each item on all cores, in the order of the items.

    at_most: threads, where each takes much memory. Few items are taken in advance, where `Executor.map` takes
    all of them at once: blocks of a set of images would be read faster than they are worked on, and fill the
    memory.
    """
    with all_cores(at_most) as pool:
        waiting: deque[Future[_Out]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * _threads(at_most):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
