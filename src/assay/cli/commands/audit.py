"""`assay audit`: what is wrong with the data, before any training."""

from assay.cli import options as o


def audit(
    data: o.Data = None,
    out: o.Out = None,
    name: o.Name = None,
    config: o.Config = None,
    classes: o.Classes = None,
    size: o.Size = None,
    resize: o.Resize = None,
    path_column: o.PathColumn = None,
    label_column: o.LabelColumn = None,
    split_column: o.SplitColumn = None,
    group_column: o.GroupColumn = None,
    test_fraction: o.TestFraction = None,
    checks: o.Checks = None,
    features: o.Features = None,
    thorough: o.Thorough = None,
    self_test: o.SelfTest = None,
    fail_on: o.FailOn = None,
    offline: o.Offline = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    debug: o.Debug = False,
) -> None:
    """Find what is wrong with the data.

    Writes the report of the audit alone; needs no torch.
    """
    settings = o.settings_from(locals())
    from assay.cli.closing import areas_line, close_run
    from assay.cli.listeners import listening
    from assay.workflow.api import run_audit
    from assay.workflow.quality_gates import enforce, parse_gates

    gates = parse_gates(fail_on or "")
    output = o.Output(json, quiet, verbose)
    with listening(output) as on_event:
        done = run_audit(out=out, offline=offline, on_event=on_event, **settings)
    following = f"assay run {o.shell_data(settings)}".rstrip()
    close_run(done.path, f"Audit: {areas_line(done.audit)}.", [following], output)
    enforce(gates, done.audit, None, done.path)
