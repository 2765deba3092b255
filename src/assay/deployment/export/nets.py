"""From the layers of a net to the operators that compute them: one rule per kind of layer.

The layers are those of the model's table, which is checked against its recipe when a model is read. So
nothing here needs torch.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.deployment.export.backbone import add_layers, add_prepared
from assay.deployment.export.graph import Graph
from assay.features import efficientnet
from assay.training.inference.blend import of_net
from assay.training.layer_tables import FROZEN, TRAINED, parameter_name
from assay.training.model.values import LayerRow, ModelData
from assay.training.recipes import NetRecipe

#: What torch adds to a variance, in every `BatchNorm` of ours.
_EPSILON: Final = 1e-5

#: One layer: graph, its input, its shapes before and after without the batch, its weights.
Shape = tuple[int, ...]
Weights = Mapping[str, NDArray[np.float32]]
Rule = Callable[[Graph, str, Shape, Shape, Weights], str]


def _flatten(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    return graph.reshape(name, math.prod(after))


def _linear(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    product = graph.add("MatMul", name, graph.constant(weights["weight"].T))
    return graph.add("Add", product, graph.constant(weights["bias"])) if "bias" in weights else product


def _relu(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    return graph.add("Relu", name)


def _convolution(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    constants = [graph.constant(weights[key]) for key in ("weight", "bias") if key in weights]
    height, width = weights["weight"].shape[2:]
    pads = [height // 2, width // 2] * 2
    return graph.add("Conv", name, *constants, kernel_shape=[height, width], pads=pads)


def _batch_norm(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    names = ("weight", "bias", "running_mean", "running_var")
    constants = [graph.constant(weights[key]) for key in names]
    return graph.add("BatchNormalization", name, *constants, epsilon=_EPSILON)


def _max_pool(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    step = [min(2, side) for side in before[1:]]
    return graph.add("MaxPool", name, kernel_shape=step, strides=step)


def _unshuffle(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    (height, width, depth), (channels, rows, columns) = before, after
    factor = math.isqrt(channels // depth)
    if (rows * factor, columns * factor) != (height, width):
        edges = (0, 0, 0, 0, 0, rows * factor - height, columns * factor - width, 0)
        name = graph.add("Pad", name, graph.integers(*edges), graph.number(0.0))
    squares = graph.reshape(name, rows, factor, columns, factor, depth)
    return graph.reshape(graph.add("Transpose", squares, perm=[0, 2, 4, 5, 1, 3]), channels, rows, columns)


def _frozen_blocks(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    height, width, channels = before
    maps, size = add_prepared(graph, name, (height, width, channels))
    layers, own = _blocks(weights)
    return add_layers(graph, own, layers, maps, size)[0]


def _trained_blocks(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    layers, own = _blocks(weights)
    return add_layers(graph, own, layers, name, (before[1], before[2]))[1]


def _blocks(weights: Weights) -> tuple[list[efficientnet.Convolution], Weights]:
    """The layers of a part of the pretrained net, and its weights by their names in the whole."""
    names = {parameter_name(name): name for name in efficientnet.weight_shapes(efficientnet.layers())}
    own = {names[name]: array for name, array in weights.items()}
    return [layer for layer in efficientnet.layers() if f"{layer.name}.weight" in own], own


def _standardize(graph: Graph, name: str, before: Shape, after: Shape, weights: Weights) -> str:
    centered = graph.add("Sub", name, graph.constant(weights["mean"]))
    return graph.add("Div", centered, graph.constant(weights["deviation"]))


#: Kind of layer, as the model's table names it -> how it is written.
RULES: Final[Mapping[str, Rule]] = {
    "Flatten": _flatten,
    "Linear": _linear,
    "ReLU": _relu,
    "Conv2d": _convolution,
    "BatchNorm": _batch_norm,
    "MaxPool2d": _max_pool,
    "Unshuffle": _unshuffle,
    FROZEN: _frozen_blocks,
    TRAINED: _trained_blocks,
    "Standardize": _standardize,
}


def add_net(graph: Graph, model: ModelData, recipe: NetRecipe, images: str) -> tuple[str, str]:
    """The net's logits `(n, k)`, and the inputs of its last linear layer `(n, f)`, of normalized images."""
    logits, seen = _members(graph, model, recipe, images)
    if recipe.mirror_averaging:
        mirrored = graph.slice(images, -1, -(2**31), 2, -1)
        other, _ = _members(graph, model, recipe, mirrored)
        logits = graph.add("Mul", graph.add("Add", logits, other), graph.number(0.5))
    return logits, seen


def _members(graph: Graph, model: ModelData, recipe: NetRecipe, images: str) -> tuple[str, str]:
    """Logits of the net, or of an ensemble the logarithm of its members' mean probabilities."""
    weights = of_net(model.weights)
    if recipe.members == 1:
        return _layers(graph, model, weights, images)
    logs, seen = [], ""
    for number in range(recipe.members):
        logits, seen = _layers(graph, model, _below(weights, str(number)), images)
        logs.append(graph.add("LogSoftmax", logits, axis=1))
    return graph.add("Log", graph.add("Mean", *(graph.add("Exp", one) for one in logs))), seen


def _below(weights: Weights, name: str) -> dict[str, NDArray[np.float32]]:
    own = {key: array for key, array in weights.items() if key.startswith(f"{name}.")}
    return {key.removeprefix(f"{name}."): array for key, array in own.items()}


def _layers(graph: Graph, model: ModelData, weights: Weights, name: str) -> tuple[str, str]:
    before, seen = model.preprocessing.shape, name
    for row in _own_layers(model):
        if row.kind not in RULES:
            what = f"layer {row.name} is of kind {row.kind}, which has no rule in ONNX"
            raise AssayError("recipe-does-not-fit", "export", what, "Use `assay predict` with the run.")
        if row.kind == "Linear":
            seen = name
        after: Any = row.output_shape[1:]
        name = RULES[row.kind](graph, name, before, after, _below(weights, row.name))
        before = after
    return name, seen


def _own_layers(model: ModelData) -> list[LayerRow]:
    """The rows of one net: those before its softmax, the other members and the reference."""
    rows = list(model.layers.layers)
    end = next(i for i, row in enumerate(rows) if row.kind in ("Ensemble", "Softmax"))
    return rows[:end]
