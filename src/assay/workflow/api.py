"""The whole story: load -> measure -> audit -> hold out -> train -> evaluate -> report.

`run`, `audit`, `train`, `evaluate` and `predict` are the public functions; `run_audit`, `run_train` and
`run_evaluate` are what the command line calls to have the results in a run folder. Each makes a plan and has
it carried out: by `stages` for one model, by `several` for more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from assay.audits.values import Audit
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.decisions import Decided, decide, read_decisions
from assay.data.values import Dataset
from assay.deployment.load_model import load_model
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.predict import Prediction, predict_files
from assay.evaluation.evaluate import Classifier
from assay.evaluation.values import Evaluation
from assay.training.classifier import Model
from assay.training.requirements import require_for
from assay.workflow import run_folder
from assay.workflow.evidence import judge_answers
from assay.workflow.multi_model import side_by_side, test_several, train_several
from assay.workflow.own_models.answers import FOREIGN, Answered, answers_of, named_columns
from assay.workflow.planning.data import Data, need_test_split, open_data
from assay.workflow.planning.decided import tell_decided
from assay.workflow.planning.plan import Plan, keep_inputs, make_plan, plan_of_run
from assay.workflow.settings import AuditSettings, RunSettings, TrainSettings
from assay.workflow.stages import (
    Run,
    evaluate_model,
    evaluate_unfinished_model,
    examined,
    fit_model,
    report,
    test_one,
    train_one,
)

__all__ = ["Run"]


def run(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Unpack[RunSettings],
) -> Run:
    """Audit, train and evaluate; everything is written to a run folder.

    data: a name, a path, or a data set already loaded. out: the run folder; None makes one in `runs/`.
    settings: the fields of `assay.workflow.settings.Settings` (model, seed, validation, device,
    threads, classes, checks); any other name is one of the recipe's (epochs, batch_size, learning_rate, ...).
    An unfinished run of the same configuration in `out` is continued. Raises AssayError.
    """
    return _carry_out(make_plan("run", data, out, settings, offline, on_event), on_event)


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
    for one in (plan, *plan.parts):
        if one.recipe is not None:
            require_for(one.recipe.model)
    return _carry_out(plan, on_event, accept_changes)


def _carry_out(plan: Plan, on_event: OnEvent, accept_changes: bool = False) -> Run:
    """Do in the plan's folder what its command asks for, as far as it is not done yet."""
    with run_folder.claim(plan.folder, plan.config()) as folder:
        keep_inputs(plan, folder.path)
        results, train = examined(plan, on_event), train_several if plan.parts else train_one
        return train(plan, folder, results, on_event, accept_changes)


def audit(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Unpack[AuditSettings],
) -> Audit:
    """Look for what is wrong with the data, before any training. Needs no torch.

    out: a folder for the report; None writes nothing. Other arguments as in `run`.
    """
    _refuse_training(settings)
    if out is not None:
        return run_audit(data, out=out, offline=offline, on_event=on_event, **settings).audit
    return examined(make_plan("audit", data, None, settings, offline, on_event), on_event).audit


#: Settings that say how to train: a `config.toml` may bring them to an audit, a caller may not.
_OF_TRAINING = (
    *(
        "model",
        "seeds",
        "validation",
        "device",
        "threads",
        "warm_start",
        "checkpoint_every",
        "max_risk",
        "recipes",
    ),
    "decisions",
)


def _refuse_training(settings: Mapping[str, Any]) -> None:
    for name in _OF_TRAINING:
        if name in settings:
            fix = "Leave it away, or use assay.run or assay.train."
            raise AssayError(
                "unknown-setting", name, "an audit trains nothing, so it has no such setting", fix
            )


