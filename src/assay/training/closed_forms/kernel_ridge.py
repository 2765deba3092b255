"""Kernel ridge regression on edges and pooled pixels: the reference classifier of the audit as a model.

Of fewer than 4,096 images the audit sees the kernel itself (`assay.estimators.exact_kernel`); this model sees
random features of it at any size, for it must be small, whatever it was fitted to.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows, Shape, spread_rows
from assay.core.errors import AssayError
from assay.data.splitting.stratified import left_out_together
from assay.data.values import Split
from assay.estimators import ridge, ridge_solution
from assay.estimators.logistic_calibration import Calibration, fit_calibration, held_out
from assay.estimators.projections import Components, Fourier, fit_components, fit_fourier
from assay.features.hand_made import (
    COLOR_CELLS,
    DIRECTIONS,
    GRADIENT_CELLS,
    PIXEL_CELLS,
    describe,
    describe_block,
)
from assay.training.closed_forms.values import Fitted, Weights, scored
from assay.training.model.values import LayerRow

#: Scores are kept for all images and classes while fitting; beyond so many (800 MB) there is no fit.
_MOST_SCORES: Final = 200_000_000

#: Above so many classes the calibration has one slope for all (see `assay.estimators.logistic_calibration`).
_MATRIX_CLASSES: Final = 50

#: Of `fit_in_steps`: the kernel's width in median distances (with many features a narrower one is better: see
#: docs/experiments.md), images described at a time, features that the penalty is found with, and images that
#: the calibration is fitted to.
_WIDTH: Final = 0.75
_STEP: Final = 8_192
_FEW_FEATURES: Final = 1_024
_CALIBRATING: Final = 8_192


def resolve(count: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Of few images no more than half as many Fourier features, an even number, so that some are left out."""
    return {**options, "fourier_features": max(min(options["fourier_features"], count // 2) // 2 * 2, 2)}


def fit(
    split: Split, rows: NDArray[np.int64], class_count: int, seed: int, options: Mapping[str, Any]
) -> Fitted:
    """Components, Fourier features drawn from `seed`, ridge regression, and a calibration on leave-one-out
    scores. Raises AssayError `recipe-does-not-fit` where the scores would not fit into memory."""
    if len(rows) * class_count > _MOST_SCORES:
        problem = f"{len(rows):,} images of {class_count:,} classes need more scores than memory allows"
        raise AssayError("recipe-does-not-fit", "reference", problem, "Choose another --model.")
    labels, described = split.labels[rows], describe(split, rows)
    axes = fit_components(described, options["components"])
    components = axes.project(described)
    fourier = fit_fourier(components, options["fourier_features"], seed=seed)

    def blocks() -> Iterator[Float32s]:
        return fourier.blocks(components)

    groups = left_out_together(split)[rows]
    fitted = ridge.fit(blocks, labels, class_count, groups)
    scores = ridge.leave_one_out(fitted, blocks, labels, groups)
    calibration = fit_calibration(scores, labels)
    answers = held_out(calibration, scores, labels, groups).astype(np.float64)
    coefficients = fitted.axes @ fitted.coefficients
    return Fitted(_weights(axes, fourier, coefficients, calibration), *scored(answers, labels))


def fit_in_steps(
    split: Split,
    rows: NDArray[np.int64],
    class_count: int,
    seed: int,
    options: Mapping[str, Any],
    go_on: Callable[[], None],
) -> Weights:
    """The weights of `fit`, many times as fast with many features, and nearly the same.

    The kernel is narrower; the penalty is found with `_FEW_FEATURES`, as a share of the mean eigenvalue; the
    calibration is fitted to a sample of the images. go_on: called between the steps; what it raises ends all.
    """
    labels, described = split.labels[rows], []
    for start in range(0, len(rows), _STEP):
        go_on()
        described.append(describe(split, rows[start : start + _STEP]))
    axes = fit_components(np.concatenate(described), options["components"])
    # One after the other: what is described would else be whole in memory twice.
    components = np.concatenate([axes.project(described.pop(0)) for _ in range(len(described))])
    fourier = fit_fourier(components, options["fourier_features"], _WIDTH, seed)

    def blocks(some: Fourier, of: Float32s) -> Iterator[Float32s]:
        for block in some.blocks(of):
            go_on()
            yield block

    few = Fourier(np.ascontiguousarray(fourier.frequencies[:, : _FEW_FEATURES // 2]))
    groups = left_out_together(split)[rows]
    share = ridge.fit(lambda: blocks(few, components), labels, class_count, groups).share
    solution = ridge_solution.solve(lambda: blocks(fourier, components), labels, class_count, share, go_on)
    sample = _whole_groups(groups)
    left = blocks(fourier, components[sample])
    scores = ridge_solution.left_out(solution, left, labels[sample], groups[sample])
    return _weights(axes, fourier, solution.coefficients, fit_calibration(scores, labels[sample]))


def _whole_groups(groups: Rows) -> Rows:
    """About `_CALIBRATING` rows, evenly spread, with all others of their groups, which are left out whole."""
    numbers, sizes = np.unique(groups, return_counts=True)
    met = np.isin(numbers, groups[spread_rows(len(groups), _CALIBRATING)])
    numbers, sizes = numbers[met], sizes[met]
    most = len(numbers) * 2 * _CALIBRATING // int(sizes.sum())
    return np.flatnonzero(np.isin(groups, numbers[spread_rows(len(numbers), max(most, 1))]))


def _weights(axes: Components, fourier: Fourier, coefficients: Any, calibration: Calibration) -> Weights:
    arrays = {
        "mean": axes.mean,
        "axes": axes.axes,
        "frequencies": fourier.frequencies,
        "coefficients": coefficients,
        **calibration.as_weights(),
    }
    return {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}


def probabilities(weights: Weights, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Calibrated probabilities."""
    components = Components(weights["mean"], weights["axes"]).project(describe_block(images))
    fourier = Fourier(weights["frequencies"])
    scores = np.concatenate([block @ weights["coefficients"] for block in fourier.blocks(components)])
    calibration = Calibration.of_weights(weights)
    found: NDArray[np.float64] = calibration.probabilities(scores).astype(np.float64)
    found /= found.sum(axis=1, keepdims=True)
    return found


def weight_shapes(shape: Shape, class_count: int, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of each weight."""
    described, size = _described(shape), options["fourier_features"]
    components = min(options["components"], described)
    slopes = 1 if class_count > _MATRIX_CLASSES else class_count
    return {
        "mean": (described,),
        "axes": (described, components),
        "frequencies": (components, size // 2),
        "coefficients": (size, class_count),
        "calibration.mean": (class_count,),
        "calibration.scale": (1,),
        "calibration.weights": (slopes, slopes),
        "calibration.bias": (class_count,),
    }


def _described(shape: Shape) -> int:
    """How many features `describe` gives images of `shape`."""
    channels = shape[2]
    color = COLOR_CELLS**2 * channels if channels > 1 else 0
    return DIRECTIONS * GRADIENT_CELLS**2 + PIXEL_CELLS**2 + color


def layers(shape: Shape, class_count: int, options: Mapping[str, Any]) -> tuple[LayerRow, ...]:
    """Four steps. Multiply-adds are those of the matrix products; pooling edges costs little beside them."""
    sizes = {name: int(np.prod(size)) for name, size in weight_shapes(shape, class_count, options).items()}
    described, features = _described(shape), options["fourier_features"]
    components = min(options["components"], described)
    calibrated = sum(size for name, size in sizes.items() if name.startswith("calibration"))

    def row(name: str, kind: str, width: int, parameters: int, multiply_adds: int) -> LayerRow:
        return LayerRow(name, kind, (None, width), parameters, multiply_adds, _PURPOSES[kind])

    return (
        row("features", "Gradients", described, 0, 0),
        row("axes", "Components", components, sizes["mean"] + sizes["axes"], sizes["axes"]),
        row("frequencies", "Fourier", features, sizes["frequencies"], sizes["frequencies"]),
        row("coefficients", "Ridge", class_count, sizes["coefficients"], sizes["coefficients"]),
        row("calibration", "Calibration", class_count, calibrated, sizes["calibration.weights"]),
    )


_PURPOSES: Final = {
    "Gradients": "pools edges of eight directions and gray levels over small cells; nothing is learned",
    "Components": "keeps the directions in which the training images differ most",
    "Fourier": "random waves, by which a linear classifier can draw curved borders",
    "Ridge": "weighs every wave for every class, by least squares",
    "Calibration": "turns scores into logits, fitted on images judged without themselves",
}
