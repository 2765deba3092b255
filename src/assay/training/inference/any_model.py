"""One interface to nets and closed forms: resolve, summarize, weight shapes, probabilities.

Only what a recipe needs is loaded: a fit in closed form does without torch, and so do the table of a net and
the shapes of its weights.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.training import requirements
from assay.training.inference import blend
from assay.training.inference import closed_form as closed
from assay.training.layer_tables import net_summary, net_weight_shapes
from assay.training.model.values import ModelData, ModelSummary
from assay.training.optim.schedule import lengthened
from assay.training.recipes import NetRecipe, Recipe, recipe_with


def resolved(recipe: Recipe, count: int, *, watched: bool = False) -> Recipe:
    """The recipe as it will be used on `count` training images. watched: there are validation images too."""
    if not isinstance(recipe, NetRecipe):
        return closed.resolved(recipe, count)
    return blend.resolved(lengthened(recipe, count, watched=watched), count)


def summarize(recipe: Recipe, shape: Shape, class_count: int) -> ModelSummary:
    """The table of what the recipe makes for images of `shape`. Raises AssayError `recipe-does-not-fit`."""
    if not isinstance(recipe, NetRecipe):
        return closed.summarize(recipe, shape, class_count)
    known = net_summary(recipe, shape, class_count)
    if known is None:
        requirements.require_torch()
        from assay.training.nets.summary import summarize

        known = summarize(recipe, shape, class_count)
    return blend.summarize(recipe, known, shape, class_count)


def weight_shapes(recipe: Recipe, shape: Shape, class_count: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the weights of what the recipe makes. Allocates nothing."""
    if not isinstance(recipe, NetRecipe):
        return closed.weight_shapes(recipe, shape, class_count)
    own = net_weight_shapes(recipe, shape, class_count)
    if own is None:
        requirements.require_torch()
        from assay.training.nets.network import empty_network, floating_state

        network = empty_network(recipe, shape, class_count)
        own = {name: tuple(tensor.shape) for name, tensor in floating_state(network).items()}
    return own | blend.weight_shapes(recipe, shape, class_count)


def predict_proba(model: ModelData, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` of blocks of images (see `Model.predict_proba`)."""
    recipe = recipe_with(model.recipe, model.own_net)
    if not isinstance(recipe, NetRecipe):
        return closed.predict_proba(model, blocks)
    requirements.require_torch()
    from assay.training.inference.net import predict_proba

    if not blend.share_of(recipe, len(model.classes)):
        return predict_proba(model, blocks)
    return blend.predict_proba(model, recipe, blocks, predict_proba)
