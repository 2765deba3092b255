"""A net of the user's own beside its model file: no file holds its code, so it is given anew when it is read.

The file keeps what the net answered to a few pictures when it was saved. The net given must answer the same.
"""

from pathlib import Path
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from assay.core.errors import AssayError
from assay.training.model.own_net import GivenNet, OwnNet
from assay.training.model.values import ModelData
from assay.training.recipes import OWN, NetRecipe, Recipe
from assay.training.requirements import require_torch

#: Classes whose logits are kept, to know the net again.
_PROBED: Final = 20

#: Logits of three pictures, `(3, min(classes, 20))`.
Probe = Annotated[tuple[tuple[float, ...], ...], Field(max_length=3)]


def net_for_file(
    given: GivenNet | None, recipe: NetRecipe | Recipe, shape: tuple[int, int, int], classes: int, path: Path
) -> OwnNet | None:
    """The user's net for a recipe that says so; its weights are then read from the file. None for others.

    shape: of an image, `(h, w, c)`; path: of the record, for the message. Raises AssayError `net-needed`
    where no net is given, `bad-value` where one is given for a model that needs none.
    """
    if recipe.model != OWN:
        if given is not None:
            fix = "Leave the net away: this one is described by its recipe."
            raise AssayError("bad-value", "model", f"the model of {path.parent} is {recipe.name}", fix)
        return None
    if given is None:
        what = f"it holds the weights of a net of your own ({recipe.name[4:]}), and no file its code"
        fix = "Give the net too, in Python: assay.load_model(FOLDER, model=net)."
        raise AssayError("net-needed", path, what, fix)
    require_torch()
    from assay.training.nets.own_net import own_net

    gray = np.random.default_rng(0).integers(0, 256, (4, *shape), np.uint8)
    return own_net(given, gray, classes, seed=0)


def probe(model: ModelData) -> list[list[float]]:
    """What the net answers to three pictures that are always the same: logits of its first classes."""
    from assay.training.inference.net import logits_of

    pictures = np.random.default_rng(0).integers(0, 256, (3, *model.preprocessing.shape), np.uint8)
    found: list[list[float]] = logits_of(model, [pictures])[:, :_PROBED].tolist()
    return found


def check_probe(model: ModelData, saved: Probe | None, path: Path) -> None:
    """A net with the same weights may still compute something else: a code changed since it was saved.

    Raises AssayError `model-refused`.
    """
    if model.own_net is None:
        return
    then, now = np.array(saved or [[]]), np.array(probe(model))
    if then.shape != now.shape or np.abs(then - now).max() > 1e-3 * max(1.0, np.abs(then).max()):
        what = "the net given answers otherwise than the one that was saved, with the same weights"
        fix = "Give the net as it was when it was trained."
        raise AssayError("model-refused", path, what, fix)
