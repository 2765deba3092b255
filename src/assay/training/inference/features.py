"""Features of a model, the inputs of its last layer, and distances in the space of them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from assay.estimators.mahalanobis import OodSpace
from assay.features.hand_made import describe_block
from assay.training.closed_forms import pretrained
from assay.training.model.values import ModelData
from assay.training.recipes import NetRecipe, recipe_with

#: The layer's name for models that have none.
PIXELS = "pixels"

#: Images described at a time: what that takes is many times their size.
_BLOCK = 512


def features_of(
    model: ModelData, blocks: Iterable[NDArray[np.uint8]]
) -> tuple[str, Iterator[NDArray[np.float32]]]:
    """The layer whose inputs are the features, and the features `(b, f)` of each batch of images.

    Of a net the inputs of its last linear layer, of a classifier on a pretrained net that net's features, of
    another fit in closed form, and of a user's net without such a layer, the normalized pixels.
    """
    recipe = recipe_with(model.recipe, model.own_net)
    if recipe.model == "pretrained":
        return pretrained.LAYER, (pretrained.standardized_features(model.weights, block) for block in blocks)
    if isinstance(recipe, NetRecipe):
        from assay.training.inference.net_features import last_inputs

        found = last_inputs(model, recipe, blocks)
        if found is not None:
            return found
    flat = (model.preprocessing.normalize(block).reshape(len(block), -1) for block in blocks)
    return PIXELS, flat


def distances_in(
    space: OodSpace,
    look: OodSpace | None,
    model: ModelData,
    blocks: Iterable[NDArray[np.uint8]],
) -> NDArray[np.float32]:
    """How far the images of the blocks lie from those that the spaces were fitted to: float32 `(n,)`.

    space: of the model's features. look: of `describe_block`'s, or None; the larger distance counts.
    """
    seen = [np.zeros(0, np.float32)]
    _, features = features_of(model, blocks if look is None else _looked_at(blocks, look, seen))
    found = np.concatenate([np.zeros(0, np.float32), *(_within(space, block) for block in features)])
    return found if look is None else np.maximum(found, np.concatenate(seen))


def _looked_at(
    blocks: Iterable[NDArray[np.uint8]], look: OodSpace, seen: list[NDArray[np.float32]]
) -> Iterator[NDArray[np.uint8]]:
    """The blocks as they come, which can be had but once; their distances in `look` are added to `seen`."""
    for block in blocks:
        seen += [_within(look, describe_block(part)) for part in _parts(block)]
        yield block


def _parts(block: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    return (block[start : start + _BLOCK] for start in range(0, len(block), _BLOCK))


def _within(space: OodSpace, features: NDArray[np.float32]) -> NDArray[np.float32]:
    return space.distances(space.coordinates(features))
