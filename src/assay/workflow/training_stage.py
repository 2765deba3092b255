"""The training stage of a run: hold out, fit, calibrate; and its parts for helpers and unfinished runs."""

import time
from dataclasses import replace
from pathlib import Path

from assay.core.events import OnEvent, ignore, stage, warn
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.any_model import resolved, summarize
from assay.training.model.values import ModelSummary
from assay.training.place import Place
from assay.training.recipes import NetRecipe, Recipe
from assay.workflow.engines.training_workers import working_together
from assay.workflow.evidence import calibrate
from assay.workflow.planning.plan import Plan
from assay.workflow.run_folder import RunFolder
from assay.workflow.training_warnings import training_warnings


def hold_out_rows(plan: Plan) -> HoldOut:
    """What to train on and what to hold out: nothing where the data have a validation split of their own."""
    fraction = 0.0 if "validation" in plan.dataset.splits else plan.settings.validation
    held = hold_out(plan.dataset.train, fraction, plan.settings.data_seed)
    # Decisions come after: the same images are held out with them and without, so that runs can be compared.
    return HoldOut(*(plan.decided.kept("train", rows) for rows in (held.train, held.validation)))


def fit_model(
    plan: Plan, folder: RunFolder | None, on_event: OnEvent, accept_changes: bool = False
) -> tuple[HoldOut, Model]:
    """What was held out, and the model trained on the rest, with its limits. folder: None keeps nothing."""
    held, settings, dataset = hold_out_rows(plan), plan.settings, plan.dataset
    recipe, layers = layers_of(plan, held)
    resumed = bool(folder and any(checkpoints_in(folder.path).glob("*.json")))
    # Of several seeds, the first tells what the net is.
    summary = layers.text() if settings.split_seed is None else ""
    used = {"images": len(held.train), "held_out": len(held.validation), "workers": settings.workers or 1}
    with stage(on_event, "train", recipe=recipe.name, summary=summary, resumed=resumed, **used) as figures:
        if isinstance(recipe, NetRecipe):
            for text in training_warnings(plan.train, held.train, dataset.classes, recipe):
                warn(on_event, "train", text)
        started = time.monotonic()
        model = _fit_plan(
            plan, held, recipe, folder.path if folder else None, on_event, accept_changes=accept_changes
        )
        if folder:
            folder.facts["training"] = {
                "seconds": round(time.monotonic() - started, 3),
                "resumed": resumed,
                "workers": settings.workers or 1,
            }
        model = calibrate(model, plan.train, held, dataset, settings.max_risk)
        figures.update(model.scores)
    return held, model


def help_train(plan: Plan, accept_changes: bool = False) -> None:
    """Train the plan's model together with the process that keeps it. Writes and tells nothing."""
    held = hold_out_rows(plan)
    recipe, _ = layers_of(plan, held)
    _fit_plan(plan, held, recipe, None, ignore, accept_changes=accept_changes, wanted=False)


def unfinished_model(plan: Plan, on_event: OnEvent) -> Model:
    """The current model of the plan's run, calibrated. Nothing is written."""
    held = hold_out_rows(plan)
    recipe, _ = layers_of(plan, held)
    model = _fit_plan(plan, held, recipe, plan.folder, on_event, finish=False)
    return calibrate(model, plan.train, held, plan.dataset, plan.settings.max_risk)


def _fit_plan(
    plan: Plan,
    held: HoldOut,
    recipe: Recipe,
    folder: Path | None,
    on_event: OnEvent,
    *,
    accept_changes: bool = False,
    finish: bool = True,
    wanted: bool = True,
) -> Model:
    """The plan's model, not judged yet. folder: of the run, where its checkpoints lie. wanted: somebody takes
    the model, which of a mere helper nobody does."""
    settings = plan.settings
    request = FitRequest(
        split=plan.train,
        rows=held,
        classes=plan.dataset.classes,
        recipe=recipe,
        seed=settings.seed,
        device=settings.device,
        threads=settings.threads,
        validation=plan.dataset.splits.get("validation"),
        fingerprints=plan.fingerprints,
        start=plan.start,
        checkpoints=checkpoints_in(folder) if folder else None,
        checkpoint_minutes=settings.checkpoint_every,
        accept_changes=accept_changes,
        finish=finish,
        on_event=on_event,
        place=Place(count=settings.workers or 1),
    )
    if not finish:
        return fit(request)
    with working_together(settings.workers, folder, plan.location["argument"], on_event) as place:
        return fit(replace(request, place=replace(place, wanted=wanted)))


def checkpoints_in(folder: Path) -> Path:
    """Where a run keeps its checkpoints."""
    return folder / "checkpoints"


def layers_of(plan: Plan, held: HoldOut) -> tuple[Recipe, ModelSummary]:
    """The plan's recipe for its training images, and what it makes of the data's."""
    assert plan.recipe is not None
    watched = bool(len(held.validation)) or "validation" in plan.dataset.splits
    recipe = resolved(plan.recipe, len(held.train), watched=watched)
    return recipe, summarize(recipe, plan.dataset.shape, len(plan.dataset.classes))
