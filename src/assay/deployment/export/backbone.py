"""The pretrained net and the classifier on its features as ONNX operators."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.deployment.export.closed_forms import add_calibration
from assay.deployment.export.graph import Graph
from assay.features import efficientnet
from assay.features.backbones import BACKBONES, DEFAULT
from assay.features.pretrained import input_size
from assay.training.closed_forms.pretrained import LAYER, NET
from assay.training.closed_forms.values import Weights

Shape = tuple[int, int, int]


def add_pretrained(graph: Graph, weights: Weights, images: str, shape: Shape) -> tuple[str, str]:
    """`training.closed_forms.pretrained`: probabilities float64 `(n, k)`, and the features `(n, d)`.

    images: uint8 `(n, h, w, c)`.
    """
    features = _features(graph, weights, images, shape)
    centered = graph.add("Sub", features, graph.constant(weights["scale.mean"]))
    seen = graph.add("Div", centered, graph.constant(weights["scale.deviation"]))
    product = graph.add("MatMul", seen, graph.constant(weights[f"{LAYER}.weight"].T))
    scores = graph.add("Add", product, graph.constant(weights[f"{LAYER}.bias"]))
    return add_calibration(graph, weights, scores), seen


def _features(graph: Graph, weights: Weights, images: str, shape: Shape) -> str:
    """`features.pretrained.describe_block`."""
    in_unit = graph.add("Div", graph.cast(images, np.float32), graph.number(255))
    # Those of the net alone: its last layer and the classifier have one name.
    net = {name.removeprefix(NET): array for name, array in weights.items() if name.startswith(NET)}
    name = efficientnet.net_of(net)
    maps, size = add_prepared(graph, in_unit, shape, name)
    return add_layers(graph, net, efficientnet.layers(name), maps, size)[1]


def add_prepared(graph: Graph, images: str, shape: Shape, name: str = DEFAULT) -> tuple[str, tuple[int, int]]:
    """The input of the net, `(n, 3, h, w)`, of images in [0, 1] of any size and channels; and its size."""
    backbone = BACKBONES[name]
    (height, width, channels), size = shape, input_size(*shape[:2], backbone.side)
    maps = graph.add("Transpose", images, perm=[0, 3, 1, 2])
    if size != (height, width):
        maps = graph.add("MatMul", graph.constant(resampling(height, size[0])), maps)
        maps = graph.add("MatMul", maps, graph.constant(resampling(width, size[1]).T))
    if channels != 3:
        gray = maps if channels == 1 else graph.reduced("ReduceMean", maps, 1)
        maps = graph.add("Concat", gray, gray, gray, axis=1)
    centered = graph.add("Sub", maps, graph.number(backbone.mean))
    return graph.add("Div", centered, graph.number(backbone.deviation)), size


def add_layers(
    graph: Graph,
    weights: Weights,
    layers: Sequence[efficientnet.Convolution],
    maps: str,
    size: tuple[int, int],
) -> tuple[str, str]:
    """`features.efficientnet.described`: the maps after some layers in a row, and what is seen in them (empty
    where none of them is looked at). weights: by their names in the net. size: of the maps given."""
    kept, seen = maps, []
    for layer in layers:
        kept = maps if layer.begins else kept
        constants = [graph.constant(weights[f"{layer.name}.{part}"]) for part in ("weight", "bias")]
        maps = graph.add(
            "Conv",
            maps,
            *constants,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=_pads(layer, size),
            group=layer.inputs if layer.depthwise else 1,
        )
        size = -(-size[0] // layer.stride), -(-size[1] // layer.stride)
        if layer.relu:
            maps = graph.add("Clip", maps, graph.number(0), graph.number(6))
        if layer.ends:
            maps = graph.add("Add", maps, kept)
        if layer.seen:
            means = graph.reduced("ReduceMean", maps, 2, 3, keep=False)
            seen.append(graph.add("Sqrt", graph.add("Add", means, graph.number(efficientnet.LEAST))))
    return maps, graph.add("Concat", *seen, axis=1) if seen else ""


def _pads(layer: efficientnet.Convolution, size: tuple[int, int]) -> list[int]:
    """Above, left, below and right: TensorFlow's `SAME`, what is odd below and right."""
    step, kernel = layer.stride, layer.kernel
    both = [max((-(-side // step) - 1) * step + kernel - side, 0) for side in size]
    before = [pad // 2 for pad in both]
    return [*before, *(pad - first for pad, first in zip(both, before, strict=True))]


def resampling(before: int, after: int) -> NDArray[np.float32]:
    """Antialiased bilinear interpolation along one axis as a matrix `(after, before)`, as torch computes it.

    A triangle around each new place, as wide as the new pixels where these are larger.
    """
    scale = before / after
    width = max(scale, 1.0)
    centers = (np.arange(after) + 0.5) * scale
    first = np.maximum((centers - width + 0.5).astype(np.int64), 0)
    last = np.minimum((centers + width + 0.5).astype(np.int64), before)
    places = np.arange(before)
    weights = np.maximum(1 - np.abs(places + 0.5 - centers[:, None]) / width, 0)
    weights *= (places >= first[:, None]) & (places < last[:, None])
    found: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
