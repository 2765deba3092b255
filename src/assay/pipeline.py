"""The whole story: load -> measure -> audit -> hold out -> train -> evaluate -> report.

Each room does its part and knows nothing of the others; this file passes their values on. `run`,
`audit`, `train`, `evaluate` and `predict` are the public functions; `run_audit`, `run_train` and
`run_evaluate` are what the command line calls to have the results in a run folder.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.audits.audit import measure_all
from assay.audits.examine import examine
from assay.audits.measure import Measurements
from assay.audits.values import Audit
from assay.comparing import write_models
from assay.core import run_folder
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore, stage
from assay.core.run_folder import RunFolder
from assay.data.decisions import Decided, decide, read_decisions
from assay.data.hold_out import HoldOut, hold_out
from assay.data.values import Dataset
from assay.deployment.predict import Prediction, predict_files
from assay.evaluation.compare import Comparison
from assay.evaluation.values import Evaluation
from assay.judging import judge, settle, validation_rows, with_rule
from assay.learning.fitting import fit, resolved, summarize
from assay.learning.recipes import Recipe
from assay.learning.requirements import require_for
from assay.learning.values import Model, ModelSummary
from assay.planning import (
    Data,
    Plan,
    keep_decisions,
    make_plan,
    need_same_data,
    need_test_split,
    open_data,
    plan_of_run,
)
from assay.reports.run_files import Results, write_results


@dataclass(frozen=True, eq=False)
class Run:
    """What a run gave: its folder and, as far as it went, the audit, the model and the score.

    runs, comparison: of several recipes or seeds, the run of each model (then `model` and `score` are None),
    and all of them side by side.
    """

    path: Path
    audit: Audit
    model: Model | None = None
    score: Evaluation | None = None
    runs: tuple["Run", ...] = ()
    comparison: Comparison | None = None


def run(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Run:
    """Audit, train and evaluate; everything is written to a run folder.

    data: a name, a path, or a data set already loaded. out: the run folder; None makes one in `runs/`.
    settings: the fields of `assay.core.config.Settings` (model, seed, validation, device, threads,
    classes, checks); any other name is one of the recipe's (epochs, batch_size, learning_rate, ...).
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
        results = _examined(plan, folder, on_event)
        if plan.parts:
            return _train_several(plan, folder, results, on_event, accept_changes)
        return _train_one(plan, folder, results, on_event, accept_changes)


def _examined(plan: Plan, folder: RunFolder, on_event: OnEvent) -> Results:
    keep_decisions(plan, folder.path)
    measurements, found = _examine(plan, on_event)
    return Results(plan.dataset, measurements, found, plan.decided if plan.decisions else None)


def _train_one(
    plan: Plan, folder: RunFolder, results: Results, on_event: OnEvent, accept_changes: bool
) -> Run:
    """Train and judge the plan's model, if it has one, and write everything."""
    if plan.recipe is not None:
        held, model = _fit(plan, folder, on_event, accept_changes)
        score = (
            _judge(model, plan.dataset, results.audit, plan.decided, on_event)
            if plan.command == "run"
            else None
        )
        results = replace(results, held=held, model=model, evaluation=score)
    _report(folder, plan, results, on_event)
    return Run(folder.path, results.audit, results.model, results.evaluation)


def _train_several(
    plan: Plan, folder: RunFolder, results: Results, on_event: OnEvent, accept_changes: bool
) -> Run:
    """Every model in a run folder of its own, on the same splits and audit; then all side by side."""
    for part in plan.parts:  # whatever does not fit these images is refused before the first is trained
        _layers(part, len(plan.dataset.train))
    runs = tuple(_train_part(part, results, on_event, accept_changes) for part in plan.parts)
    return _side_by_side(plan, folder, results, runs, on_event)


def _side_by_side(
    plan: Plan, folder: RunFolder, results: Results, runs: tuple[Run, ...], on_event: OnEvent
) -> Run:
    with stage(on_event, "report"):
        folder.facts["data"] = dict(plan.location)
        results.audit.save(folder.path)
        comparison = write_models(folder, plan.dataset, results.audit)
        folder.finish()
    scores = {candidate.name: candidate.accuracy for candidate in comparison.candidates}
    figures = {"areas": results.audit.area_verdicts(), "accuracies": scores}
    on_event(Event("run-finished", "report", {"path": str(folder.path), **figures}))
    return Run(folder.path, results.audit, runs=runs, comparison=comparison)


