"""The settings of one command: what it was given, over what it has unless told otherwise."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import choices
from assay.features.backbones import named
from assay.training.recipes import RECIPES, settings_of
from assay.workflow.own_models.given_probabilities import ANSWERS, PRED_PROBS, Given
from assay.workflow.settings import Settings

#: Settings that a command has unless told otherwise. An audit tells of unreadable images and goes on; whoever
#: trains wants a test split even where the data come without one.
_BY_COMMAND: Final[Mapping[str, Mapping[str, Any]]] = {
    "audit": {"skip_bad": True},
    "run": {"test_fraction": 0.2},
    "train": {"test_fraction": 0.2},
}


def refuse_untested(settings: Settings) -> None:
    """The self-test plants faults in a copy of the images; of those nobody has probabilities."""
    if settings.self_test and settings.pred_probs is not None:
        what = "it would test the reference classifier, and not the probabilities given"
        raise AssayError("bad-value", "--self-test", what, "Use --self-test without --pred-probs.")


def command_settings(
    command: str, name: str, given: Mapping[str, Any]
) -> tuple[Settings, tuple[Given, Given]]:
    """The settings, and what was given of the user's own: probabilities for the audit, answers to judge."""
    if command != "evaluate" and given.get("answers") is not None:
        fix = "Use assay.evaluate(probabilities=...)."
        raise AssayError("unknown-setting", "answers", f"{command} has no such setting", fix)
    kinds = (PRED_PROBS, ANSWERS)
    brought = tuple(Given(kind, given.get(kind.setting)) for kind in kinds)
    given = {**given, **{g.kind.setting: g.told for g in brought}}
    own = {key: value for key, value in given.items() if key in Settings.model_fields and key != "recipe"}
    strangers = {key: value for key, value in given.items() if key not in Settings.model_fields}
    if isinstance(given.get("recipe"), str):
        fix = "Name the recipe as model=; recipe= holds its settings."
        raise AssayError("bad-value", "recipe", "a name is for a net of your own", fix)
    recipe = {**given.get("recipe", {}), **strangers}
    _refuse_unknown(command, recipe if command != "audit" else strangers)
    by_command = _BY_COMMAND.get(command, {})
    if own.get("backbone") is not None:  # by its own name: `quality` may be another in a later version
        own["backbone"] = named(str(own["backbone"]))
    settings = Settings.checked({**by_command, **own, "data": name, "recipe": recipe})
    return settings, (brought[0], brought[1])


def _refuse_unknown(command: str, names: Iterable[str]) -> None:
    """Raise AssayError `unknown-setting` for a name that is no setting of the command or of any recipe.

    Which recipe has which setting is checked where the recipe is read.
    """
    recipes = () if command == "audit" else RECIPES
    of_recipes = dict.fromkeys(setting for recipe in recipes for setting in settings_of(recipe))
    for name in names:
        if name.removeprefix("options.") not in of_recipes and name not in ("name", "model", "options"):
            what = "an audit has no such setting" if command == "audit" else "there is no such setting"
            raise AssayError("unknown-setting", name, what, choices(name, _nearest_first(of_recipes)) + ".")


def _nearest_first(of_recipes: Iterable[str]) -> tuple[str, ...]:
    """Every name that can be meant: the recipes' settings, then those of a command."""
    own = (name for name in Settings.model_fields if name not in ("answers", "data", "recipe", "recipes"))
    return (*of_recipes, *own)
