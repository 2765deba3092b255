"""The whole story: load -> measure -> audit -> hold out -> train -> evaluate -> report.

Each room does its part and knows nothing of the others; this file passes their values on. `run`,
`audit`, `train`, `evaluate` and `predict` are the public functions; `run_audit`, `run_train` and
`run_evaluate` are what the command line calls to have the results in a run folder.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.audits.audit import measure_all
from assay.audits.examine import examine
from assay.audits.measure import Measurements
from assay.audits.values import Audit
from assay.core import run_folder
from assay.core.events import Event, OnEvent, ignore, stage
from assay.core.run_folder import RunFolder
from assay.data.hold_out import HoldOut, hold_out
from assay.data.values import Dataset
from assay.deployment.predict import Prediction, predict_files
from assay.evaluation.evaluate import evaluate_split
from assay.evaluation.values import Evaluation
from assay.learning.fitting import fit, resolved, summarize
from assay.learning.requirements import require_for
from assay.learning.values import Model
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
    """What a run gave: its folder and, as far as it went, the audit, the model and the score."""

    path: Path
    audit: Audit
    model: Model | None = None
    score: Evaluation | None = None


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
    if plan.recipe is not None:
        require_for(plan.recipe.model)
    return _carry_out(plan, on_event, accept_changes)


def _carry_out(plan: Plan, on_event: OnEvent, accept_changes: bool = False) -> Run:
    """Do in the plan's folder what its command asks for, as far as it is not done yet."""
    model = score = None
    with run_folder.claim(plan.folder, plan.config()) as folder:
        keep_decisions(plan, folder.path)
        measurements, found = _examine(plan, on_event)
        results = Results(plan.dataset, measurements, found, plan.decided if plan.decisions else None)
        if plan.recipe is not None:
            held, model = _fit(plan, folder, on_event, accept_changes)
            score = _judge(model, plan.dataset, on_event) if plan.command == "run" else None
            results = replace(results, held=held, model=model, evaluation=score)
        _report(folder, plan, results, on_event)
    return Run(folder.path, found, model, score)


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
    audit: Audit | None = None,  # noqa: ARG001
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Evaluation:
    """Judge a model on the test split of `data`. Writes nothing.

    audit: of the same data; the checks there are so far change nothing in the scores.
    """
    require_for(model.recipe["model"])
    dataset = open_data(data, {"classes": model.classes}, offline, on_event)
    need_test_split(dataset)
    return _judge(model, dataset, on_event)


def run_evaluate(
    folder: str | Path,
    data: Data | None = None,
    *,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Run:
    """The second half of a run: judge the model of a run folder on its test split, and report.

    data: only needed where the run's own data have moved; they must have the same content.
    Raises AssayError `data-changed` when they have not.
    """
    from assay.learning.model_file import read_model

    with run_folder.reopen(Path(folder)) as opened:
        model = read_model(opened.path / "model")
        plan = plan_of_run(opened.path, data, offline, on_event)
        need_same_data(model, plan)
        need_test_split(plan.dataset)
        measurements, found = _examine(plan, on_event)
        score = _judge(model, plan.dataset, on_event)
        decided = plan.decided if plan.decisions else None
        results = Results(plan.dataset, measurements, found, decided, _hold_out(plan), model, score)
        _report(opened, plan, results, on_event)
    return Run(opened.path, found, model, score)


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
            self_test_seed=settings.seed if settings.self_test else None,
        )
        figures.update(areas=found.area_verdicts(), decisions=dict(found.decisions))
    return measurements, found


def _hold_out(plan: Plan) -> HoldOut:
    """What to train on and what to hold out: nothing where the data have a validation split of their own."""
    fraction = 0.0 if "validation" in plan.dataset.splits else plan.settings.validation
    held = hold_out(plan.dataset.train, fraction, plan.settings.seed)
    # Decisions come after: the same images are held out with them and without, so that runs can be compared.
    return HoldOut(*(plan.decided.kept("train", rows) for rows in (held.train, held.validation)))


def _fit(
    plan: Plan, folder: RunFolder | None, on_event: OnEvent, accept_changes: bool = False
) -> tuple[HoldOut, Model]:
    assert plan.recipe is not None
    held, settings, dataset = _hold_out(plan), plan.settings, plan.dataset
    recipe = resolved(plan.recipe, len(held.train))
    layers = summarize(recipe, dataset.shape, len(dataset.classes))
    checkpoints = folder.path / "checkpoints" if folder else None
    resumed = bool(checkpoints and any(checkpoints.glob("*.json")))
    with stage(on_event, "train", recipe=recipe.name, summary=layers.text(), resumed=resumed) as figures:
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
        figures.update(model.scores)
    return held, model


def _judge(model: Model, dataset: Dataset, on_event: OnEvent) -> Evaluation:
    with stage(on_event, "evaluate") as figures:
        split, fingerprint = dataset.splits["test"], dataset.fingerprints["test"]
        score = evaluate_split(model, split, dataset.classes, fingerprint, model.costs())
        figures.update(n=len(split), accuracy=score.accuracy, accuracy_ci95=list(score.accuracy_ci95))
    return score


def _report(folder: RunFolder, plan: Plan, results: Results, on_event: OnEvent) -> None:
    with stage(on_event, "report"):
        folder.facts["data"] = dict(plan.location)
        if plan.settings.decisions:
            folder.facts["decisions"] = {**plan.decided.counts, "unmatched": plan.decided.unmatched}
        write_results(folder.path, results, plan.config())
        folder.finish()
    on_event(Event("run-finished", "report", {"path": str(folder.path), **results.headline()}))
