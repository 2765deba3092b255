"""`assay evaluate RUN`: the second half of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options

Subject = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|FILE", help="The folder of a run, or probabilities of your own model (.npy, .npz, .csv)."
    ),
]
ModelName = Annotated[
    str | None, typer.Option("--model-name", metavar="NAME", help="What to call the model of a FILE.")
]


@with_options(o.GATING, o.REPORTING)
def evaluate(
    run: Subject,
    data: o.Data = None,
    out: o.Out = None,
    model_name: ModelName = None,
    max_risk: o.MaxRisk = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Test the model of a run.

    Judges it on the test split and completes the report. Of an unfinished run: its current model, only
    printed. Of a FILE: the answers of a model that Assay did not train, a row for each test image, with audit
    and report in a run folder.
    """
    from assay.workflow.recorded import run_record

    output = o.Output.of(given)
    if run.is_file():
        _refuse("max_risk" if max_risk is not None else None, "only a run's own model has validation images")
        _evaluate_answers(run, data, out, model_name, given, offline, output)
        return
    for option, value in (("out", out), ("model_name", model_name)):
        _refuse(option if value is not None else None, "a run is completed where it lies")
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
    from assay.core.errors import AssayError

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
    settings = {} if data is None else {"data": data}
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


def _refuse_for_unfinished(max_risk: float | None, given: Mapping[str, Any]) -> None:
    from assay.core.errors import AssayError

    asked = {"max_risk": max_risk, **{name: given[name] for name in o.GATING}}
    for name, value in asked.items():
        if value not in (None, False):
            option = f"--{name.replace('_', '-')}"
            raise AssayError("bad-value", option, "the run is not finished", "Finish it: assay resume RUN.")
