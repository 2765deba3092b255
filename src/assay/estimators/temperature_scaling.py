"""Temperature scaling: one parameter that calibrates the probabilities of a classifier.

Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, spread_rows
from assay.estimators.softmax import log_sum_exp

#: The temperature stays between 1 / e^3 and e^3 (0.05 to 20), whatever the images say.
_WIDEST: Final = 3.0

#: Probabilities compared at each step at most: of more images, these are spread evenly.
_MOST_VALUES: Final = 2_000_000

#: Steps of the search: the last interval is 1e-8 wide.
_STEPS: Final = 42

_GOLDEN: Final = (np.sqrt(5) - 1) / 2

#: Below this a probability is taken for this: its logarithm stays finite.
_TINY: Final = 1e-300


def tempered(probabilities: Floats, temperature: float) -> NDArray[np.float64]:
    """`p ** (1 / temperature)`, each row `(n, k)` summing to 1 again: softmax(logits / temperature).

    The order within a row stays, so no prediction changes. 1 gives the probabilities as they are.
    """
    own = probabilities.astype(np.float64, copy=False)
    if temperature == 1 or own.size == 0:
        return own
    # Over the largest of the row: the power of a small one alone could leave the range of the numbers.
    raised: NDArray[np.float64] = (own / own.max(axis=1, keepdims=True)) ** (1 / temperature)
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def fit_temperature(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature that makes the labels most likely, given that it is probably near 1.

    probabilities: `(n, k)` for images that the classifier was not fitted to; labels: int64 `(n,)`.
    The logarithm of the temperature has a standard normal prior: worth less than one image, it decides
    nothing where there are many, and keeps the temperature finite where all answers are right or there is a
    single image. Raises ValueError without images.
    """
    if not len(labels):
        raise ValueError("no temperature can be fitted to no images")
    rows = spread_rows(len(labels), max(_MOST_VALUES // probabilities.shape[1], 1))
    logs = np.log(np.maximum(probabilities[rows].astype(np.float64), _TINY))
    own = logs[np.arange(len(rows)), labels[rows]]

    def loss(exponent: float) -> float:
        scale = np.exp(-exponent)
        return float((log_sum_exp(scale * logs) - scale * own).sum() + exponent**2 / 2)

    return float(np.exp(lowest(loss, -_WIDEST, _WIDEST)))


def lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley between `low` and `high` is lowest: golden section (Kiefer 1953)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2
