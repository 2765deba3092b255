"""The classifiers in closed form as ONNX operators: probabilities float64 `(n, k)` of images."""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.deployment.export.graph import Graph
from assay.deployment.export.hand_made import add_described
from assay.training.closed_forms.nearest_mean import NOWHERE

Weights = Mapping[str, NDArray[np.float32]]
Shape = tuple[int, int, int]


def add_majority(graph: Graph, weights: Weights, scaled: str, shape: Shape) -> str:
    """The shares of the classes, once for each image."""
    shares = weights["shares"].astype(np.float64)
    largest = graph.cast(graph.reduced("ReduceMax", graph.reshape(scaled, math.prod(shape)), 1), np.float64)
    nothing = graph.add("Mul", largest, graph.number(0.0, np.float64))
    return graph.add("Add", nothing, graph.constant(shares / shares.sum()))


def add_nearest_mean(graph: Graph, weights: Weights, scaled: str, shape: Shape) -> str:
    """Softmax of minus the squared distances to the class means, times the sharpness."""
    pixels = graph.cast(graph.reshape(scaled, math.prod(shape)), np.float64)
    means = weights["means"].astype(np.float64)
    squares = graph.reduced("ReduceSum", graph.add("Mul", pixels, pixels), 1)
    squares = graph.add("Add", squares, graph.constant(np.square(means).sum(axis=1)))
    twice = graph.add("Mul", pixels, graph.number(2.0, np.float64))
    product = graph.add("MatMul", twice, graph.constant(means.T))
    distances = graph.add("Relu", graph.add("Sub", squares, product))
    known = graph.constant((weights["counts"] != 0).astype(np.float64))
    nowhere = graph.constant(np.where(weights["counts"] == 0, NOWHERE, 0.0))
    distances = graph.add("Add", graph.add("Mul", distances, known), nowhere)
    sharpness = -float(weights["sharpness"][0])
    return graph.softmax(graph.add("Mul", distances, graph.number(sharpness, np.float64)))


def add_kernel_ridge(graph: Graph, weights: Weights, scaled: str, shape: Shape) -> str:
    """Components, random Fourier features, ridge scores and their calibration."""
    described = graph.add("Sub", add_described(graph, scaled, shape), graph.constant(weights["mean"]))
    components = graph.add("MatMul", described, graph.constant(weights["axes"]))
    frequencies = weights["frequencies"]
    phase = graph.add("MatMul", components, graph.constant(frequencies))
    waves = graph.add("Concat", graph.add("Cos", phase), graph.add("Sin", phase), axis=1)
    waves = graph.add("Mul", waves, graph.number(1 / np.sqrt(frequencies.shape[1])))
    return add_calibration(
        graph, weights, graph.add("MatMul", waves, graph.constant(weights["coefficients"]))
    )


def add_calibration(graph: Graph, weights: Weights, scores: str) -> str:
    """`estimators.logistic_calibration.Calibration.probabilities` of scores float32 `(n, k)`."""
    mean, slopes, bias = (
        weights[f"calibration.{name}"].astype(np.float64) for name in ("mean", "weights", "bias")
    )
    standard = graph.add("Sub", graph.cast(scores, np.float64), graph.constant(mean))
    scale = float(weights["calibration.scale"][0])
    standard = graph.add("Div", standard, graph.number(scale, np.float64))
    kind = "Mul" if slopes.shape == (1, 1) else "MatMul"
    logits = graph.add("Add", graph.add(kind, standard, graph.constant(slopes)), graph.constant(bias))
    # The library gives them as float32 and makes each row sum to 1 again.
    single = graph.cast(graph.cast(graph.softmax(logits), np.float32), np.float64)
    return graph.add("Div", single, graph.reduced("ReduceSum", single, 1))


#: Name in a recipe, as in `assay.training.closed_forms.CLOSED_FORMS` -> its operators.
CLOSED_FORMS: Final[Mapping[str, Callable[[Graph, Weights, str, Shape], str]]] = {
    "majority": add_majority,
    "nearest-mean": add_nearest_mean,
    "reference": add_kernel_ridge,
}
