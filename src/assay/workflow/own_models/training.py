"""A net that the user brought, trained with the settings of a recipe."""

from collections.abc import Mapping
from typing import Any, Final, cast

import numpy as np

from assay.core.arrays import spread_rows
from assay.core.errors import AssayError
from assay.core.text import choices
from assay.data.values import Dataset
from assay.training.model.own_net import GivenNet
from assay.training.recipes import RECIPES, NetRecipe, OwnNetRecipe, Recipe, read_recipe, with_own_net

#: Whose settings train a net of the user's own where no recipe is named: plain Adam, images as they are.
PLAIN: Final = "mlp"

#: Training images that a net is tried on before any work.
_TRIED: Final = 8


def settings_for_own(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a call of `assay.train` with a net, as those of the recipe that lends its settings.

    Raises AssayError `bad-value` or `unknown-setting` for what says something about nets of Assay's alone.
    """
    named = given.get("recipe", PLAIN)
    own = {key: value for key, value in given.items() if key != "recipe"}
    changes = {} if isinstance(named, str) else dict(named)
    name = named if isinstance(named, str) else changes.pop("name", PLAIN)
    nets = [recipe for recipe in RECIPES if isinstance(read_recipe(recipe), NetRecipe)]
    if name not in nets:
        what = f"{name!r} is no recipe that trains a net"
        raise AssayError("bad-value", "recipe", what, choices(str(name), nets) + ".")
    _refuse_others({**changes, **own}, name)
    return {**own, "model": name, "recipe": {"reference": 0.0, "members": 1, **changes}}


def _refuse_others(given: Mapping[str, Any], name: str) -> None:
    """Settings that would do nothing, or something else than they say."""
    options = {*read_recipe(name).options, "options"}
    for key, value in given.items():
        if key.removeprefix("options.") in options or key in ("initialization", "model"):
            fix = "Leave it away: your net is as you built it, and begins with its own weights."
            raise AssayError("unknown-setting", key, "it says how Assay builds a net", fix)
        if key == "members" and value not in (None, 1):
            fix = "Train it with several seeds, and average what predict_proba gives."
            raise AssayError("bad-value", key, "all members would begin with the same weights", fix)
        if key == "warm_start" and value is not None:
            fix = "Load the weights into your net, and give that."
            raise AssayError("bad-value", key, "a net of your own begins with its own weights", fix)
        if key == "seeds" and value not in (None, 1):
            raise AssayError("bad-value", key, "one model is returned", "Call assay.train for each seed.")


def with_net(recipe: Recipe | None, given: object, dataset: Dataset, seed: int) -> OwnNetRecipe:
    """The recipe for the user's net, tried on a few training images. Raises AssayError `net-refused`."""
    assert isinstance(recipe, NetRecipe)
    from assay.training.nets.own_net import own_net

    train = dataset.train
    rows = spread_rows(len(train), _TRIED)
    images = np.concatenate(list(train.blocks(rows)))
    net = cast(GivenNet, given)
    return with_own_net(recipe, own_net(net, images, len(dataset.classes), seed))
