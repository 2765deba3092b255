"""Mahalanobis distance of a picture to the training images, in features of any kind.

The distance is Mahalanobis' to the nearest class mean with one covariance for all classes (Lee, Lee, Lee and
Shin, "A simple unified framework for detecting out-of-distribution samples", NeurIPS 2018), in principal
components; the length of what these leave out counts as one more coordinate, for a strange picture often
lies where no training picture varies.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s
from assay.estimators.principal_components import principal_axes, principal_axes_of_few

#: Principal components kept at most, and numbers that their axes may hold (wide features get fewer).
COMPONENTS: Final = 128
_MOST_NUMBERS: Final = 4_000_000

#: Share of the mean variance that is added to every direction: keeps the inverse finite where few images,
#: or images that hardly differ, leave a direction without variance. A tenth of it catches as much.
_RIDGE: Final = 0.1

#: Share of the training images that lie within one unit of distance.
_WITHIN: Final = 0.99


@dataclass(frozen=True, eq=False)
class OodSpace:
    """Where the training images lie.

    mean: float32 `(features,)`; axes: float32 `(features, m)`, columns of unit length.
    centers: float32 `(classes, m + 1)`; whitening: float32 `(m + 1, m + 1)`, which makes the spread around
    the centers the same in every direction.
    """

    mean: Float32s
    axes: Float32s
    centers: Float32s
    whitening: Float32s

    def coordinates(self, features: Float32s) -> Float32s:
        """Principal components of `(n, features)` and the length of the rest: float32 `(n, m + 1)`."""
        centered = features - self.mean
        components = centered @ self.axes
        # Cheaper were the difference of the squared lengths: noise alone where little is left.
        rest = np.linalg.norm(centered - components @ self.axes.T, axis=1)
        return np.hstack([components, rest[:, None]])

    def distances(self, coordinates: Float32s) -> Float32s:
        """float32 `(n,)`: Mahalanobis distance of `(n, m + 1)` coordinates to the nearest center."""
        points, centers = coordinates @ self.whitening, self.centers @ self.whitening
        nearest = np.full(len(points), np.inf, np.float32)
        for center in centers:
            np.minimum(nearest, np.square(points - center).sum(axis=1), out=nearest)
        return np.sqrt(nearest)


def fit_space(features: Float32s, labels: NDArray[np.int64]) -> OodSpace:
    """The space of training features float32 `(n, features)`, n >= 1, with labels int64 `(n,)`."""
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    axes = _principal_axes(features - mean)
    flat = OodSpace(mean, axes, *(np.zeros((0, axes.shape[1] + 1), np.float32),) * 2)
    points = flat.coordinates(features).astype(np.float64)
    _, group = np.unique(labels, return_inverse=True)
    counts = np.bincount(group)
    centers = np.stack([np.bincount(group, column) for column in points.T], axis=1) / counts[:, None]
    whitening = _whitening(points - centers[group])
    return OodSpace(mean, axes, centers.astype(np.float32), whitening.astype(np.float32))


def in_units_of_train(space: OodSpace, features: Float32s) -> OodSpace:
    """The same space with distances in units of one that 99 in 100 training images keep within.

    features: those that the space was fitted to. So distances in several spaces can be set side by side.
    """
    unit = float(np.quantile(space.distances(space.coordinates(features)), _WITHIN))
    return replace(space, whitening=(space.whitening / np.float32(max(unit, 1e-6))).astype(np.float32))


def _principal_axes(centered: Float32s) -> Float32s:
    """The directions of most variance, strongest first: float32 `(features, m)`."""
    n, width = centered.shape
    count = max(min(COMPONENTS, _MOST_NUMBERS // width, width, n - 1), 1)
    found = principal_axes if width <= n else principal_axes_of_few
    return np.ascontiguousarray(found(centered, count)[0], np.float32)


def _whitening(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(d, d)` matrix that turns the covariance of `(n, d)` deviations into the unit matrix."""
    covariance = deviations.T @ deviations / max(len(deviations), 1)
    values, axes = np.linalg.eigh(covariance)
    ridge = _RIDGE * max(float(values.mean()), 1e-12)
    scaled: NDArray[np.float64] = axes / np.sqrt(np.maximum(values, 0) + ridge)
    return scaled


def conformal_bound(distances: Float32s, refused: float) -> tuple[float, float]:
    """The distance beyond which at most a share `refused` of familiar pictures lies, and the share promised.

    distances: `(n,)`, n >= 1, of familiar pictures that the space was not fitted to. The promise needs no
    assumption but that further pictures come as these did (split conformal prediction: Vovk, Gammerman and
    Shafer 2005; Papadopoulos et al. 2002). Fewer than `1 / refused - 1` pictures cannot promise so little:
    the bound is then the largest distance seen, and the share 1 / (n + 1).
    """
    n = len(distances)
    rank = min(math.ceil((n + 1) * (1 - refused)), n)
    return float(np.sort(distances)[rank - 1]), 1 - rank / (n + 1)
