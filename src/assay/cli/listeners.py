"""What people and programs see while a command works: a live bar, plain lines, or JSON lines."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from assay.cli.options import Output
from assay.core.events import Event, OnEvent
from assay.core.text import counted, one_line

#: Width of the first column, which names the stage.
_MARGIN = 10

#: Width of the column of checks; under a terminal of so many columns the text goes on at the margin.
_LABEL = 20
_NARROW = 72


@contextmanager
def listening(output: Output) -> Iterator[OnEvent]:
    """The listener that the options ask for; a live bar only where the output is a terminal."""
    if output.json:
        yield print_json
    elif output.quiet:
        yield _only_warnings
    else:
        console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        with _Lines(console, output.verbose) as lines:
            yield lines


def print_json(event: Event) -> None:
    """One JSON object a line, at once, on stdout."""
    sys.stdout.write(json.dumps(event.as_record(), ensure_ascii=True, allow_nan=False, default=str) + "\n")
    sys.stdout.flush()


def _only_warnings(event: Event) -> None:
    if event.event == "warning":
        sys.stderr.write(f"warning: {one_line(str(event.figures['message']))}\n")


#: What a listener shows: the stage (empty: go on with the one above), the text, and its style; and how many
#: characters of the text are a label, under which nothing is written.
Line = tuple[str, str, str] | tuple[str, str, str, int]


class _Lines:
    """Lines for people. On a terminal, a bar below them shows how far the stage has come."""

    def __init__(self, console: Console, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._progress = progress_bar(console) if console.is_terminal else None
        self._task: TaskID | None = None
        self._findings: list[Event] = []

    def __enter__(self) -> "_Lines":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show_findings()
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, event: Event) -> None:
        if event.event == "progress":
            self._show_progress(event)
            return
        if event.event == "finding":
            self._findings.append(event)
            return
        if event.event in ("stage-started", "stage-finished"):
            self._drop_bar()
            self._show_findings()
        for line in _LINES.get(event.event, _no_lines)(event, self._verbose):
            self._print(*line)

    def _print(self, stage: str, text: str, style: str, label: int = 0) -> None:
        """On a terminal, long text is wrapped under its own column; in a pipe, a line stays a line."""
        stage, text = one_line(stage), one_line(text)
        if not self._console.is_terminal:
            self._console.print(f"{stage:<{_MARGIN}}{text}".rstrip())
            return
        label = label if self._console.width >= _NARROW else 0
        row = Table.grid(padding=0)
        row.add_column(width=_MARGIN, style="bold")
        if label:
            row.add_column(width=label, style=style)
        row.add_column(overflow="fold", style=style)
        row.add_row(*filter(None, (stage or " ", text[:label], text[label:])))
        self._console.print(row)

    def _show_progress(self, event: Event) -> None:
        if self._progress is None:
            return
        figures = event.figures
        if self._task is None:
            self._task = self._progress.add_task("", total=None, unit="")
        self._progress.update(
            self._task,
            description=f"{event.stage:<{_MARGIN - 1}}",
            total=figures["total"],
            completed=figures["done"],
            unit=figures["unit"],
        )

    def _show_findings(self) -> None:
        """The findings so far, grouped: what must be fixed first, a pass in one short line."""
        found, self._findings = self._findings, []
        in_short = self._console.is_terminal and not self._verbose
        for n, line in enumerate(_grouped(found, self._verbose, in_short)):
            self._print("audit" if n == 0 else "", *line)

    def _drop_bar(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


def progress_bar(console: Console) -> Progress:
    """A bar that shows how many of how many are done, and leaves nothing behind."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )


