"""Warm start: training that begins with the weights of another model. Loads no torch."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.training.inference.any_model import weight_shapes
from assay.training.inference.blend import of_net
from assay.training.model.values import ModelData
from assay.training.model_file import RECORD, read_model_data, save_model, weights_file
from assay.training.recipes import NetRecipe, Recipe

#: Where a run keeps its own copy of the model that it began from.
START: Final = "warm_start"


@dataclass(frozen=True, eq=False)
class WarmStart:
    """weights: float32 arrays by name, all of which fit; sha256: of the weights of the whole model."""

    weights: Mapping[str, NDArray[np.float32]]
    sha256: str


def read_start(folder: Path) -> ModelData:
    """The model in a run folder or a model folder. Raises AssayError `model-refused`."""
    inner = folder / "model"
    with environment_errors(folder):
        inside = inner.is_dir()
    return read_model_data(inner if inside else folder)


def is_kept(folder: Path) -> bool:
    """Whether a whole model lies there: its record is written last, so what was stopped is none."""
    return (folder / RECORD).exists()


def keep_start(model: ModelData, folder: Path) -> None:
    """Save the model in the run that begins from it. Raises AssayError `config-changed` where another is."""
    if not is_kept(folder):
        save_model(model, folder)
    elif weights_file(read_model_data(folder)) != weights_file(model):
        fix = "Give that run's model to continue it, or give another folder with --out."
        raise AssayError("config-changed", folder, "the unfinished run there began from another model", fix)


def begin_from(
    model: ModelData, recipe: NetRecipe, shape: Shape, classes: Sequence[str], on_event: OnEvent
) -> WarmStart:
    """The weights of `model` that the recipe's net has too.

    What the model learned from is not known here, so its user is warned. Raises as `fitting_weights`.
    """
    fitting, count = fitting_weights(model, recipe, shape, classes)
    told = f"training begins with {len(fitting)} of {count} weights of {model.recipe['name']}"
    unseen = "its score means nothing where that model has learned from images of this test split"
    warn(on_event, "train", f"{told}; {unseen}")
    return WarmStart(fitting, hashlib.sha256(weights_file(model)).hexdigest())


def fitting_weights(
    model: ModelData, recipe: Recipe, shape: Shape, classes: Sequence[str]
) -> tuple[dict[str, NDArray[np.float32]], int]:
    """The weights of `model` with the name and shape of one of the recipe's net, and how many that net has.

    A layer is taken whole or not at all; the last one is left out where the classes are others.
    Raises AssayError `bad-value` for a recipe that is no net, and `recipe-does-not-fit` where nothing fits.
    """
    if not isinstance(recipe, NetRecipe):
        what, fix = f"{recipe.name} is fitted at once, from nothing", "Leave it out, or choose a net."
        raise AssayError("bad-value", "--warm-start", what, fix)
    wanted = of_net(weight_shapes(recipe, shape, len(classes)))
    known = tuple(classes) == model.classes
    unlike = {_layer(name) for name, own in wanted.items() if _shape_in(model, name) != own}
    fitting = {
        name: array
        for name, array in model.weights.items()
        if name in wanted and _layer(name) not in unlike and (known or not _of_last_layer(name))
    }
    if not fitting:
        what = f"no layer of {model.recipe['name']} fits"
        fix = "Begin from a model of the same recipe and image size."
        raise AssayError("recipe-does-not-fit", "--warm-start", what, fix)
    return fitting, len(wanted)


def _shape_in(model: ModelData, name: str) -> tuple[int, ...] | None:
    return model.weights[name].shape if name in model.weights else None


def _layer(name: str) -> str:
    """The layer that a weight belongs to: all but the last part of its name."""
    return name.rpartition(".")[0]


def _of_last_layer(name: str) -> bool:
    """Every net calls its last layer `output`."""
    return "output" in name.split(".")
