"""Linear probe: a pretrained net with its weights left as they are, and ridge regression on its features.

The classifier is fitted by ridge regression, so that every training image is judged exactly as if it had been
left out (see `assay.estimators.ridge`), and calibrated on those judgments. The net's weights are kept in the
model, which so needs nothing but torch to answer.
"""

from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Shape
from assay.data.splitting.stratified import left_out_together
from assay.data.values import Split
from assay.estimators import ridge
from assay.estimators.logistic_calibration import Calibration, fit_calibration, held_out
from assay.estimators.standardized import OFFSET, fit_scale, row_space, scaled, with_offset
from assay.features import efficientnet, pretrained
from assay.features.backbones import BACKBONES, DEFAULT, Backbone
from assay.training.closed_forms.values import Fitted, Weights, scored
from assay.training.model.values import LayerRow

#: What the names of the net's weights begin with.
NET: Final = "backbone."

#: Above so many classes the calibration has one slope for all (see `assay.estimators.logistic_calibration`).
_MATRIX_CLASSES: Final = 50

#: The layer whose inputs are what the model sees.
LAYER: Final = "head"


def resolve(count: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing hangs on the number of images."""
    return dict(options)


def fit(
    split: Split, rows: NDArray[np.int64], class_count: int, seed: int, options: Mapping[str, Any]
) -> Fitted:
    """Standardized features, ridge regression, and a calibration on leave-one-out scores.

    Raises AssayError `missing-extra` or `hash-mismatch` where the net is not at hand.
    """
    backbone = options.get("backbone", DEFAULT)
    labels, described = split.labels[rows], pretrained.describe(split, rows, backbone)
    mean, deviation = fit_scale(described)
    inputs = with_offset(scaled(described, mean, deviation))
    basis = row_space(inputs)
    inputs = inputs @ basis

    def blocks() -> list[Float32s]:
        return [inputs]

    groups = left_out_together(split)[rows]
    fitted = ridge.fit(blocks, labels, class_count, groups, ridge.FINE_PENALTIES)
    scores = ridge.leave_one_out(fitted, blocks, labels, groups)
    calibration = fit_calibration(scores, labels)
    answers = held_out(calibration, scores, labels, groups).astype(np.float64)
    coefficients = basis @ (fitted.axes @ fitted.coefficients)
    own = {
        "scale.mean": mean,
        "scale.deviation": deviation,
        f"{LAYER}.weight": coefficients[:-1].T,
        f"{LAYER}.bias": OFFSET * coefficients[-1],
        **calibration.as_weights(),
    }
    weights = {name: np.ascontiguousarray(array, np.float32) for name, array in own.items()}
    net = {NET + name: array for name, array in pretrained.folded_weights(backbone).items()}
    return Fitted(net | weights, *scored(answers, labels))


def standardized_features(weights: Weights, images: NDArray[np.uint8]) -> Float32s:
    """Standardized features of images, float32 `(n, d)`: the inputs of the classifier."""
    net = {name.removeprefix(NET): array for name, array in weights.items() if name.startswith(NET)}
    described = pretrained.describe_block(net, images, efficientnet.net_of(net))
    return scaled(described, weights["scale.mean"], weights["scale.deviation"])


def probabilities(weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Calibrated probabilities, each image's computed alone, so that they do not depend on its company."""
    head, bias = weights[f"{LAYER}.weight"].T, weights[f"{LAYER}.bias"]
    calibration = Calibration.of_weights(weights)
    rows = np.split(standardized_features(weights, images), len(images)) if len(images) else []
    each = [calibration.probabilities(row @ head + bias).astype(np.float64) for row in rows]
    found = np.concatenate([np.zeros((0, len(bias))), *each])
    found /= found.sum(axis=1, keepdims=True)
    return found


def weight_shapes(shape: Shape, class_count: int, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of each weight."""
    backbone, slopes = _backbone(options), 1 if class_count > _MATRIX_CLASSES else class_count
    width, net = backbone.dimension, efficientnet.weight_shapes(efficientnet.layers(backbone.name))
    return {NET + name: size for name, size in net.items()} | {
        "scale.mean": (width,),
        "scale.deviation": (width,),
        f"{LAYER}.weight": (class_count, width),
        f"{LAYER}.bias": (class_count,),
        "calibration.mean": (class_count,),
        "calibration.scale": (1,),
        "calibration.weights": (slopes, slopes),
        "calibration.bias": (class_count,),
    }


def layers(shape: Shape, class_count: int, options: Mapping[str, Any]) -> tuple[LayerRow, ...]:
    """The net as one line, and the two steps after it."""
    sizes = {name: prod(size) for name, size in weight_shapes(shape, class_count, options).items()}
    backbone = _backbone(options)
    width = backbone.dimension
    frozen = sum(size for name, size in sizes.items() if name.startswith(NET))
    head = sizes[f"{LAYER}.weight"]
    calibrated = sum(size for name, size in sizes.items() if name.startswith("calibration"))
    adds = _multiply_adds(shape, backbone)
    net = LayerRow("backbone", _TITLES[backbone.name], (None, width), frozen, adds, _SEES)
    return (
        net,
        LayerRow("scale", "Standardize", (None, width), 2 * width, width, _SCALES),
        LayerRow(LAYER, "Ridge", (None, class_count), head + class_count, head, _WEIGHS),
        LayerRow(
            "calibration",
            "Calibration",
            (None, class_count),
            calibrated,
            sizes["calibration.weights"],
            _CALIBRATES,
        ),
    )


def _backbone(options: Mapping[str, Any]) -> Backbone:
    """Of a recipe; the default one of models made before there were others."""
    return BACKBONES[options.get("backbone", DEFAULT)]


def _multiply_adds(shape: Shape, backbone: Backbone) -> int:
    """Those of the net's convolutions for a picture of this shape."""
    size = pretrained.input_size(*shape[:2], backbone.side)
    return efficientnet.multiply_adds(efficientnet.layers(backbone.name), *size)[0]


def as_logits(weights: Weights) -> tuple[Float32s, Float32s]:
    """The classifier and its calibration as one linear layer: weights `(k, d)` and biases `(k,)` by which
    standardized features give logits."""
    calibration = Calibration.of_weights(weights)
    head, bias = (weights[f"{LAYER}.{part}"].astype(np.float64) for part in ("weight", "bias"))
    turned = np.eye(len(bias)) * calibration.weights if calibration.weights.size == 1 else calibration.weights
    both = turned.T @ head / calibration.scale, (bias - calibration.mean) / calibration.scale @ turned
    return both[0].astype(np.float32), (both[1] + calibration.bias).astype(np.float32)


_TITLES: Final = {"efficientnet-lite0": "EfficientNet-Lite0", "efficientnet-lite2": "EfficientNet-Lite2"}
_SEES: Final = "describes the picture as it learned to on ImageNet; nothing of it is trained here"
_SCALES: Final = "brings every feature to mean 0 and deviation 1 on the training images"
_WEIGHS: Final = "weighs every feature for every class, by least squares"
_CALIBRATES: Final = "turns scores into logits, fitted on images judged without themselves"
