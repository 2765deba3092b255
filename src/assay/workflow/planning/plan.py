"""What a command was asked to do, resolved before any work starts: settings, recipe, data, run folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from assay.audits.registry import known_checks
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent
from assay.data.answers.class_probabilities import ClassProbabilities
from assay.data.decisions import Decided, Decision, decide, read_decisions
from assay.data.values import Dataset, Split
from assay.features import backbones
from assay.training.classifier import Model
from assay.training.loop.warm_start import START, fitting_weights, keep_start, read_start
from assay.training.model.values import ModelData
from assay.training.place import check_workers
from assay.training.recipes import Recipe, validated
from assay.training.requirements import require_for
from assay.workflow import run_folder
from assay.workflow.engines.training_workers import (
    need_one_model,
    need_same_number,
    need_shared,
    wanted_workers,
)
from assay.workflow.model_choice.default_recipe import photo_recipe
from assay.workflow.model_choice.mirror_images import without_mirroring
from assay.workflow.model_choice.model_grid import chosen_recipes, run_name, settings_of_models
from assay.workflow.own_models.given_probabilities import ANSWERS, PRED_PROBS, Given
from assay.workflow.planning.command_settings import command_settings, refuse_untested
from assay.workflow.planning.data import (
    Data,
    data_gone,
    keep_place,
    location_of,
    named_in,
    need_test_split,
    need_two_classes,
    open_data,
    placed,
)
from assay.workflow.planning.decided import tell_decided
from assay.workflow.planning.kept_inputs import REASON, decisions_of, keep_decisions, reason_of, start_of
from assay.workflow.recorded import run_record
from assay.workflow.settings import Settings


@dataclass(frozen=True, eq=False)
class Plan:
    """recipe: None for an audit, and for several models. reason: why it was taken, or changed, by the data.

    location: where the data came from, for the manifest alone.
    decisions: those of the settings' table, and `decided`: what follows from them for these data.
    start: the model that training begins from, where the settings name one.
    pred_probs: the user's own probabilities, by which labels are judged. answers: those of a model that was
        trained elsewhere, to be evaluated.
    parts: with several recipes or seeds, the plan of each model, in the order of training.
    """

    command: str
    settings: Settings
    recipe: Recipe | None
    dataset: Dataset
    folder: Path
    location: Mapping[str, Any]
    decisions: tuple[Decision, ...] = ()
    start: ModelData | None = None
    pred_probs: ClassProbabilities | None = None
    answers: ClassProbabilities | None = None
    reason: str = ""
    parts: tuple["Plan", ...] = ()

    @cached_property
    def decided(self) -> Decided:
        """The decisions as they meet the data."""
        return decide(self.dataset, self.decisions)

    @property
    def train(self) -> Split:
        """The training split with the labels that were decided."""
        return self.decided.labelled("train", self.dataset.train)

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """Of every split; of train as it is trained on, with the decisions."""
        own = self.dataset.fingerprints
        if not self.decisions:
            return own
        train = self.decided.fingerprint("train", self.dataset.train, self.dataset.classes)
        return {**own, "train": train}

    def config(self) -> dict[str, Any]:
        """The content of `config.toml`."""
        recipe = {} if self.recipe is None else {"recipe": self.recipe.as_record()}
        recipes = {part.recipe.name: part.recipe.as_record() for part in self.parts if part.recipe}
        several = {"recipes": recipes} if recipes else {}
        return {"command": self.command, **self.settings.as_config(), **recipe, **several}


def make_plan(
    command: str,
    data: Data,
    out: str | Path | None,
    given: Mapping[str, Any],
    offline: bool,
    on_event: OnEvent,
) -> Plan:
    """Resolve a command's arguments. Whatever can be refused is refused here, the data's content last.

    given: fields of `Settings`; all other names belong to the recipe. Raises AssayError.
    """
    name = data.name if isinstance(data, Dataset) else str(data)
    settings, (pred_probs, answers) = command_settings(command, name, given)
    known_checks(settings.checks)
    refuse_untested(settings)
    if settings.backbone is not None:
        backbones.require(settings.backbone)
    recipes = () if command in ("audit", "evaluate") else chosen_recipes(settings, name)
    if recipes:
        settings = settings.model_copy(update={"workers": wanted_workers(settings.workers)})
        need_shared(data, settings.workers)
    for recipe in recipes:
        check_workers(recipe, settings.workers or 1)
        require_for(recipe.model, recipe.options)
    if out is not None:
        run_folder.refuse_foreign(Path(out))
    dataset = open_data(data, settings.reading(), offline, on_event)
    if command in ("run", "evaluate"):
        need_test_split(dataset)
    reason = ""
    if recipes:
        need_two_classes(dataset)
        unmirrored, why = without_mirroring(dataset, settings, recipes, on_event)
        recipes, chosen = photo_recipe(dataset, settings, unmirrored, on_event)
        reason = "; ".join(filter(None, (chosen, why if recipes == unmirrored else "")))
        for recipe in recipes:  # another may have been chosen
            check_workers(recipe, settings.workers or 1)
    label = run_name(settings, recipes) if recipes else command
    folder = Path(out) if out is not None else run_folder.default_folder(dataset.name, label)
    plan = plan_of_data(command, settings, dataset, folder, (pred_probs, answers), on_event)
    if plan.start is not None:
        for recipe in recipes:
            fitting_weights(plan.start, recipe, dataset.shape, dataset.classes)
    return _with_recipes(replace(plan, reason=reason), recipes)


def plan_run(
    command: str,
    data: Data,
    out: str | Path | None,
    given: Mapping[str, Any],
    offline: bool,
    on_event: OnEvent,
) -> Plan:
    """As `make_plan`, of a command that writes a run folder: whether it can is seen before any work."""
    run_folder.need_writable(out)
    return make_plan(command, data, out, given, offline, on_event)


def plan_of_data(
    command: str,
    settings: Settings,
    dataset: Dataset,
    folder: Path,
    given: tuple[Given, Given],
    on_event: OnEvent,
) -> Plan:
    """The plan for a data set at hand, without a recipe yet. given: the user's probabilities and answers."""
    own = (given[0].read(dataset), given[1].read(dataset))
    decisions = read_decisions(Path(settings.decisions)) if settings.decisions else ()
    start = read_start(Path(settings.warm_start)) if settings.warm_start else None
    location = location_of(settings.data, dataset)
    plan = Plan(command, settings, None, dataset, folder, location, decisions, start, *own)
    if settings.decisions is not None:
        tell_decided(plan.decided, decisions, settings.decisions, dataset, on_event)
    return plan


