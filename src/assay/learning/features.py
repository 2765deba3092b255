"""What a model sees in a picture: the numbers that its last layer decides by."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.learning.recipes import NetRecipe, validated
from assay.reference.familiarity import FamiliarSpace

if TYPE_CHECKING:
    from assay.learning.values import Model

#: The layer's name for models that have none.
PIXELS = "pixels"


def features_of(
    model: "Model", blocks: Iterable[NDArray[np.uint8]]
) -> tuple[str, Iterator[NDArray[np.float32]]]:
    """The layer whose inputs are the features, and the features `(b, f)` of each batch of images.

    Of a net the inputs of its last linear layer, of a fit in closed form the normalized pixels.
    """
    if isinstance(validated(model.recipe), NetRecipe):
        from assay.learning.net_features import last_inputs

        return last_inputs(model, blocks)
    flat = (model.preprocessing.normalize(block).reshape(len(block), -1) for block in blocks)
    return PIXELS, flat


def distances_in(
    space: FamiliarSpace, model: "Model", blocks: Iterable[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """How far the images of the blocks lie from those that `space` was fitted to: float32 `(n,)`."""
    _, features = features_of(model, blocks)
    found = [space.distances(space.coordinates(block)) for block in features]
    return np.concatenate([np.empty(0, np.float32), *found])
