"""`assay review RUN`: the audit's suspects as a table to decide about."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o

Table = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="The table. [default: decisions.csv in the run folder]"),
]


def review(
    run: o.RunArgument,
    out: Table = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """List the audit's suspects, to keep, relabel or drop.

    Writes a table for a spreadsheet: put keep, relabel or drop in its column decision (and the class in
    new_label), then give it to `assay run --decisions`. No table is ever overwritten.
    """
    import json as json_text
    import sys

    from assay.cli.closing import close_plain, quoted
    from assay.core.text import counted
    from assay.workflow.recorded.run_record import CONFIG
    from assay.workflow.review import review as write_table
    from assay.workflow.review import suspects_of

    path = write_table(run, out)
    suspects = suspects_of(path)
    if json:
        figures = {"event": "run-finished", "stage": "review", "path": str(path), "suspects": suspects}
        sys.stdout.write(json_text.dumps(figures) + "\n")
    elif quiet:
        sys.stdout.write(f"{path}\n")
    images = counted(suspects, "image", "images")
    headline = f"{images} to decide about: {path}\nFill in the column decision: keep, relabel or drop."
    if not suspects:
        headline = f"Nothing to decide: no check of the audit lists an image. The table has no row: {path}"
    close_plain(
        headline,
        [f"assay run --config {quoted(run / CONFIG)} --decisions {quoted(path)}"],
        o.Output(json, quiet, verbose=False),
    )
