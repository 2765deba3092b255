"""Where the command starts: what a signal does is settled before anything heavy is loaded."""

import os
import signal
from contextlib import suppress
from types import FrameType


def main() -> None:
    """Run the command line and leave with its exit code."""
    with suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
    from assay.cli.main import main as run

    run()


def _leave(number: int, _frame: FrameType | None) -> None:
    """Nothing is begun yet, so there is nothing to save."""
    with suppress(OSError):
        os.write(2, b"interrupted; there was nothing to save\n")
    os._exit(128 + number)
