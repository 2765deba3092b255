"""A tracker on a thread of its own: where it fails or waits for a server, the run neither stops nor waits."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final

from assay.core.text import one_line
from assay.workflow.tracking.trackers import Metrics, Params, Tracker

#: Seconds that the end of a run waits for its trackers.
PATIENCE: Final = 30.0


class Worker:
    """One tracker. What it is given is queued; the first thing that goes wrong ends it."""

    def __init__(self, name: str, open_tracker: Callable[[], Tracker]) -> None:
        self.name = name
        self._tasks: SimpleQueue[Callable[[Tracker], None] | None] = SimpleQueue()
        self._failures: SimpleQueue[str] = SimpleQueue()
        self._open = open_tracker
        self._thread = Thread(target=self._work, name=f"track {name}", daemon=True)
        self._thread.start()

    def params(self, values: Params) -> None:
        """Queue settings."""
        self._tasks.put(lambda tracker: tracker.params(values))

    def metrics(self, values: Metrics, step: int | None) -> None:
        """Queue figures."""
        self._tasks.put(lambda tracker: tracker.metrics(values, step))

    def finish(self, *, finished: bool) -> None:
        """Queue the end, after which nothing is taken."""
        self._tasks.put(lambda tracker: tracker.close(finished=finished))
        self._tasks.put(None)

    def failure(self) -> str:
        """What went wrong since the last call, as one line; empty where nothing did."""
        try:
            return self._failures.get_nowait()
        except Empty:
            return ""

    def wait(self, until: float) -> bool:
        """Wait for the queue to end, at most until that second of `monotonic`; whether it has ended."""
        self._thread.join(max(0.0, until - monotonic()))
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            tracker = self._open()
            while task := self._tasks.get():
                task(tracker)
        except Exception as error:  # noqa: BLE001  a library of others: whatever it raises, the run goes on
            self._failures.put(one_line(f"{type(error).__name__}: {error}")[:300])
