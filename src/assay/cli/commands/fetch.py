"""`assay fetch [NAME]`: bring a named data set into the cache."""

from typing import Annotated

import typer

from assay.cli import options as o
from assay.cli.option_groups import shell_line


def fetch(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A named data set.")] = "fashion-mnist",
    json: o.Json = False,
    quiet: o.Quiet = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Bring a named data set into the cache.

    Later runs then need no network.
    """
    from assay.cli.closing import close_plain
    from assay.cli.listeners import listening
    from assay.data.load import known_name
    from assay.workflow.planning.data import open_data

    output = o.Output(json, quiet, verbose=False)
    with listening(output) as on_event:
        dataset = open_data(known_name(name), {}, offline=False, on_event=on_event)
    close_plain(
        f"{dataset.name} is ready in {dataset.location}.", [shell_line("assay run", {"data": name})], output
    )
