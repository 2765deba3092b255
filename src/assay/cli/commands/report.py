"""`assay report RUN...`: a run's page again, or several runs side by side."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.commands.compare import Runs, side_by_side
from assay.cli.option_groups import with_options

Moved = Annotated[
    str | None,
    typer.Option("--data", metavar="DATA", help="Where the data of a single run lie now, if moved."),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where several runs go. [default: a new one in runs/]"),
]

LookAt = Annotated[
    str | None,
    typer.Option(
        "--look-at",
        metavar="N,...",
        help="Show where the model looks in these test images too: their index in predictions.csv.",
    ),
]


@with_options(o.REPORTING)
def report(
    runs: Runs,
    out: Folder = None,
    data: Moved = None,
    look_at: LookAt = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Write the report of a run again, or of several side by side.

    One run: its page from its own model and data. Several: as compare does, but their test images may differ;
    then nothing is said of pairs.
    """
    from assay.cli.closing import close_run
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import report_again

    output, rows = o.Output.of(given), _rows(look_at, len(runs))
    if len(runs) > 1:
        side_by_side(runs, out, output, paired=False)
        return
    with listening(output) as on_event:
        report_again(runs[0], data, look_at=rows, offline=offline, on_event=on_event)
    close_run(runs[0], "The report is written again.", [], output)


def _rows(given: str | None, runs: int) -> tuple[int, ...]:
    """The test images named. Raises AssayError `bad-value`."""
    from assay.core.errors import AssayError
    from assay.core.text import shortened, whole_number

    parts = [part.strip() for part in given.split(",")] if given else []
    if runs > 1 and parts:
        raise AssayError("bad-value", "--look-at", "it is about one model", "Name one run.")
    rows = [whole_number(part) for part in parts]
    if None in rows:
        fix = "Name test images by their index in predictions.csv, as 17,905."
        raise AssayError("bad-value", "--look-at", f"{shortened(given or '')!r} is no list of numbers", fix)
    return tuple(dict.fromkeys(row for row in rows if row is not None))
