"""Classifiers in closed form: one file each. What a net must beat to be worth its training.

All but `pretrained`, which asks a net for its features, need NumPy alone.

Each file offers the functions of `ClosedForm`. Its weights are float32 arrays by name, as those of a net.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.data.values import Split
from assay.training.closed_forms import kernel_ridge, majority, nearest_mean, pretrained
from assay.training.closed_forms.values import Fitted, Weights
from assay.training.model.values import LayerRow


class ClosedForm(Protocol):
    """What a file in this folder offers. options: those of its recipe, by name."""

    def resolve(self, count: int, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options as they will be used on `count` training images."""

    def fit(
        self, split: Split, rows: NDArray[np.int64], class_count: int, seed: int, options: Mapping[str, Any]
    ) -> Fitted:
        """Weights from the images of `rows`, and how well each is answered without itself."""

    def layers(self, shape: Shape, class_count: int, options: Mapping[str, Any]) -> tuple[LayerRow, ...]:
        """The model table for images of `shape`, without the softmax."""

    def weight_shapes(
        self, shape: Shape, class_count: int, options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        """The shape of each weight. Allocates nothing."""

    def probabilities(self, weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """uint8 `(n, h, w, c)` to float64 `(n, k)`, each row summing to 1."""


#: Name in a recipe -> the file that fits it.
CLOSED_FORMS: Final[Mapping[str, ClosedForm]] = {
    "majority": majority,
    "nearest-mean": nearest_mean,
    "reference": kernel_ridge,
    "pretrained": pretrained,
}

#: Those that torch has a part in.
WITH_TORCH: Final = ("pretrained",)
