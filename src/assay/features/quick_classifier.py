"""Quick baseline: a linear classifier on hand-made features, to examine data before training."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Floats
from assay.estimators import ridge
from assay.estimators.projections import fit_components

_COMPONENTS: Final = 128


def fit_quick_classifier(
    described: Float32s, labels: NDArray[np.int64], class_count: int
) -> Callable[[Float32s], Floats]:
    """Ridge regression on the principal components of `hand_made.describe`, without random waves.

    described: `(n, features)`; labels: `(n,)`. Returns what gives the scores `(m, class_count)` of other
    images, by what they are described as: the largest of a row is the answer.
    """
    axes = fit_components(described, _COMPONENTS)
    fitted = ridge.fit(lambda: [axes.project(described)], labels, class_count)
    return lambda asked: ridge.predict(fitted, lambda: [axes.project(asked)])