def _with_recipes(plan: Plan, recipes: Sequence[Recipe]) -> Plan:
    """The plan for these recipes: of one model the plan itself, of several with a part for each."""
    models = settings_of_models(plan.settings, recipes)
    parts = [
        replace(plan, settings=settings, recipe=recipe, folder=plan.folder / run_record.MODELS / name)
        for name, settings, recipe in models
    ]
    if len(parts) == 1:
        return replace(parts[0], folder=plan.folder)
    if parts:
        need_one_model()
    settings: dict[str, Any] = {
        "model": ",".join(recipe.name for recipe in recipes),
        "recipe": {},
        "recipes": None,
    }
    own = plan.settings.model_copy(update=settings) if parts else plan.settings
    return replace(plan, settings=own, parts=tuple(parts))


def plan_of_run(folder: Path, data: Data | None, offline: bool, on_event: OnEvent) -> Plan:
    """The plan that a run folder was made by, to go on with it. data: where they lie now, if they moved."""
    config = run_record.read_config(folder)
    command = config.pop("command", "run")
    own, several = config.pop("recipe", {}), config.pop("recipes", {})
    config.pop("schema", None)
    settings = Settings.checked(config)
    recipes = tuple(validated(table) for table in ([own] if own else several.values()))
    need_shared(data, settings.workers)
    need_same_number(settings.workers, folder)
    source, reading = (data, _reading(settings)) if data is not None else reading_of_run(folder)
    try:
        dataset = open_data(source, reading, offline, on_event)
    except AssayError as error:
        gone = data is None and error.code == "unknown-data"
        raise data_gone(error, folder) if gone else error from error
    name = settings.data if data is None else data.name if isinstance(data, Dataset) else str(data)
    decisions, start = decisions_of(folder, settings), start_of(folder, settings)
    own_probabilities = (
        Given.of_run(folder, settings.pred_probs, PRED_PROBS).read(dataset),
        Given.of_run(folder, settings.answers, ANSWERS).read(dataset),
    )
    plan = Plan(
        command,
        settings,
        None,
        dataset,
        folder,
        location_of(name, dataset, named_in(folder) if data is None else ""),
        decisions,
        start,
        *own_probabilities,
        reason=reason_of(folder),
    )
    return _with_recipes(plan, recipes)


def reading_of_run(folder: Path) -> tuple[str, dict[str, Any]]:
    """Where the data of a run folder lay, and how they were read: the first arguments of `open_data`."""
    config = run_record.read_config(folder)
    settings = Settings.checked({k: v for k, v in config.items() if k in Settings.model_fields})
    return placed(settings.data, _reading(settings), named_in(folder))


def _reading(settings: Settings) -> dict[str, Any]:
    """How the data of a run were read."""
    return {**settings.reading(), "recorded": True}


def keep_inputs(plan: Plan, folder: Path) -> None:
    """Copy what the run is given beside its data into the run folder: decisions, and a model to begin from;
    why its recipe was taken, and in which folder the data were named.

    Raises AssayError `config-changed` when the run there was begun with others.
    """
    if plan.settings.decisions is not None:
        keep_decisions(plan.decisions, folder)
    if plan.start is not None:
        keep_start(plan.start, folder / START)
    keep_place(plan.location, folder)
    if plan.reason:
        durable.write_text(folder / REASON, plan.reason)
    for kind, probabilities in ((PRED_PROBS, plan.pred_probs), (ANSWERS, plan.answers)):
        if probabilities is not None:
            kind.keep(probabilities, plan.dataset.classes, folder)


def need_same_data(model: Model, plan: Plan) -> None:
    """Raise AssayError `data-changed` when the splits are not those that the model was made with."""
    for name, expected in model.fingerprints.items():
        found = plan.fingerprints.get(name)
        if found != expected:
            raise AssayError(
                "data-changed",
                plan.dataset.name,
                f"the {name} split has fingerprint {(found or 'none')[:12]}, the run's had {expected[:12]}",
                "Give the data that the run was made with, or start a new run on these. To score its model "
                "on these: assay evaluate RUN DATA --other-data.",
            )
