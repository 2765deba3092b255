"""`assay report RUN...`: a run's page again, or several runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o
from assay.cli.compare import Runs, side_by_side

Moved = Annotated[
    str | None,
    typer.Option("--data", metavar="DATA", help="Where the data of a single run lie now, if moved."),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where several runs go. [default: a new one in runs/]"),
]


def report(
    runs: Runs,
    out: Folder = None,
    data: Moved = None,
    offline: o.Offline = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Write the report of a run again, or of several side by side.

    One run: its page from its own model and data. Several: as compare does, but their test images may differ;
    then nothing is said of pairs.
    """
    from assay.cli.closing import close_run
    from assay.cli.listeners import listening
    from assay.pipeline import report_again

    output = o.Output(json, quiet, verbose)
    if len(runs) > 1:
        side_by_side(runs, out, output, paired=False)
        return
    with listening(output) as on_event:
        report_again(runs[0], data, offline=offline, on_event=on_event)
    close_run(runs[0], "The report is written again.", [], output)
