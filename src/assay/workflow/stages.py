"""The stages of a run, a few lines each, and how one model goes through them."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from assay.audits.parts.measured import Merged
from assay.audits.registry import measure_all
from assay.audits.run import run_checks
from assay.audits.values import Audit
from assay.core import durable
from assay.core.events import Event, OnEvent, stage, warn
from assay.data.answers.class_probabilities import are_answers
from assay.data.decisions import Decided
from assay.data.splitting.validation import validation_rows
from assay.data.values import Dataset
from assay.estimators.passes.shared_passes import Helpers
from assay.evaluation.compare import Comparison
from assay.evaluation.values import Evaluation
from assay.features.choice import LEAST_SIDE, worth_asking
from assay.reports.values import Results
from assay.training.classifier import Model
from assay.training.model_file import saved_files
from assay.workflow.evidence import ANSWERS_ALONE, judge, judge_answers, with_rule
from assay.workflow.own_models.answers import FOREIGN
from assay.workflow.planning.plan import Plan, need_same_data
from assay.workflow.recorded.run_record import GONE, read_manifest
from assay.workflow.results import with_model, with_score, with_settings
from assay.workflow.run_folder import RunFolder
from assay.workflow.training_stage import fit_model, hold_out_rows, unfinished_model

_OWN_FEATURES: Final = "--backbone: the audit looks at the features that --features gives, not at that net's"
_NOT_ASKED: Final = (
    f"--backbone: the audit keeps its hand-made features, for pretrained ones are asked of color images of "
    f"at least {LEAST_SIDE} pixels a side alone"
)


@dataclass(frozen=True, eq=False)
class Run:
    """What a run gave: its folder and, as far as it went, the audit, the model and the score.

    runs, comparison: of several recipes or seeds, the run of each model (then `model` and `score` are None),
    and all of them side by side. results: what the report was made from; None of a model that was only read.
    """

    path: Path
    audit: Audit
    model: Model | None = None
    score: Evaluation | None = None
    runs: tuple["Run", ...] = ()
    comparison: Comparison | None = None
    results: Results | None = None

    def __repr__(self) -> str:
        known = (self.comparison or self.model, self.score, self.audit)
        return f"Run({str(self.path)!r}, {', '.join(repr(part) for part in known if part is not None)})"

    def _repr_html_(self) -> str:
        parts = (self.score, self.comparison, self.audit)
        return "".join(part._repr_html_() for part in parts if part is not None)


def train_one(
    plan: Plan, folder: RunFolder, results: Results, on_event: OnEvent, accept_changes: bool = False
) -> Run:
    """Train and judge the plan's model, or judge the answers that were given, and write everything."""
    model = None
    if plan.recipe is not None:
        held, model = fit_model(plan, folder, on_event, accept_changes)
        test = plan.command == "run"
        score = evaluate_model(model, plan.dataset, results.audit, plan.decided, on_event) if test else None
        results = with_score(with_model(results, model, held, plan.decided), score)
    if plan.answers is not None:
        results = with_score(results, evaluate_answers(plan, results.audit, on_event))
    report(folder, plan, results, model, on_event)
    return Run(folder.path, results.audit, model, results.evaluation, results=results)


def test_one(
    plan: Plan,
    folder: RunFolder,
    results: Results,
    on_event: OnEvent,
    max_risk: float | None = None,
    *,
    test: bool = True,
) -> Run:
    """Judge the model that lies in a run folder (unless `test` is False), and write everything again."""
    from assay.training.classifier import Model

    model = Model.read(folder.path / "model")
    need_same_data(model, plan)
    held = hold_out_rows(plan)
    if max_risk is not None:
        model = with_rule(model, *validation_rows(plan.train, held, plan.dataset), max_risk)
        _announce(folder, model, on_event)
    score = evaluate_model(model, plan.dataset, results.audit, plan.decided, on_event) if test else None
    results = with_score(with_model(results, model, held, plan.decided), score)
    report(folder, plan, results, model, on_event)
    return Run(folder.path, results.audit, model, score, results=results)


