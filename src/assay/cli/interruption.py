"""Ctrl-C and SIGTERM: the first one saves and leaves, the second leaves at once."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from assay.core.errors import Interrupted, interruption_behind

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

#: Seconds after which it is seen again whether an import has ended.
_AGAIN: Final = 0.02


class _State:
    """ended: a command has ended; what comes now has no work to save or to lose."""

    ended = False


_state: Final = _State()


def has_ended() -> bool:
    """Whether a command has ended in this process."""
    return _state.ended


@contextmanager
def leaving_well() -> Iterator[None]:
    """Until the block ends, the first signal raises `Interrupted` where the main thread stands.

    Training then saves its state; writes under way are undone by `durable`. Inside an import the exception
    waits until that has ended: libraries take it for a fault of their own there, swallow it or abort. Where
    an error took its place, because a library was left at a bad moment, it is raised all the same. A second
    signal ends the process without another step: what was committed stays, as after a power cut.
    """
    before = {}
    with suppress(ValueError):  # not the main thread: signals are somebody else's business
        before = {number: signal.signal(number, _leave) for number in _SIGNALS}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    unraisable, sys.unraisablehook = sys.unraisablehook, _raise_again
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        _state.ended = True
        if before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        interrupted = interruption_behind(sys.exception())
        if interrupted is not None:
            raise interrupted


def _leave(number: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, _leave_at_once)
    _leave_outside_of_imports(number, frame)


def _leave_outside_of_imports(number: int, frame: FrameType | None) -> None:
    if not _importing(frame):
        raise Interrupted(128 + number)
    signal.signal(signal.SIGALRM, lambda _, later: _leave_outside_of_imports(number, later))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """An exception that came where none can pass, as in a finalizer: an interrupt is raised again later."""
    if isinstance(lost.exc_value, Interrupted):
        number = lost.exc_value.exit_code - 128
        signal.signal(signal.SIGALRM, lambda _, later: _leave_outside_of_imports(number, later))
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    else:
        sys.__unraisablehook__(lost)


def _importing(frame: FrameType | None) -> bool:
    """Whether the main thread is inside an import statement."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _leave_at_once(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)
