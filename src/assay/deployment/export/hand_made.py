"""The features of `assay.features.hand_made`, and distances in a space of features, as ONNX operators."""

import numpy as np

from assay.deployment.export.graph import Graph
from assay.estimators.mahalanobis import OodSpace
from assay.features.hand_made import (
    COLOR_CELLS,
    DIRECTIONS,
    FAINT,
    GRADIENT_CELLS,
    LARGEST_SIDE,
    PIXEL_CELLS,
    PIXEL_WEIGHT,
    area_weights,
    cell_weights,
)


def add_described(graph: Graph, scaled: str, shape: tuple[int, int, int]) -> str:
    """`describe_block` of images in [0, 1], float32 `(n, h, w, c)`: float32 `(n, features)`."""
    height, width, channels = shape
    if height > LARGEST_SIDE:
        lines = graph.reshape(scaled, height, width * channels)
        lines = graph.add("MatMul", graph.constant(area_weights(height, LARGEST_SIDE)), lines)
        height = LARGEST_SIDE
        scaled = graph.reshape(lines, height, width, channels)
    if width > LARGEST_SIDE:
        scaled = graph.add("MatMul", graph.constant(area_weights(width, LARGEST_SIDE)), scaled)
        width = LARGEST_SIDE
    gray = graph.reduced("ReduceMean", scaled, 3, keep=False)
    pixels = _weighted(graph, _pooled(graph, gray, (height, width), PIXEL_CELLS), PIXEL_CELLS)
    parts = [_gradients(graph, gray, (height, width)), pixels]
    if channels > 1:
        color = graph.add("Sub", scaled, graph.add("Unsqueeze", gray, graph.integers(3)))
        for channel in range(channels):
            plane = graph.reshape(graph.slice(color, channel, channel + 1, 3), height, width)
            parts.append(_weighted(graph, _pooled(graph, plane, (height, width), COLOR_CELLS), COLOR_CELLS))
    return graph.add("Concat", *parts, axis=1)


def _weighted(graph: Graph, cells: str, count: int) -> str:
    return graph.add("Mul", graph.reshape(cells, count * count), graph.number(PIXEL_WEIGHT))


def _pooled(graph: Graph, maps: str, size: tuple[int, int], cells: int) -> str:
    """`(n, h, w)` to `(n, cells, cells)`."""
    lines = graph.add("MatMul", graph.constant(cell_weights(size[0], cells)), maps)
    return graph.add("MatMul", lines, graph.constant(cell_weights(size[1], cells).T))


def _difference(graph: Graph, gray: str, axis: int, side: int) -> str:
    """Central differences along axis 1 or 2, zero at the border."""
    if side < 3:
        return graph.add("Mul", gray, graph.number(0.0))
    inner = graph.add("Sub", graph.slice(gray, 2, side, axis), graph.slice(gray, 0, side - 2, axis))
    edge = [int(axis == 1), int(axis == 2)]
    return graph.add("Pad", inner, graph.integers(0, *edge, 0, *edge), graph.number(0.0))


def _gradients(graph: Graph, gray: str, size: tuple[int, int]) -> str:
    """The root of `gradient_histograms`, brought to unit length."""
    down, right = _difference(graph, gray, 1, size[0]), _difference(graph, gray, 2, size[1])
    squares = graph.add("Add", graph.add("Mul", down, down), graph.add("Mul", right, right))
    root = graph.add("Sqrt", graph.add("Add", graph.add("Sqrt", squares), graph.number(FAINT)))
    down, right = graph.add("Div", down, root), graph.add("Div", right, root)
    along = _along_directions(graph, down, right, size)
    rectified = graph.add("Relu", along)
    cells = _pooled(graph, graph.add("Mul", rectified, rectified), size, GRADIENT_CELLS)
    bins = graph.reshape(cells, DIRECTIONS * GRADIENT_CELLS**2)
    histogram = graph.add("Sqrt", bins)
    length = graph.add("Sqrt", graph.reduced("ReduceSum", graph.add("Mul", histogram, histogram), 1))
    return graph.add("Div", histogram, graph.add("Add", length, graph.number(FAINT)))


def _along_directions(graph: Graph, down: str, right: str, size: tuple[int, int]) -> str:
    """The derivative in every direction at once, `(n, directions, h, w)`: few operators cost least.

    Opposite directions are the two signs of one derivative, so the second half has the first's numbers.
    """
    angles = 2 * np.pi * np.arange(DIRECTIONS // 2) / DIRECTIONS
    parts = []
    for derivative, shares in ((right, np.cos(angles)), (down, np.sin(angles))):
        signed = np.concatenate([shares, -shares]).astype(np.float32)[:, None, None]
        parts.append(graph.add("Mul", graph.reshape(derivative, 1, *size), graph.constant(signed)))
    return graph.add("Add", *parts)


def add_distances(graph: Graph, space: OodSpace, features: str) -> str:
    """`OodSpace.distances` of the features `(n, f)`: float32 `(n,)`."""
    centered = graph.add("Sub", features, graph.constant(space.mean))
    components = graph.add("MatMul", centered, graph.constant(space.axes))
    back = graph.add("MatMul", components, graph.constant(space.axes.T))
    left = graph.add("Sub", centered, back)
    rest = graph.add("Sqrt", graph.reduced("ReduceSum", graph.add("Mul", left, left), 1))
    coordinates = graph.add("Concat", components, rest, axis=1)
    points = graph.add("MatMul", coordinates, graph.constant(space.whitening))
    each = graph.add("Unsqueeze", points, graph.integers(1))
    away = graph.add("Sub", each, graph.constant(space.centers @ space.whitening))
    squares = graph.reduced("ReduceSum", graph.add("Mul", away, away), 2, keep=False)
    return graph.add("Sqrt", graph.reduced("ReduceMin", squares, 1, keep=False))
