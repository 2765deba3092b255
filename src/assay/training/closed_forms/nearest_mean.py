"""Nearest-mean classifier: one template, the mean image, per class."""

from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float64s, Shape, spread_rows
from assay.data.values import Split
from assay.estimators.softmax import softmax
from assay.training.closed_forms.values import Fitted, Weights, scored
from assay.training.model.values import LayerRow

#: Sharpness of the answer per squared distance (pixels in [0, 1]): those tried, from hardly to very sharp.
_SHARPNESS: Final = np.geomspace(1e-5, 1e3, 65)

#: Images that the sharpness is chosen by, evenly spread; and their distances to all classes, at most.
_JUDGING_IMAGES: Final = 5_000
_JUDGING_DISTANCES: Final = 10_000_000

#: Squared distance to the mean of a class without images: beyond any other.
NOWHERE: Final = 1e12


def resolve(count: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """There are no options."""
    return dict(options)


def fit(
    split: Split, rows: NDArray[np.int64], class_count: int, seed: int, options: Mapping[str, Any]
) -> Fitted:
    """Class means, and the sharpness that makes the labels most likely, each image left out of its mean."""
    labels = split.labels[rows]
    counts = np.bincount(labels, minlength=class_count).astype(np.float64)
    sums = np.zeros((class_count, prod(split.shape)))
    done = 0
    for block in split.blocks(rows):
        np.add.at(sums, labels[done : done + len(block)], _pixels(block))
        done += len(block)
    weights = {"means": (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)}
    weights["counts"] = counts.astype(np.float32)
    count = min(len(rows), _JUDGING_IMAGES, max(1, _JUDGING_DISTANCES // class_count))
    chosen = spread_rows(len(rows), count)
    distances = _without_itself(weights, split, rows[chosen], counts)
    # One after the other: with thousands of classes the answers of all take gigabytes.
    judged = [
        (*scored(softmax(-sharpness * distances), labels[chosen]), sharpness) for sharpness in _SHARPNESS
    ]
    loss, accuracy, sharpness = min(judged)
    return Fitted({**weights, "sharpness": np.array([sharpness], np.float32)}, loss, accuracy)


def _without_itself(weights: Weights, split: Split, rows: NDArray[np.int64], counts: Float64s) -> Float64s:
    """Squared distances to the class means, the image's own class without it.

    Leaving one of n out moves the mean away by 1 / (n - 1) of the distance.
    """
    found = np.concatenate([_distances(weights, block) for block in split.blocks(rows)])
    labels, own = split.labels[rows], counts[split.labels[rows]]
    away = np.where(own > 1, np.square(own / np.maximum(own - 1, 1)), 1.0)
    found[np.arange(len(rows)), labels] *= away
    return found


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32).reshape(len(images), -1)


def _distances(weights: Weights, images: NDArray[np.uint8]) -> Float64s:
    # In float64: as float32 the squares cancel, and a large sharpness makes much of what is lost.
    pixels, means = _pixels(images).astype(np.float64), weights["means"].astype(np.float64)
    squares = np.square(pixels).sum(axis=1)[:, None] + np.square(means).sum(axis=1) - 2 * pixels @ means.T
    found: Float64s = np.maximum(squares, 0)
    found[:, weights["counts"] == 0] = NOWHERE
    return found


def layers(shape: Shape, class_count: int, options: Mapping[str, Any]) -> tuple[LayerRow, ...]:
    """One line: a template per class, how many images made it, and one sharpness for all."""
    parameters = class_count * (prod(shape) + 1) + 1
    purpose = "measures how far the picture is from the mean picture of each class"
    multiply_adds = class_count * prod(shape)
    return (LayerRow("means", "Distance", (None, class_count), parameters, multiply_adds, purpose),)


def weight_shapes(shape: Shape, class_count: int, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of each weight."""
    return {"means": (class_count, prod(shape)), "counts": (class_count,), "sharpness": (1,)}


def probabilities(weights: Weights, images: NDArray[np.uint8]) -> Float64s:
    """Those of equal round Gaussians around the means: the most probable class is the nearest mean."""
    return softmax(-float(weights["sharpness"][0]) * _distances(weights, images))
