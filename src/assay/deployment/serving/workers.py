"""The threads that decode and compute, and the bounded queue before them."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from assay.deployment.serving.limits import busy, too_late

T = TypeVar("T")


class Workers:
    """A pool of threads that takes at most `waiting` calls beyond those at work."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "assay-serve")
        self._most = threads + waiting
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Calls that wait or are at work."""
        return self._taken

    async def run(self, work: Callable[[], T], until: float, seconds: float) -> T:
        """The result of `work`, which may raise.

        until: when it must be there, by `time.monotonic`. Raises RefusedError 429 where too many wait, 503
        where it is late; work that was begun goes on to its end, and keeps its place until then.
        """
        with self._lock:
            if self._taken >= self._most:
                raise busy(f"{self._most} requests are waiting already")
            self._taken += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), max(until - time.monotonic(), 0.001))
        except TimeoutError as error:
            raise too_late(seconds) from error

    def _leave(self, _future: Future[T]) -> None:
        with self._lock:
            self._taken -= 1

    def close(self) -> None:
        """Wait for what is at work; what has not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)
