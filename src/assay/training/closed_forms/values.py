"""What a fit in closed form gives."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Weights float32 by name; loss (mean) and accuracy on the training images, each judged by a fit that
    did not see it (for `majority`, which one image cannot change, by the fit itself)."""

    weights: Weights
    loss: float
    accuracy: float


def scored(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean loss and accuracy of probabilities `(n, k)`: a label without probability counts as 1e-12."""
    own = probabilities[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(own, 1e-12)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())
