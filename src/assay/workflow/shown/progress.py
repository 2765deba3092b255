"""What a stage tells, shown to whoever called it in Python: live in a notebook, plain lines in a terminal."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Final

from assay.core.events import Event
from assay.core.text import one_line

#: Seconds between two lines that only count on: in a notebook, where they replace each other, and elsewhere.
_LIVE: Final = 0.2
_PLAIN: Final = 5.0


def shown(event: Event) -> None:
    """The listener that the public functions have unless `on_event` is given.

    In Jupyter and marimo one line for each stage, replaced as it goes on; in a terminal plain lines on
    standard error. Elsewhere (a pipe, a service, a test) the logger `assay` has what is said in words:
    warnings and images that were left out, which Python writes on standard error unless logging is set up,
    and at level INFO how the data were read.
    """
    show = _in_jupyter() or _in_marimo() or _in_terminal()
    if show is not None:
        _STATE.hear(event, *show)
        return
    for level, text in _messages(event):
        _LOGGER.log(level, "%s", text)


_LOGGER: Final = logging.getLogger("assay")


def _messages(event: Event) -> Iterator[tuple[int, str]]:
    """What an event says in words, and its level. Of data that were loaded before nothing is said again."""
    figures = event.figures
    if message := figures.get("message"):
        yield logging.WARNING if event.event == "warning" else logging.INFO, one_line(str(message))
    if event.event == "run-finished":
        yield logging.INFO, one_line(f"written to {figures['path']}")
    if (event.event, event.stage) == ("stage-finished", "load") and not figures.get("known"):
        of = one_line(str(figures["name"]))
        yield from ((logging.INFO, f"{of}: {one_line(note)}") for note in figures["notes"])
        yield from ((logging.WARNING, f"{of}: {one_line(lost)}") for lost in figures["left_out"])


#: Writes a line. The first argument names the place that a later line may take; None begins one of its own.
_Show = Callable[[str | None, str], None]


class _State:
    """Which stage is shown, since when, and when it was last written."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._place, self._began, self._written = "", 0.0, 0.0

    def hear(self, event: Event, show: _Show, pause: float) -> None:
        """Show the event, unless it only counts on and the last line is still fresh."""
        now = time.monotonic()
        if event.event == "stage-started":
            self._place, self._began, self._written = f"assay-{next(self._numbers)}", now, 0.0
        if event.event == "progress" and now - self._written < pause:
            return
        text = _line(event, now - self._began)
        if text:
            self._written = now
            show(self._place, text)
        for level, told in _messages(event):
            show(None, f"warning: {told}" if level == logging.WARNING else told)


_STATE: Final = _State()


def _line(event: Event, seconds: float) -> str:
    """How far a stage has come, in one line; empty for an event that does not say."""
    figures = event.figures
    if event.event == "stage-started":
        return f"{event.stage} ..."
    if event.event == "progress":
        return one_line(f"{event.stage}  {figures['done']:,} of {figures['total']:,} {figures['unit']}")
    if event.event == "epoch":
        found = [
            f"{words} {figures[key]:.4f}" for key, words in _FIGURES.items() if figures.get(key) is not None
        ]
        return f"{event.stage}  epoch {figures['epoch']} of {figures['epochs']}: {', '.join(found)}"
    if event.event == "stage-finished":
        return f"{event.stage}  {seconds:.1f} s"
    return ""


_FIGURES: Final = {
    "train_loss": "loss",
    "train_accuracy": "accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}


def _in_jupyter() -> tuple[_Show, float] | None:
    """By a display that is updated; None outside of a Jupyter kernel."""
    library = sys.modules.get("IPython")
    shell = library.get_ipython() if library is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    places = _PLACES

    def show(place: str | None, text: str) -> None:
        name = place or f"assay-{time.monotonic_ns()}"
        publish = shell.display_pub.publish  # type: ignore[union-attr]
        again = name in places
        places.add(name)
        publish(data={"text/plain": text}, metadata={}, transient={"display_id": name}, update=again)

    return show, _LIVE


#: The displays of this notebook that are there already.
_PLACES: Final[set[str]] = set()


def _in_marimo() -> tuple[_Show, float] | None:
    """By the output of the cell, which holds one line at a time; None outside of marimo."""
    library = sys.modules.get("marimo")
    if library is None or not library.running_in_notebook():
        return None

    def show(place: str | None, text: str) -> None:
        if place is None:  # it stays, below the cell
            sys.stderr.write(f"{text}\n")
        else:
            library.output.replace(library.plain_text(text))

    return show, _LIVE


def _in_terminal() -> tuple[_Show, float] | None:
    """On standard error, if somebody reads it there."""
    stream = sys.stderr
    if stream is None or stream.closed or not stream.isatty():
        return None

    def show(_: str | None, text: str) -> None:
        with suppress(OSError, ValueError):  # the terminal was closed: the work goes on
            stream.write(f"{text}\n")
            stream.flush()

    return show, _PLAIN
