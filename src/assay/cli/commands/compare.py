"""`assay compare RUN RUN...`: models on the same test images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="Folders of finished runs; one of several models stands for all."),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where the page goes. [default: a new one in runs/]"),
]


@with_options(o.REPORTING)
def compare(
    runs: Runs,
    out: Folder = None,
    **given: Any,
) -> None:
    """Compare models on the same test images.

    Pair by pair: the difference with its interval, an exact test, and the images that one gets right and the
    other wrong. Training data may differ; test images and their labels must not.
    """
    side_by_side(runs, out, o.Output.of(given), paired=True)


def side_by_side(runs: list[Path], out: Path | None, output: o.Output, *, paired: bool) -> None:
    """Compare runs into a folder and print the table. paired: insist on equal test images."""
    from assay.cli.closing import close_comparison, models_table, pair_lines, seconds_of
    from assay.cli.listeners import listening
    from assay.reports.findings.comparison import headline
    from assay.workflow.compare_runs import write_compared
    from assay.workflow.run_folder import default_folder

    folder = out if out is not None else default_folder("compare")
    with listening(output) as on_event:
        comparison = write_compared(runs, folder, paired=paired, on_event=on_event)
    told = [*pair_lines(comparison), "", headline(comparison)]
    lines = [*models_table(comparison, seconds_of(folder)), *told]
    close_comparison(folder, lines, comparison, output)
