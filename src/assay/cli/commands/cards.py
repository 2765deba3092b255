"""`assay cards RUN`: a data card, a model card, and Croissant metadata."""

import json as json_text
import sys
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options

License = Annotated[str, typer.Option("--license", metavar="ID", help="What the owner says: cc-by-4.0, mit.")]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where the data can be found.")]


@with_options(o.REPORTING)
def cards(run: o.RunArgument, license: License = "", url: Url = "", **given: Any) -> None:  # noqa: A002
    """Describe a run's data and model for others.

    Writes data_card.md, model_card.md and croissant.json into the run folder, from what lies there.
    """
    from assay.core.text import one_line
    from assay.workflow.cards.write import write_cards

    paths = write_cards(run, license, url)
    if given["json"]:
        record = {"event": "cards", "stage": "cards", "files": [str(path) for path in paths]}
        sys.stdout.write(json_text.dumps(record) + "\n")
    else:
        sys.stdout.write("".join(f"{one_line(str(path))}\n" for path in paths))
