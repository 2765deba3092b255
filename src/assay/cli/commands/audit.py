"""`assay audit`: what is wrong with the data, before any training."""

from typing import Any

from assay.cli import options as o
from assay.cli.given_settings import settings_from
from assay.cli.option_groups import shell_line, with_options

#: Options of the audit, beside those of reading, that belong to the data and not to this audit alone.
_REPEATED = {
    "config": o.Config,
    "test_fraction": o.TestFraction,
    "features": o.Features,
    "pred_probs": o.PredProbs,
    "skip_bad": o.SkipBad,
}


@with_options(o.READING, o.AUDITING, o.GATING, o.TRACKING, o.REPORTING)
def audit(
    data: o.Data = None,
    out: o.Out = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Find what is wrong with the data.

    Writes the report of the audit alone; needs no torch.
    """
    settings = settings_from({"data": data, **given})
    from assay.cli.closing import close_run, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import run_audit
    from assay.workflow.tracking.listen import tracking

    gating = Gating.of(given, scored=False)
    output = o.Output.of(given)
    with listening(output) as show, tracking(given["track"] or "", show, offline=offline) as on_event:
        done = run_audit(out=out, offline=offline, on_event=on_event, **settings)
    bad = any(f.check == "unreadable" and f.count for f in done.audit.findings)
    repeated = {"data": data, **given, "skip_bad": bad}  # an audit passes over what stops a run
    following = shell_line("assay run", repeated, o.READING, _REPEATED)
    headline, commands = told(done)
    review = [command for command in commands if command.startswith("assay review")]
    close_run(done.path, headline, [*review, following], output)
    gating.finish(done, output)
