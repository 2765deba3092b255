"""`assay run`: everything."""

from pathlib import Path
from typing import Any

from assay.cli.options import Output
from assay.cli.training import training_command


def _run(
    settings: dict[str, Any], out: Path | None, fail_on: str | None, offline: bool, output: Output
) -> None:
    from assay.cli.closing import close_done, quoted, rule_line, scores_of, told
    from assay.cli.listeners import listening
    from assay.workflow.api import run as run_pipeline
    from assay.workflow.quality_gates import enforce, parse_gates

    gates = parse_gates(fail_on or "")
    with listening(output) as on_event:
        done = run_pipeline(out=out, offline=offline, on_event=on_event, **settings)
    headline, following = told(done)
    if done.score and (rule := rule_line(done.score)):
        headline += f"\n{rule}"
    predict = f"assay predict {quoted(done.path)} PICTURE.png"
    close_done(done, output, headline, [*(c for c in following if c != predict), predict])
    enforce(gates, done.audit, scores_of(done), done.path)


run = training_command("run", "Do everything: audit, train, test, report.", _run)