def _announce(folder: RunFolder, model: Model, on_event: OnEvent) -> None:
    """Prepare a finished run for a model that answers by another rule: an export of the one before goes."""
    found = {f"model/{name}": sha256(content).hexdigest() for name, content in saved_files(model).items()}
    listed = read_manifest(folder.path)["files"]
    changed = {name: sha for name, sha in found.items() if listed.get(name) != sha}
    if not changed:
        return
    exported = [name for name in listed if name.startswith("export/")]
    folder.announce({**changed, **dict.fromkeys(exported, GONE)})
    for name in exported:
        durable.remove(folder.path / name)
    if exported:
        warn(on_event, "evaluate", "the export is removed: the model answers by another rule now")


def examined(
    plan: Plan, on_event: OnEvent, measured: Merged | None = None, helpers: Helpers | None = None
) -> Results:
    """The data measured and audited. measured: what other processes have measured of them already. helpers:
    processes that share what takes long."""
    with stage(on_event, "audit") as figures:
        measurements = measured.measurements if measured else measure_all(plan.dataset, on_event)
        settings = plan.settings
        if settings.backbone is not None and settings.features:
            warn(on_event, "audit", _OWN_FEATURES)
        elif settings.backbone is not None and not worth_asking(plan.dataset.shape):
            warn(on_event, "audit", _NOT_ASKED)
        found = run_checks(
            plan.dataset,
            measurements,
            settings.checks,
            on_event,
            features=Path(settings.features) if settings.features else None,
            backbone=settings.backbone,
            thorough=settings.thorough,
            pred_probs=plan.pred_probs,
            self_test_seed=settings.data_seed if settings.self_test else None,
            tables=measured.tables if measured else None,
            helpers=helpers,
            pretrained=measured.pretrained if measured else None,
        )
        figures.update(areas=found.area_verdicts(), decisions=dict(found.decisions))
    found = replace(found, data=plan.dataset)
    return Results(plan.dataset, measurements, found, partition=plan.dataset.partition_table())


def evaluate_unfinished_model(plan: Plan, on_event: OnEvent) -> tuple[Model, Evaluation]:
    """The current model of the plan's run, and its score. Nothing is written."""
    model = unfinished_model(plan, on_event)
    return model, evaluate_model(model, plan.dataset, None, plan.decided, on_event)


def evaluate_model(
    model: Model, dataset: Dataset, audit: Audit | None, decided: Decided | None, on_event: OnEvent
) -> Evaluation:
    """The model judged on the test split. audit, decided: what is known of its images."""
    with stage(on_event, "evaluate") as figures:
        score = judge(model, dataset, audit, decided)
        figures.update(_told(score))
    return score


def evaluate_answers(plan: Plan, audit: Audit, on_event: OnEvent) -> Evaluation:
    """The answers that were given, of a model trained elsewhere, judged on the test split."""
    assert plan.answers is not None
    with stage(on_event, "evaluate") as figures:
        name = plan.settings.model or FOREIGN
        if are_answers(plan.answers.by_split["test"]):
            warn(on_event, "evaluate", ANSWERS_ALONE)
        score = judge_answers(name, plan.answers.by_split["test"], plan.dataset, audit, plan.decided)
        figures.update(_told(score))
    return score


def _told(score: Evaluation) -> dict[str, Any]:
    """The figures of a score that an event has."""
    groups = {} if score.group_count is None else {"groups": score.group_count}
    interval = list(score.accuracy_ci95)
    return {"n": len(score.labels), **groups, "accuracy": score.accuracy, "accuracy_ci95": interval}


def report(folder: RunFolder, plan: Plan, results: Results, model: Model | None, on_event: OnEvent) -> None:
    """Every file of the run folder written, the manifest last."""
    from assay.workflow.run_files import write_results  # draws: matplotlib takes most of a second to load

    with stage(on_event, "report"):
        folder.facts["data"] = dict(plan.location)
        if plan.settings.decisions:
            folder.facts["decisions"] = {**plan.decided.counts, "unmatched": plan.decided.unmatched}
        write_results(folder.path, with_settings(results, plan.config(), plan.reason), model)
        folder.finish()
    on_event(Event("run-finished", "report", {"path": str(folder.path), **results.headline()}))
