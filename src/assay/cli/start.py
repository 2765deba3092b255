"""Where the command starts: what a signal does is settled before anything heavy is loaded."""

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

#: Objects between two looks for circles of them, and how seldom older ones are looked through. A command
#: makes millions of objects that stay: Python's own 700, 10, 10 take a seventh of the time of a report.
_COLLECTION = (20_000, 20, 20)


def main() -> None:
    """Run the command line and leave with its exit code."""
    with suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
    gc.set_threshold(*_COLLECTION)
    try:
        from assay.cli.main import main as run
    except (ImportError, MemoryError, OSError, SystemError) as error:
        _without_libraries(error)
        raise
    try:
        run()
    except MemoryError:  # there was too little even to tell of it in the usual way
        with suppress(OSError, MemoryError):
            os.write(2, b"error[out-of-memory]: memory: there is not enough of it. Use fewer images.\n")
        os._exit(5)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # the work is done: its exit code stands
            signal.signal(number, signal.SIG_IGN)
        gc.freeze()  # what is still there goes with the process: to look through it takes half a second


def _without_libraries(error: BaseException) -> None:
    """End with one line where the libraries did not load for want of memory."""
    from assay.core.memory import is_short, short_of

    if is_short(error):
        with suppress(OSError):
            os.write(2, f"{short_of('a library could not be loaded')}\n".encode())
        os._exit(5)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Nothing is begun yet, so there is nothing to save; or all is done, and only the leaving is left."""
    done = getattr(sys.modules.get("assay.cli.interruption"), "has_ended", bool)()
    with suppress(OSError):
        os.write(2, b"interrupted\n" if done else b"interrupted; there was nothing to save\n")
    os._exit(128 + number)
