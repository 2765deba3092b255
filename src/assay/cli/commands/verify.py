"""`assay verify RUN`: is a run still what it was?"""

import sys
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options

Retrain = Annotated[
    bool, typer.Option("--retrain", help="Train again and compare: takes as long as the run.")
]


@with_options(o.REPORTING)
def verify(
    run: o.RunArgument,
    data: o.Data = None,
    retrain: Retrain = False,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Check a run against its manifest and data.

    Every file's hash, the fingerprint of the data, and with --retrain the model itself. Exit 4 where
    anything differs.
    """
    import json as json_text

    from assay.cli.listeners import listening
    from assay.core.text import one_line
    from assay.workflow.verify import demand, verify_run

    json, quiet, verbose = given["json"], given["quiet"], given["verbose"]
    with listening(o.Output(json, quiet or not verbose, verbose)) as on_event:
        facts = verify_run(run, data, retrain=retrain, offline=offline, on_event=on_event)
    for fact in facts:
        if json:
            sys.stdout.write(json_text.dumps({"event": "verified", "stage": "verify", **vars(fact)}) + "\n")
        elif not quiet or not fact.holds:
            sys.stdout.write(one_line(f"{'same     ' if fact.holds else 'DIFFERENT'} {fact.what}") + "\n")
    demand(run, facts)
