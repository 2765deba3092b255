"""Several recipes or seeds in one run: which models there are to train, and the settings of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import choices
from assay.features.backbones import DEFAULT, named
from assay.training.recipes import RECIPES, Recipe, read_recipe, settings_of
from assay.workflow.recorded.run_record import model_name
from assay.workflow.settings import Settings

#: Data whose default recipe is the simplest net; for all other data it is one that sees shapes.
_SIMPLE_DATA: Final = ("fashion-mnist", "fashion-mnist-sample")


def default_recipe(data: str) -> str:
    """The recipe for data of this name or path where none is named."""
    return "mlp" if data in _SIMPLE_DATA or "cnn" not in RECIPES else "cnn"


def chosen_recipes(settings: Settings, data: str) -> tuple[Recipe, ...]:
    """The recipes that the settings name, or the default for `data`, in order, with what the settings change.

    With several, a setting goes to those recipes that have it. Raises AssayError `bad-value` for a name that
    is given twice or a seed that is too large, `unknown-recipe`, and `unknown-setting` for a setting that
    none of them has.
    """
    names = _names(default_recipe(data) if settings.model is None else settings.model)
    if settings.seed + (settings.seeds or 1) > 2**32:
        raise AssayError("bad-value", "--seeds", "the last seed would be above 2^32 - 1", "Give fewer.")
    for name in settings.recipes or ():  # also of those that are not trained now: a slip would be lost
        read_recipe(name, _own(settings, name))
    shares = {names[0]: settings.recipe} if len(names) == 1 else _shared_out(settings.recipe, names)
    recipes = (read_recipe(name, _own(settings, name) | shares[name]) for name in names)
    return tuple(with_backbone(recipe, settings) for recipe in recipes)


def with_backbone(recipe: Recipe, settings: Settings) -> Recipe:
    """The recipe with the backbone that the settings name, where it has one.

    Raises AssayError `bad-value` for one that trains a net which is there for the default backbone alone.
    """
    if settings.backbone is None:
        return recipe
    name = named(settings.backbone)
    if recipe.model == "finetuned" and name != DEFAULT:
        fix = f"Train finetuned with {DEFAULT}, or take --model pretrained with {name}."
        raise AssayError("bad-value", "--backbone", f"finetuned is made for {DEFAULT} alone", fix)
    if "backbone" not in recipe.options:
        return recipe
    return recipe.model_copy(update={"options": {**recipe.options, "backbone": name}})


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not names:
        what = f"{twice} is named twice" if twice else "it names no recipe"
        raise AssayError("bad-value", "--model", what, "Name each recipe once, as linear,mlp.")
    return names


def _own(settings: Settings, name: str) -> dict[str, Any]:
    return dict((settings.recipes or {}).get(name, {}))


def _shared_out(changes: Mapping[str, Any], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """For each recipe those changes that it knows."""
    known = {name: settings_of(name) for name in names}
    for key, value in changes.items():
        if value is not None and not any(_option(key) in known[name] for name in names):
            everything = tuple(dict.fromkeys(setting for name in names for setting in known[name]))
            what = f"none of the recipes {', '.join(names)} has such a setting"
            raise AssayError("unknown-setting", key, what, choices(key, everything) + ".")
    return {name: {k: v for k, v in changes.items() if _option(k) in known[name]} for name in names}


def _option(key: str) -> str:
    return key.removeprefix("options.")


def run_name(settings: Settings, recipes: Sequence[Recipe]) -> str:
    """What a run folder is called after: its recipes, and how many seeds."""
    names = "-".join(recipe.name for recipe in recipes)
    return names if (settings.seeds or 1) == 1 else f"{names}-{settings.seeds}-seeds"


def settings_of_models(settings: Settings, recipes: Sequence[Recipe]) -> list[tuple[str, Settings, Recipe]]:
    """Name, settings and recipe of each model to train: every recipe with every seed.

    A model's settings are those of a run of its own that gives the same bits. All are trained on the same
    splits, so beyond the first seed they say by which seed those were drawn.
    """
    seeds = range(settings.seed, settings.seed + (settings.seeds or 1))
    return [
        (model_name(recipe.name, seed), _settings_of_model(settings, recipe, seed), recipe)
        for recipe in recipes
        for seed in seeds
    ]


def _settings_of_model(settings: Settings, recipe: Recipe, seed: int) -> Settings:
    split_seed = None if seed == settings.data_seed else settings.data_seed
    own: dict[str, Any] = {"model": recipe.name, "recipe": {}, "recipes": None, "seeds": None}
    return settings.model_copy(update={**own, "seed": seed, "split_seed": split_seed})