def _train_part(part: Plan, results: Results, on_event: OnEvent, accept_changes: bool) -> Run:
    """One model of several; one that is finished already is only read and judged."""
    tell = _naming(part, on_event)
    if run_folder.is_finished(part.folder):
        return _finished_part(part, results.audit, tell)
    with run_folder.claim(part.folder, part.config()) as folder:
        keep_decisions(part, folder.path)
        return _train_one(part, folder, results, tell, accept_changes)


def _naming(part: Plan, on_event: OnEvent) -> OnEvent:
    """A listener for one model of several: its events say whose they are."""

    def tell(event: Event) -> None:
        if event.event != "run-finished":  # the run goes on: only this model is finished
            on_event(replace(event, figures={"run": part.folder.name, **event.figures}))

    return tell


def _finished_part(part: Plan, audit: Audit, on_event: OnEvent) -> Run:
    from assay.learning.model_file import read_model

    run_folder.need_intact(part.folder)
    model = read_model(part.folder / "model")
    need_same_data(model, part)
    score = _judge(model, part.dataset, audit, part.decided, on_event) if part.command == "run" else None
    return Run(part.folder, audit, model, score)


def audit(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **settings: Any,
) -> Audit:
    """Look for what is wrong with the data, before any training. Needs no torch.

    out: a folder for the report; None writes nothing. Other arguments as in `run`.
    """
    if out is not None:
        return run_audit(data, out=out, offline=offline, on_event=on_event, **settings).audit
    return _examine(make_plan("audit", data, None, settings, offline, on_event), on_event)[1]


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
    **settings: Any,
) -> Model:
    """Train a classifier on the training split; the test split is not looked at. Writes nothing.

    model: the name of a recipe. Other arguments as in `run`; `Model.save` keeps the result.
    """
    plan = make_plan("train", data, None, {"model": model, **settings}, offline, on_event)
    if plan.parts:
        fix = "Train them one by one, or several in a run folder: assay.run(model='linear,mlp')."
        raise AssayError("bad-value", "model", f"one model is returned, {len(plan.parts)} were named", fix)
    return _fit(plan, None, on_event)[1]


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
    model: Model,
    data: Data = "fashion-mnist",
    *,
    audit: Audit | None = None,
    decisions: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Evaluation:
    """Judge a model on the test split of `data`. Writes nothing.

    audit: of the same data; without it, the score without copies and without suspects is not made.
    decisions: a table of what a person decided; about test images, it gives one more score.
    """
    require_for(model.recipe["model"])
    dataset = open_data(data, {"classes": model.classes}, offline, on_event)
    need_test_split(dataset)
    decided = decide(dataset, read_decisions(Path(decisions))) if decisions is not None else None
    return _judge(model, dataset, audit, decided, on_event)


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
        measurements, found = _examine(plan, on_event)
        results = Results(plan.dataset, measurements, found, plan.decided if plan.decisions else None)
        if not plan.parts:
            return _test_one(plan, opened, results, on_event, max_risk)
        runs = tuple(_test_part(part, results, on_event, max_risk) for part in plan.parts)
        return _side_by_side(plan, opened, results, runs, on_event)


def _test_part(part: Plan, results: Results, on_event: OnEvent, max_risk: float | None) -> Run:
    with run_folder.reopen(part.folder) as opened:
        return _test_one(part, opened, results, _naming(part, on_event), max_risk)


def _test_one(
    plan: Plan,
    folder: RunFolder,
    results: Results,
    on_event: OnEvent,
    max_risk: float | None = None,
    *,
    test: bool = True,
) -> Run:
    """Judge the model that lies in a run folder (unless `test` is False), and write everything again."""
    from assay.learning.model_file import read_model

    model = read_model(folder.path / "model")
    need_same_data(model, plan)
    held = _hold_out(plan)
    if max_risk is not None:
        model = with_rule(model, *validation_rows(plan.train, held, plan.dataset), max_risk)
    score = _judge(model, plan.dataset, results.audit, plan.decided, on_event) if test else None
    results = replace(results, held=held, model=model, evaluation=score)
    _report(folder, plan, results, on_event)
    return Run(folder.path, results.audit, model, score)


