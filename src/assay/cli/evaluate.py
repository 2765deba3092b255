"""`assay evaluate RUN`: the second half of a run."""

from assay.cli import options as o


def evaluate(
    run: o.RunArgument,
    data: o.Data = None,
    max_risk: o.MaxRisk = None,
    fail_on: o.FailOn = None,
    offline: o.Offline = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Test the model of a run.

    Judges it on the test split and completes the report.
    """
    from assay.cli.closing import close_done, quoted, score_line, scores_of
    from assay.cli.listeners import listening
    from assay.gates import enforce, parse_gates
    from assay.pipeline import run_evaluate

    gates = parse_gates(fail_on or "")
    output = o.Output(json, quiet, verbose)
    with listening(output) as on_event:
        done = run_evaluate(run, data, max_risk=max_risk, offline=offline, on_event=on_event)
    headline = score_line(done.score) if done.score else ""
    close_done(done, output, headline, [f"assay predict {quoted(done.path)} PICTURE.png"])
    enforce(gates, done.audit, scores_of(done), done.path)
