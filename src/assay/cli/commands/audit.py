"""`assay audit`: what is wrong with the data, before any training."""

from typing import Any

from assay.cli import options as o


@o.with_options(o.READING, o.AUDITING, o.REPORTING)
def audit(
    data: o.Data = None,
    out: o.Out = None,
    fail_on: o.FailOn = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Find what is wrong with the data.

    Writes the report of the audit alone; needs no torch.
    """
    settings = o.settings_from({"data": data, **given})
    from assay.cli.closing import close_run, told
    from assay.cli.listeners import listening
    from assay.workflow.api import run_audit
    from assay.workflow.quality_gates import enforce, parse_gates

    gates = parse_gates(fail_on or "", scored=False)
    output = o.Output.of(given)
    with listening(output) as on_event:
        done = run_audit(out=out, offline=offline, on_event=on_event, **settings)
    following = f"assay run {o.shell_data(settings)}".rstrip()
    headline, commands = told(done)
    review = [command for command in commands if command.startswith("assay review")]
    close_run(done.path, headline, [*review, following], output)
    enforce(gates, done.audit, None, done.path)
