"""Ctrl-C and SIGTERM: the first one saves and leaves, the second leaves at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from assay.core.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def leaving_well() -> Iterator[None]:
    """Until the block ends, the first signal raises `Interrupted` where the main thread stands.

    Training then saves its state; writes under way are undone by `durable`. A second signal ends the process
    without another step: what was committed stays, as after a power cut.
    """
    before = {}
    with suppress(ValueError):  # not the main thread: signals are somebody else's business
        before = {number: signal.signal(number, _leave) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, _leave_at_once)
    raise Interrupted(128 + number)


def _leave_at_once(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)