def report_again(
    folder: str | Path, data: Data | None = None, *, offline: bool = False, on_event: OnEvent = ignore
) -> Run:
    """Write the report of a finished run again, from its own model and data.

    data: only needed where they have moved. A report that was changed or deleted is no obstacle; any other
    file is. Raises AssayError `run-damaged`, `data-changed`, `not-a-run-folder`.
    """
    with run_folder.reopen(Path(folder), ("report.", "figures/")) as opened:
        plan = plan_of_run(opened.path, data, offline, on_event)
        measurements, found = _examine(plan, on_event)
        results = Results(plan.dataset, measurements, found, plan.decided if plan.decisions else None)
        if plan.parts:
            return _side_by_side(plan, opened, results, (), on_event)
        if plan.recipe is not None:
            tested = (opened.path / "evaluation.json").exists()
            return _test_one(plan, opened, results, on_event, test=tested)
        _report(opened, plan, results, on_event)
    return Run(opened.path, found)


def predict(model: Model | str | Path, files: Iterable[str | Path | bytes]) -> list[Prediction]:
    """Classify pictures, read exactly as in training. model: a model, or the path of a run folder."""
    from assay.learning.model_file import read_model

    chosen = model if isinstance(model, Model) else read_model(Path(model) / "model")
    return predict_files(chosen, files)


def _examine(plan: Plan, on_event: OnEvent) -> tuple[dict[str, Measurements], Audit]:
    with stage(on_event, "audit") as figures:
        measurements = measure_all(plan.dataset, on_event)
        settings = plan.settings
        found = examine(
            plan.dataset,
            measurements,
            settings.checks,
            on_event,
            features=Path(settings.features) if settings.features else None,
            thorough=settings.thorough,
            self_test_seed=settings.data_seed if settings.self_test else None,
        )
        figures.update(areas=found.area_verdicts(), decisions=dict(found.decisions))
    return measurements, found


def _hold_out(plan: Plan) -> HoldOut:
    """What to train on and what to hold out: nothing where the data have a validation split of their own."""
    fraction = 0.0 if "validation" in plan.dataset.splits else plan.settings.validation
    held = hold_out(plan.dataset.train, fraction, plan.settings.data_seed)
    # Decisions come after: the same images are held out with them and without, so that runs can be compared.
    return HoldOut(*(plan.decided.kept("train", rows) for rows in (held.train, held.validation)))


def _fit(
    plan: Plan, folder: RunFolder | None, on_event: OnEvent, accept_changes: bool = False
) -> tuple[HoldOut, Model]:
    held, settings, dataset = _hold_out(plan), plan.settings, plan.dataset
    recipe, layers = _layers(plan, len(held.train))
    checkpoints = folder.path / "checkpoints" if folder else None
    resumed = bool(checkpoints and any(checkpoints.glob("*.json")))
    # Of several seeds, the first tells what the net is.
    summary = layers.text() if settings.split_seed is None else ""
    with stage(on_event, "train", recipe=recipe.name, summary=summary, resumed=resumed) as figures:
        started = time.monotonic()
        model = fit(
            plan.train,
            held,
            dataset.classes,
            recipe,
            seed=settings.seed,
            device=settings.device,
            threads=settings.threads,
            validation=dataset.splits.get("validation"),
            fingerprints=plan.fingerprints,
            checkpoints=checkpoints,
            checkpoint_minutes=settings.checkpoint_every,
            accept_changes=accept_changes,
            on_event=on_event,
        )
        if folder:
            folder.facts["training"] = {"seconds": round(time.monotonic() - started, 3), "resumed": resumed}
        model = settle(model, plan.train, held, dataset, settings.max_risk)
        figures.update(model.scores)
    return held, model


def _layers(plan: Plan, images: int) -> tuple[Recipe, ModelSummary]:
    """The plan's recipe for so many training images, and what it makes of the data's."""
    assert plan.recipe is not None
    recipe = resolved(plan.recipe, images)
    return recipe, summarize(recipe, plan.dataset.shape, len(plan.dataset.classes))


def _judge(
    model: Model, dataset: Dataset, audit: Audit | None, decided: Decided | None, on_event: OnEvent
) -> Evaluation:
    with stage(on_event, "evaluate") as figures:
        score = judge(model, dataset, audit, decided)
        figures.update(n=len(score.labels), accuracy=score.accuracy, accuracy_ci95=list(score.accuracy_ci95))
    return score


def _report(folder: RunFolder, plan: Plan, results: Results, on_event: OnEvent) -> None:
    with stage(on_event, "report"):
        folder.facts["data"] = dict(plan.location)
        if plan.settings.decisions:
            folder.facts["decisions"] = {**plan.decided.counts, "unmatched": plan.decided.unmatched}
        write_results(folder.path, results, plan.config())
        folder.finish()
    on_event(Event("run-finished", "report", {"path": str(folder.path), **results.headline()}))
