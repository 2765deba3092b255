"""`assay run`: everything."""

from pathlib import Path
from typing import Any

from assay.cli.options import Output
from assay.cli.training import training_command


def _run(
    settings: dict[str, Any], out: Path | None, given: dict[str, Any], offline: bool, output: Output
) -> None:
    from assay.cli.closing import close_done, quoted, rule_line, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.api import run as run_pipeline
    from assay.workflow.run_commands import finished_again
    from assay.workflow.tracking.listen import tracking

    gating = Gating.of(given, out)
    with listening(output) as show, tracking(given["track"] or "", show, offline=offline) as on_event:
        place: dict[str, Any] = {"out": out, "offline": offline, "on_event": on_event}
        if gating.missing_in(out):
            done = finished_again("run", **place, **settings)
        else:
            done = run_pipeline(**place, **settings)
    headline, following = told(done)
    if done.score and (rule := rule_line(done.score)):
        headline += f"\n{rule}"
    predict = f"assay predict {quoted(done.path)} PICTURE.png"
    close_done(done, output, headline, [*(c for c in following if c != predict), predict])
    gating.finish(done, output)


run = training_command("run", "Do everything: audit, train, test, report.", _run)
