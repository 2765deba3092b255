"""What the command line calls: each fills a run folder, or goes on in one that is there.

Each makes a plan and has it carried out: by `stages` for one model, by `multi_model` for more. The functions
of `api` stand on these.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.evaluation.values import Evaluation
from assay.training.classifier import Model
from assay.training.requirements import require_for
from assay.workflow import run_folder
from assay.workflow.engines.training_workers import need_first
from assay.workflow.multi_model import side_by_side, test_several, train_several
from assay.workflow.own_models.answers import FOREIGN
from assay.workflow.planning.data import Data, need_test_split
from assay.workflow.planning.plan import Plan, keep_inputs, make_plan, need_same_data, plan_of_run, plan_run
from assay.workflow.recorded import run_record
from assay.workflow.settings import Settings
from assay.workflow.stages import Run, evaluate_unfinished_model, examined, report, test_one, train_one
from assay.workflow.training_stage import help_train


def carry_out(plan: Plan, on_event: OnEvent, accept_changes: bool = False) -> Run:
    """Do in the plan's folder what its command asks for, as far as it is not done yet."""
    if plan.recipe is not None or plan.parts:
        need_first()
    with run_folder.claim(plan.folder, plan.config()) as folder:
        keep_inputs(plan, folder.path)
        results, train = examined(plan, on_event), train_several if plan.parts else train_one
        return train(plan, folder, results, on_event, accept_changes)


