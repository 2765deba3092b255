"""Processes that somebody has stopped (SIGSTOP, a debugger): told, for whoever waits for one waits for ever.

A process that is slow, or waits for a disk, cannot be told from one that hangs, and is left alone. That it is
stopped is a fact, which the system tells (Linux).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from assay.core.events import OnEvent, warn

#: Seconds between two looks, and looks in a row after which it is told. Looks are counted, not seconds: where
#: all processes were stopped (Ctrl-Z), this one was too.
EVERY_SECONDS: Final = 1.0
LOOKS: Final = 10


@contextmanager
def telling_stopped(
    processes: Callable[[], Mapping[str, int]], stage: str, on_event: OnEvent
) -> Iterator[None]:
    """Warn of each process that is stopped for `LOOKS` looks, until the block ends; from another thread.

    processes: the number (PID) of each that runs now, by what it is called.
    """
    over = Event()
    watcher = Thread(target=_watch, args=(processes, stage, on_event, over), name="watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(processes: Callable[[], Mapping[str, int]], stage: str, on_event: OnEvent, over: Event) -> None:
    looks: Counter[int] = Counter()
    while not over.wait(EVERY_SECONDS):
        running = processes()
        stopped = {name: number for name, number in running.items() if is_stopped(number)}
        looks = Counter({number: looks[number] + 1 for number in stopped.values()})
        for name, number in stopped.items():
            if looks[number] == LOOKS:
                warn(on_event, stage, _told(name, number))


def _told(name: str, number: int) -> str:
    return (
        f"{name} (process {number}) is stopped, by SIGSTOP or a debugger, and everything waits for it. "
        f"Let it go on: kill -CONT {number}"
    )


def is_stopped(number: int) -> bool:
    """Whether the system says that a process is stopped. False where it says nothing (no Linux, it ended)."""
    try:
        told = Path(f"/proc/{number}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return told.rpartition(")")[2].split()[:1] in (["T"], ["t"])
