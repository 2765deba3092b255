"""Majority baseline: the class frequencies of the training split, whatever the picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.data.values import Split
from assay.training.closed_forms.values import Fitted, Weights, scored
from assay.training.model.values import LayerRow


def resolve(count: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """There are no options."""
    return dict(options)


def fit(
    split: Split, rows: NDArray[np.int64], class_count: int, seed: int, options: Mapping[str, Any]
) -> Fitted:
    """The share of each class among the training images."""
    labels = split.labels[rows]
    shares = (np.bincount(labels, minlength=class_count) / len(labels)).astype(np.float32)
    answers = np.broadcast_to(shares.astype(np.float64), (len(labels), class_count))
    return Fitted({"shares": shares}, *scored(answers, labels))


def layers(shape: Shape, class_count: int, options: Mapping[str, Any]) -> tuple[LayerRow, ...]:
    """One line."""
    purpose = "answers with the share of each class in train, whatever the picture"
    return (LayerRow("shares", "Constant", (None, class_count), class_count, 0, purpose),)


def weight_shapes(shape: Shape, class_count: int, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """One share per class."""
    return {"shares": (class_count,)}


def probabilities(weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The same row for every image."""
    shares = weights["shares"].astype(np.float64)
    return np.tile(shares / shares.sum(), (len(images), 1))