def run_audit(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """The audit alone, with its report in a run folder. Arguments as in `run`."""
    return carry_out(plan_run("audit", data, out, settings, offline, on_event), on_event)


def run_train(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """The first half of a run: audit and training, in a run folder that `run_evaluate` can finish."""
    return carry_out(plan_run("train", data, out, settings, offline, on_event), on_event)


def run_answers(
    probabilities: object,
    data: Data = "fashion-mnist",
    *,
    name: str = FOREIGN,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """Judge the answers of a model that was trained elsewhere, with audit and report in a run folder.

    probabilities: as in `evaluate`. name: what to call the model. settings: those of an audit.
    """
    given = {**settings, "answers": probabilities, "model": name}
    return carry_out(plan_run("evaluate", data, out, given, offline, on_event), on_event)


def run_evaluate(
    folder: str | Path,
    data: Data | None = None,
    *,
    max_risk: float | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Run:
    """The second half of a run: judge the model of a run folder on its test split, and report.

    data: only needed where the run's own data have moved; they must have the same content. max_risk: the
    share of answers that may be wrong; when to answer is then chosen anew, on the validation images.
    Raises AssayError `data-changed` when they have not, `bad-value` for a share that is none. Of a run of
    several models, all are judged.
    """
    if max_risk is not None:
        max_risk = Settings.checked({"max_risk": max_risk}).max_risk
    # Each model of several is held to its own manifest.
    with run_folder.reopen(Path(folder), (*run_folder.JUDGED, f"{run_record.MODELS}/")) as opened:
        plan = plan_of_run(opened.path, data, offline, on_event)
        _need_data_of_models(plan)  # before the audit, which may take minutes
        need_test_split(plan.dataset)
        if plan.answers is not None:
            if max_risk is not None:
                fix = "Leave --max-risk away: only a model of Assay's own has validation images to choose on."
                raise AssayError("bad-value", "--max-risk", "the model was trained elsewhere", fix)
            return train_one(plan, opened, examined(plan, on_event), on_event)
        results, test = examined(plan, on_event), test_several if plan.parts else test_one
        return test(plan, opened, results, on_event, max_risk)


def _need_data_of_models(plan: Plan) -> None:
    """Raise AssayError `data-changed` where the data are not those of the plan's models."""
    for one in plan.parts or (plan,):
        if one.recipe is not None:
            need_same_data(Model.read(one.folder / "model"), one)


def evaluate_unfinished(
    folder: str | Path, data: Data | None = None, *, offline: bool = False, on_event: OnEvent = ignore
) -> tuple[Model, Evaluation]:
    """The current model of an unfinished run, and its score on the test split. Writes nothing.

    Who stops training by such a look has chosen on the test split: it is for a run that will not go on.
    data: only needed where the run's own data have moved. Raises AssayError `no-epoch-finished`,
    `data-changed`, `not-a-run-folder`.
    """
    plan = plan_of_run(Path(folder), data, offline, on_event)
    need_test_split(plan.dataset)
    if plan.parts or plan.recipe is None:
        what = "an audit trains nothing" if not plan.parts else "it has several models"
        fix = "Name the folder of one: RUN/models/NAME." if plan.parts else "Give the folder of a run."
        raise AssayError("no-epoch-finished", folder, what, fix)
    return evaluate_unfinished_model(plan, on_event)


def resume(
    folder: str | Path,
    data: Data | None = None,
    *,
    accept_changes: bool = False,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Run:
    """Go on with the unfinished run in `folder`, to the bits that it would have had without a stop.

    data: only needed where the run's own data have moved. accept_changes: go on, with a warning, although
    data, configuration, classes or versions are not those of the checkpoint.
    Raises AssayError `not-a-run-folder`, `run-folder-finished`, `data-changed`, `config-changed`.
    """
    plan = plan_of_run(Path(folder), data, offline, on_event)
    run_folder.need_same_version(Path(folder), plan.config())
    for one in (plan, *plan.parts):
        if one.recipe is not None:
            require_for(one.recipe.model, one.recipe.options)
    return carry_out(plan, on_event, accept_changes)


def help_run(
    command: str,
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    **settings: Any,
) -> None:
    """The part of a run that a worker has which is not the first: to train with the others."""
    help_train(make_plan(command, data, out, settings, offline, ignore))


def help_resume(
    folder: str | Path,
    data: Data | None = None,
    *,
    accept_changes: bool = False,
    offline: bool = False,
) -> None:
    """The same where a run is taken up again. Arguments as in `resume`."""
    help_train(plan_of_run(Path(folder), data, offline, ignore), accept_changes)


def finished_again(
    command: str,
    data: Data = "fashion-mnist",
    *,
    out: str | Path,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """What a finished run came to, its report written again, where it is the run that the arguments describe.

    Raises AssayError `run-folder-finished` where it is another one, and as `report_again`.
    """
    plan = make_plan(command, data, None, settings, offline, on_event)
    if not run_record.is_of(Path(out), plan.config()):
        run_folder.refuse_foreign(Path(out))
    return report_again(out, data, offline=offline, on_event=on_event)


def report_again(
    folder: str | Path,
    data: Data | None = None,
    *,
    look_at: Sequence[int] = (),
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Run:
    """Write the report of a finished run again, from its own model and data.

    data: only needed where they have moved. look_at: test images, by their index, in which the report shows
    where the model looks, beside its surest mistakes. A report that was changed or deleted is no obstacle;
    any other file is. Raises AssayError `run-damaged`, `data-changed`, `not-a-run-folder`, `bad-value`.
    """
    with run_folder.reopen(Path(folder), run_folder.REPORTED) as opened:
        plan = plan_of_run(opened.path, data, offline, on_event)
        run_record.need_data(opened.path, plan.dataset.fingerprint)
        if plan.parts and look_at:
            fix = "Name the folder of one model, in models/."
            raise AssayError("bad-value", "--look-at", "it is about one model", fix)
        results = replace(examined(plan, on_event), look_at=tuple(look_at))
        if plan.parts:
            return side_by_side(plan, opened, results, (), on_event)
        if plan.answers is not None:
            return train_one(plan, opened, results, on_event)
        if plan.recipe is not None:
            tested = (opened.path / "evaluation.json").exists()
            return test_one(plan, opened, results, on_event, test=tested)
        report(opened, plan, results, None, on_event)
    return Run(opened.path, results.audit, results=results)
