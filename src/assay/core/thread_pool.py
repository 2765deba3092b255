"""Work spread over all cores by threads of our own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from assay.core.thread_count import thread_count


@contextmanager
def all_cores() -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for each core; matrix products take one thread each meanwhile.

    Threads of threads wait for each other (twice as long on two cores), and a product rounds by their number.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(thread_count()) as pool:
        yield pool
