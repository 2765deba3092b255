"""`assay audit`: what is wrong with the data, before any training; and `assay merge`, of its parts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.given_settings import settings_from
from assay.cli.option_groups import shell_line, with_options

#: Options of the audit, beside those of reading, that belong to the data and not to this audit alone.
_REPEATED = {
    "config": o.Config,
    "test_fraction": o.TestFraction,
    "features": o.Features,
    "backbone": o.BackboneName,
    "pred_probs": o.PredProbs,
    "skip_bad": o.SkipBad,
}


Parts = Annotated[
    Path, typer.Argument(metavar="PARTS", help="The folder that `assay audit --shard` wrote parts into.")
]

MergeEngine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Who judges labels: processes (of this machine) or ray; see --workers.",
    ),
]
MergeWorkers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", help="Processes that judge labels together. [default: threads of this one]"
    ),
]


@with_options(o.READING, o.AUDITING, o.GATING, o.TRACKING, o.REPORTING)
def audit(
    data: o.Data = None,
    out: o.Out = None,
    shard: o.ShardOption = None,
    engine: o.EngineOption = None,
    workers: o.Workers = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Find what is wrong with the data.

    Writes the report of the audit alone; needs no torch. With --shard it measures a share of the images,
    for `assay merge`.
    """
    settings = settings_from({"data": data, **given})
    if (workers is not None and engine is None) or (engine is not None and shard is not None):
        _refuse_engine(workers, engine)
    if shard is not None:
        _measure_shard(shard, out, offline, settings, given)
        return
    from assay.cli.closing import close_run, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.reports.findings.suspected_groups import column_of_groups, pattern_of_groups
    from assay.workflow.run_commands import finished_again, run_audit
    from assay.workflow.shards import run_engine
    from assay.workflow.tracking.listen import tracking

    gating = Gating.of(given, out, scored=False)
    output = o.Output.of(given)
    with listening(output) as show, tracking(given["track"] or "", show, offline=offline) as on_event:
        place: dict[str, Any] = {"out": out, "offline": offline, "on_event": on_event}
        if gating.missing_in(out):
            done = finished_again("audit", **place, **settings)
        elif engine is None:
            done = run_audit(**place, **settings)
        else:
            # Workers of an engine are its own, not those that a file of settings has for training.
            done = run_engine(engine=engine, **{**settings, **place, "workers": workers})
    bad = any(f.check == "unreadable" and f.count for f in done.audit.findings)
    repeated = {"data": data, **given, "skip_bad": bad}  # an audit passes over what stops a run
    findings = done.audit.findings
    repeated["group_column"] = column_of_groups(findings) or given["group_column"]
    repeated["group_pattern"] = pattern_of_groups(findings) or given["group_pattern"]
    following = shell_line("assay run", repeated, o.READING, _REPEATED)
    headline, commands = told(done)
    review = [command for command in commands if command.startswith("assay review")]
    close_run(done.path, headline, [*review, following], output)
    gating.finish(done, output)


def _refuse_engine(workers: int | None, engine: str | None) -> None:
    """An engine runs all shards, and only an engine has workers."""
    from assay.core.errors import AssayError

    if engine is None:
        what, fix = f"{workers} workers of no engine", "Add --engine processes."
        raise AssayError("option-not-used", "--workers", what, fix)
    fix = "Leave one of the two out."
    raise AssayError("option-not-used", "--engine", "an engine runs every shard itself", fix)


def _measure_shard(
    shard: str, out: Path | None, offline: bool, settings: dict[str, Any], given: dict[str, Any]
) -> None:
    """Measure one share, for `assay merge`."""
    from assay.cli.closing import close_plain, quoted
    from assay.cli.listeners import listening
    from assay.core.errors import AssayError
    from assay.workflow.shards import run_shard

    unused = [name for name in (*o.GATING, *o.TRACKING) if given[name] not in (None, False)]
    if unused:
        option = f"--{unused[0].replace('_', '-')}"
        fix = "Give it to assay merge."
        raise AssayError("option-not-used", option, "one shard tells nothing of the whole", fix)
    if out is None:
        fix = "Write --out PARTS, the same folder for every shard."
        raise AssayError("usage", "--shard", "there is no folder for the parts", fix)
    output = o.Output.of(given)
    with listening(output) as on_event:
        done = run_shard(shard, out=out, offline=offline, on_event=on_event, **settings)
    close_plain(done.told(), [f"assay merge {quoted(out)}"] if done.all_there else [], output)
    if output.quiet and not output.json:
        print(done.folder)


@with_options(o.GATING, o.TRACKING, o.REPORTING)
def merge(
    parts: Parts,
    out: o.Out = None,
    engine: MergeEngine = None,
    workers: MergeWorkers = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Join the parts of an audit to the audit of the whole.

    Parts that are missing, double, damaged, or of other data or another version are refused by name.
    Writes what `assay audit` on the same data writes.
    """
    from assay.cli.closing import close_run, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.shards import run_merge
    from assay.workflow.tracking.listen import tracking

    gating = Gating.of(given, out, scored=False)
    output = o.Output.of(given)
    with listening(output) as show, tracking(given["track"] or "", show, offline=offline) as on_event:
        done = run_merge(
            parts,
            out=out,
            engine=engine,
            workers=workers,
            again=gating.missing_in(out),
            on_event=on_event,
        )
    headline, commands = told(done)
    close_run(done.path, headline, commands, output)
    gating.finish(done, output)