def _no_lines(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    return []


def _started(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    if event.stage != "train":
        return []
    figures = event.figures
    begins = "goes on where it stopped" if figures.get("resumed") else "begins"
    which = f", as {figures['run']}," if "run" in figures else ""  # one model of several
    held = figures.get("held_out", 0)
    on = f" on {figures['images']:,} images" if "images" in figures else ""
    rest = f"; {held:,} held out for validation" if held else ""
    workers = figures.get("workers", 1)
    together = f"; {workers} workers share each batch" if workers > 1 else ""
    lines = [("train", f"recipe {figures['recipe']}{which} {begins}{on}{rest}{together}", "")]
    return [*lines, *(("", row, "") for row in figures.get("summary", "").splitlines())]


def _finished(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    show = _FINISHED.get(event.stage)
    return show(event.figures) if show else []


def _loaded(figures: Mapping[str, Any]) -> list[Line]:
    partition = figures["partition"]
    images = sum(row["count"] for row in partition)
    classes = counted(len(figures["classes"]), "class", "classes")
    where = f"in {figures['location']}" if figures["location"] else "from memory"
    return [
        ("load", f"{figures['name']}: {images:,} images, {classes}", ""),
        ("", where, ""),
        ("", f"{'split':<12}{'images':>9}  {'per class':<16}purpose", "dim"),
        *(("", _partition_row(row), "") for row in partition),
        *(("", note, "") for note in figures["notes"]),
    ]


def _partition_row(row: Mapping[str, Any]) -> str:
    low, high = min(row["per_class"]), max(row["per_class"])
    spread = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    return f"{row['split']:<12}{row['count']:>9,}  {spread:<16}{row['purpose']}"


def _audited(figures: Mapping[str, Any]) -> list[Line]:
    """What follows for the model, aligned as the findings are."""
    decisions = figures["decisions"]
    rows = [("", f"  {name:<18}{decided['decision']}", "") for name, decided in decisions.items()]
    return [("", "For the model", ""), *rows] if rows else []


def _evaluated(figures: Mapping[str, Any]) -> list[Line]:
    low, high = figures["accuracy_ci95"]
    of = "" if "trained_on" in figures else "test "  # of other data, which may be no test images
    accuracy = f"{of}accuracy {100 * figures['accuracy']:.1f} %"
    interval = f"95 % interval {100 * low:.1f} % to {100 * high:.1f} %"
    groups = f" in {counted(figures['groups'], 'group', 'groups')}" if "groups" in figures else ""
    return [("evaluate", f"{accuracy} ({interval}) on {figures['n']:,} images{groups}", "")]


def _grouped(found: Sequence[Event], verbose: bool, in_short: bool) -> Iterator[tuple[str, str, int]]:
    """Lines, their styles and labels for findings, the gravest group first."""
    for verdict, (title, style) in _GROUPS.items():
        group = [event.figures for event in found if event.figures["verdict"] == verdict]
        if group:
            yield f"{title}: {len(group)}", style, 0
        for figures in group:
            yield from _finding(figures, verbose, in_short, style)


#: The longest line of a check that passed; and of another, in whole sentences, on a terminal.
_SHORT = 100
_LONG = 400

_SENTENCE_ENDS = re.compile(r"(?<=[.!?]) +(?=[A-Z(])")


def _finding(
    figures: Mapping[str, Any], verbose: bool, in_short: bool, style: str
) -> Iterator[tuple[str, str, int]]:
    check, summary = f"  {figures['check']:<{_LABEL - 2}}", figures["summary"]
    if figures["verdict"] == "pass" and not verbose:
        first = _SENTENCE_ENDS.split(summary, maxsplit=1)[0]
        yield f"{check}{shorten(first, _SHORT, placeholder=' ...')}", "", _LABEL
        return
    shown = _first_sentences(summary) if in_short else summary
    yield f"{check}{shown}", style if figures["verdict"] != "pass" else "", _LABEL
    for key in ("fix", "threshold", "reason") if verbose else ("fix",):
        if figures[key]:
            yield f"{'':<{_LABEL}}{_KEYS[key]}: {figures[key]}", "dim", _LABEL


def _first_sentences(summary: str) -> str:
    """As many whole sentences as fit into `_LONG` characters, at least one, and where the rest is."""
    sentences = _SENTENCE_ENDS.split(summary)
    shown = sentences[0]
    for n, sentence in enumerate(sentences[1:], start=1):
        if len(shown) + 1 + len(sentence) > _LONG:
            rest = counted(len(sentences) - n, "more sentence", "more sentences")
            return f"{shown} ({rest} in the report)"
        shown += f" {sentence}"
    return shown


_KEYS = {"fix": "To do", "threshold": "Limit", "reason": "Why"}

_GROUPS = {
    "fail": ("Must be fixed", "bold red"),
    "warn": ("Look at", "yellow"),
    "not evaluated": ("Not checked", "dim"),
    "pass": ("Fine", "green"),
}


def _loss(value: float) -> str:
    """Four digits; a loss of -0.0, as of answers that are all sure and right, is 0."""
    return f"{round(value, 4) + 0.0:.4f}"


def _epoch(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    """In as many words as one line of 80 columns holds, of up to 999 epochs."""
    f = event.figures
    at_once = f["learning_rate"] is None
    text = "fitted at once" if at_once else f"epoch {f['epoch']:>3}/{f['epochs']}"
    text += f"  loss {_loss(f['train_loss'])} acc {f['train_accuracy']:.4f}"
    if f.get("val_loss") is not None:
        text += f"  val loss {_loss(f['val_loss'])} acc {f['val_accuracy']:.4f}"
    return [("", text, "")]


def _warned(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    return [(event.stage, f"warning: {event.figures['message']}", "yellow")]


def _decided(event: Event, verbose: bool) -> list[Line]:  # noqa: ARG001
    return [(event.stage, str(event.figures["message"]), "")]


_LINES: dict[str, Callable[[Event, bool], list[Line]]] = {
    "stage-started": _started,
    "stage-finished": _finished,
    "epoch": _epoch,
    "warning": _warned,
    "decided": _decided,
    "choice": _decided,
}

_FINISHED: dict[str, Callable[[Mapping[str, Any]], list[Line]]] = {
    "load": _loaded,
    "audit": _audited,
    "evaluate": _evaluated,
}