def run_audit(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """The audit alone, with its report in a run folder. Arguments as in `run`."""
    return _carry_out(make_plan("audit", data, out, settings, offline, on_event), on_event)


def train(
    data: Data = "fashion-mnist",
    model: str | None = None,
    *,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Unpack[TrainSettings],
) -> Model:
    """Train a classifier on the training split; the test split is not looked at. Writes nothing.

    model: the name of a recipe. Other arguments as in `run`; `Model.save` keeps the result.
    """
    plan = make_plan("train", data, None, {"model": model, **settings}, offline, on_event)
    if plan.parts:
        fix = "Train them one by one, or several in a run folder: assay.run(model='linear,mlp')."
        raise AssayError("bad-value", "model", f"one model is returned, {len(plan.parts)} were named", fix)
    return fit_model(plan, None, on_event)[1]


def run_train(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """The first half of a run: audit and training, in a run folder that `run_evaluate` can finish."""
    return _carry_out(make_plan("train", data, out, settings, offline, on_event), on_event)


def evaluate(
    model: Model | Classifier | str | None = None,
    data: Data = "fashion-mnist",
    *,
    predictions: Sequence[object] | NDArray[np.generic] | None = None,
    probabilities: object = None,
    audit: Audit | None = None,
    decisions: str | Path | None = None,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Evaluation:
    """Judge a model on the test split of `data`.

    model: one that Assay trained; or any object with `predict_proba(images)` and `classes_` or `classes`, as
        scikit-learn's (which are given the pixels as flat rows); or, beside answers, their model's name.
    probabilities: instead of a model, its answers: an array (test images, classes), a data frame with a
        column per class, or a file (`.npy`, `.npz`, or a table as predictions.csv). predictions: where there
        are no probabilities, the class of each test image, as name or number; then nothing is said of
        confidence. With both, the two must agree.
    audit: of the same data; without it, the score without copies and without suspects is not made.
    decisions: a table of what a person decided; about test images, it gives one more score.
    out: of a model trained elsewhere: a run folder with audit, scores and report, for `assay compare`.
    Raises AssayError `bad-arrays`, `class-names`, `bad-value`, `shape-mismatch`.
    """
    if isinstance(model, Model):
        given = predictions is not None or probabilities is not None
        if given or out is not None:
            what = "a model is judged by its own answers" if given else "assay.run writes its report"
            raise AssayError("bad-value", "model", what, "Give a model, or the answers of one.")
        require_for(model.recipe["model"], fitting=False)
        dataset = open_data(data, {"classes": model.classes}, offline, on_event)
        need_test_split(dataset)
        decided = _decided(dataset, decisions, on_event)
        return evaluate_model(model, dataset, audit, decided, on_event)
    dataset = open_data(data, {}, offline, on_event)
    need_test_split(dataset)
    answers = answers_of(model, predictions, probabilities, dataset)
    if out is not None:
        return _in_folder(answers, dataset, out, audit, decisions, offline, on_event)
    decided = _decided(dataset, decisions, on_event)
    return judge_answers(
        answers.name, answers.probabilities, dataset, audit, decided, labels_only=answers.labels_only
    )


def _decided(dataset: Dataset, table: str | Path | None, on_event: OnEvent) -> Decided | None:
    """What follows from a table of decisions, told as a run tells it."""
    if table is None:
        return None
    decisions = read_decisions(Path(table))
    decided = decide(dataset, decisions)
    tell_decided(decided, decisions, table, dataset, on_event)
    return decided


def _in_folder(
    answers: Answered,
    dataset: Dataset,
    out: str | Path,
    audit: Audit | None,
    decisions: str | Path | None,
    offline: bool,
    on_event: OnEvent,
) -> Evaluation:
    """The score of given answers, with audit and report, in a run folder."""
    if answers.labels_only:
        fix = "Give probabilities, or leave out away."
        raise AssayError(
            "bad-value", "out", "the report tells of confidence, and there are no probabilities", fix
        )
    if audit is not None:
        fix = "Leave audit away (an audit that was made before is kept and used again), or leave out away."
        raise AssayError("bad-value", "audit", "a run folder holds the audit that the run itself makes", fix)
    frame = named_columns(answers, dataset.classes)
    score = run_answers(
        frame, dataset, name=answers.name, out=out, decisions=decisions, offline=offline, on_event=on_event
    ).score
    assert score is not None
    return score


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
    return _carry_out(make_plan("evaluate", data, out, given, offline, on_event), on_event)


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
    Raises AssayError `data-changed` when they have not. Of a run of several models, all are judged.
    """
    with run_folder.reopen(Path(folder)) as opened:
        plan = plan_of_run(opened.path, data, offline, on_event)
        need_test_split(plan.dataset)
        if plan.answers is not None:
            if max_risk is not None:
                fix = "Leave --max-risk away: only a model of Assay's own has validation images to choose on."
                raise AssayError("bad-value", "--max-risk", "the model was trained elsewhere", fix)
            return train_one(plan, opened, examined(plan, on_event), on_event)
        results, test = examined(plan, on_event), test_several if plan.parts else test_one
        return test(plan, opened, results, on_event, max_risk)


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
    with run_folder.reopen(Path(folder), ("report.", "figures/")) as opened:
        plan = plan_of_run(opened.path, data, offline, on_event)
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
        report(opened, plan, results, on_event)
    return Run(opened.path, results.audit)


def predict(model: Model | OnnxModel | str | Path, files: Iterable[str | Path | bytes]) -> list[Prediction]:
    """Classify pictures, read exactly as in training.

    model: a model, or the path of a run folder or of an exported file. files: paths, or the content of
    picture files. Raises AssayError `file-missing`, `image-unreadable`, and those of `assay.load_model`.
    """
    chosen = load_model(model) if isinstance(model, str | Path) else model
    return predict_files(chosen, files)
