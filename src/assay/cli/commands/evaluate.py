"""`assay evaluate RUN`: the second half of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options
from assay.core.errors import AssayError

Subject = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|FILE", help="The folder of a run, or probabilities of your own model (.npy, .npz, .csv)."
    ),
]
ModelName = Annotated[
    str | None, typer.Option("--model-name", metavar="NAME", help="What to call the model of a FILE.")
]

OtherData = Annotated[
    bool,
    typer.Option(
        "--other-data", help="Score the model on labelled images that are not the run's; only print."
    ),
]

#: Options of a run's own score.
_OF_A_RUN: Final = ("out", "model_name", "max_risk")


@with_options(o.JUDGED_DATA, o.GATING, o.REPORTING)
def evaluate(
    run: Subject,
    data: o.Data = None,
    out: o.Out = None,
    model_name: ModelName = None,
    max_risk: o.MaxRisk = None,
    other_data: OtherData = False,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Test the model of a run.

    Judges it on the test split and completes the report. Of an unfinished run: its current model, only
    printed. With --other-data: its model on labelled images that are not the run's, only printed as well. Of
    a FILE: the answers of a model that Assay did not train, a row for each test image, with audit and report
    in a run folder.
    """
    from assay.workflow.recorded import run_record

    output = o.Output.of(given)
    if other_data:
        named = {"out": out, "model_name": model_name, "max_risk": max_risk}
        _evaluate_other(run, data, {**given, **named}, offline, output)
        return
    if run.is_file():
        _refuse("max_risk" if max_risk is not None else None, "only a run's own model has validation images")
        _evaluate_answers(run, data, out, model_name, given, offline, output)
        return
    reading = {name: given[name] for name in o.JUDGED_DATA}
    for option, value in {"out": out, "model_name": model_name, **reading}.items():
        why = (
            "a run's data are read as they were" if option in reading else "a run is completed where it lies"
        )
        _refuse(option if value not in (None, False) else None, why)
    if not run_record.is_finished(run):
        _refuse_for_unfinished(max_risk, given)
        _evaluate_unfinished(run, data, offline, output)
        return
    from assay.cli.closing import close_done, quoted, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import run_evaluate

    gating = Gating.of(given, run)
    with listening(output) as on_event:
        done = run_evaluate(run, data, max_risk=max_risk, offline=offline, on_event=on_event)
    headline = told(done)[0] if done.results else ""
    close_done(done, output, headline, [f"assay predict {quoted(done.path)} PICTURE.png"])
    gating.finish(done, output)


def _refuse(option: str | None, why: str) -> None:
    if option is not None:
        shown = f"--{option.replace('_', '-')}"
        raise AssayError("option-not-used", shown, why, "Leave it away.")


def _evaluate_answers(
    file: Path,
    data: str | None,
    out: Path | None,
    name: str | None,
    given: Mapping[str, Any],
    offline: bool,
    output: o.Output,
) -> None:
    from assay.cli.closing import close_done, quoted, told
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import run_answers

    gating = Gating.of(given, out)
    settings = {name: given[name] for name in o.JUDGED_DATA if given[name] not in (None, False)}
    settings |= {} if data is None else {"data": data}
    with listening(output) as on_event:
        done = run_answers(
            file, name=name or file.stem, out=out, offline=offline, on_event=on_event, **settings
        )
    headline = told(done)[0] if done.results else ""
    close_done(done, output, headline, [f"assay review {quoted(done.path)}"])
    gating.finish(done, output)


def _evaluate_unfinished(run: Path, data: str | None, offline: bool, output: o.Output) -> None:
    from assay.cli.closing import close_plain, quoted, score_line
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import evaluate_unfinished

    with listening(output) as on_event:
        model, score = evaluate_unfinished(run, data, offline=offline, on_event=on_event)
    epoch, epochs = model.history.records[-1].epoch, model.recipe["epochs"]
    headline = (
        f"After {epoch} of {epochs} epochs: {score_line(score)}\n"
        "The run is not finished, and nothing was written. To stop or go on by this score would be to choose "
        "on the test images."
    )
    close_plain(headline, [f"assay resume {quoted(run)}"], output)


def _evaluate_other(
    run: Path, data: str | None, given: Mapping[str, Any], offline: bool, output: o.Output
) -> None:
    from assay.cli.closing import close_plain
    from assay.cli.listeners import listening
    from assay.cli.other_score import next_commands, other_lines, with_answers
    from assay.workflow.deployed.other_data import evaluate_other
    from assay.workflow.quality_gates.gates import parse_score_gates
    from assay.workflow.quality_gates.judging import judge_score, need_passed

    unused = (name for name in (*_OF_A_RUN, *o.GATING) if name != "fail_on")
    asked = [name for name in unused if given[name] not in (None, False)]
    _refuse(asked[0] if asked else None, "of other data nothing is written or chosen")
    gates = parse_score_gates(given["fail_on"] or "")
    for name in ("size", "resize"):
        _refuse(name if given[name] is not None else None, "the model has its own size")
    if data is None:
        raise AssayError("usage", "--other-data", "no data are named", "Name them: assay evaluate RUN DATA.")
    reading = {name: given[name] for name in o.JUDGED_DATA if given[name] not in (None, False)}
    with listening(output) as on_event:
        try:
            found = evaluate_other(run, data, offline=offline, on_event=on_event, **reading)
        except AssayError as error:
            raise with_answers(error, run, data) from error
    close_plain(other_lines(found), next_commands(run, data), output)
    unknown = found.seen.equal is None
    need_passed(judge_score(gates, found.score if unknown else found.unseen), data)


def _refuse_for_unfinished(max_risk: float | None, given: Mapping[str, Any]) -> None:
    asked = {"max_risk": max_risk, **{name: given[name] for name in o.GATING}}
    for name, value in asked.items():
        if value not in (None, False):
            option = f"--{name.replace('_', '-')}"
            raise AssayError("bad-value", option, "the run is not finished", "Finish it: assay resume RUN.")
