"""Logistic calibration: multinomial logistic regression from out-of-sample scores to probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows, spread_rows
from assay.estimators.ridge import indicators
from assay.estimators.softmax import log_sum_exp, softmax

#: Rows that the map is fitted to, evenly spread: it has about a hundred parameters for ten classes.
_ROWS: Final = 20_000

#: With more classes than this the map has one slope for all instead of a matrix, which would need
#: more images than most sets have.
_MOST_CLASSES_FOR_A_MATRIX: Final = 50

_STEPS: Final = 300
_BLOCK: Final = 8192

#: Parts of the rows that `held_out` leaves out in turn: of few rows, and of more, for the time it takes.
_FOLDS: Final = 5
_FEW_ROWS: Final = 5_000
_FOLDS_OF_MORE: Final = 2

#: Pull of the weights towards 0, in images: keeps them finite where classes never overlap.
_SHRINKAGE: Final = 1.0


@dataclass(frozen=True, eq=False)
class Calibration:
    """A linear map of standardized scores to logits: `(scores - mean) / scale @ weights + bias`.

    mean, bias: `(k,)`; scale: a number; weights: `(k, k)`, or `(1, 1)` for one slope.
    """

    mean: NDArray[np.float64]
    scale: float
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def of_weights(cls, weights: Mapping[str, NDArray[np.float32]]) -> "Calibration":
        """What `as_weights` gave."""
        mean, scale, matrix, bias = (
            weights[f"calibration.{name}"].astype(np.float64) for name in ("mean", "scale", "weights", "bias")
        )
        return cls(mean, float(scale[0]), matrix, bias)

    def as_weights(self) -> dict[str, NDArray[np.float64]]:
        """Its arrays by the names that a model file has them under."""
        return {
            "calibration.mean": self.mean,
            "calibration.scale": np.array([self.scale]),
            "calibration.weights": self.weights,
            "calibration.bias": self.bias,
        }

    def probabilities(self, scores: Floats) -> NDArray[np.float32]:
        """`(n, k)` scores to float32 probabilities; each row sums to 1."""
        return np.concatenate(
            [self._block(scores[i : i + 8192]) for i in range(0, max(len(scores), 1), 8192)]
        )

    def _block(self, scores: Floats) -> NDArray[np.float32]:
        standard = (scores - self.mean) / self.scale
        if self.weights.shape == (1, 1):
            return softmax(standard * self.weights[0, 0] + self.bias).astype(np.float32)
        return softmax(standard @ self.weights + self.bias).astype(np.float32)


def fit_calibration(scores: Floats, labels: NDArray[np.int64]) -> Calibration:
    """The map that makes the labels most likely. scores: `(n, k)`, each made without its own label.

    Steps are bounded by the curvature's upper bound (Boehning, "Multinomial logistic regression
    algorithm", 1992), so that no step size is searched, and accelerated (Nesterov, 1983).
    """
    rows = spread_rows(len(scores), _ROWS)
    sample = scores[rows].astype(np.float64)
    mean, scale = sample.mean(axis=0), float(sample.std()) or 1.0
    standard = (sample - mean) / scale
    if scores.shape[1] > _MOST_CLASSES_FOR_A_MATRIX:
        slope = _fit_slope(standard, labels[rows])
        return Calibration(mean, scale, np.array([[slope]]), np.zeros(len(mean)))
    weights = _fit_matrix(standard, labels[rows])
    return Calibration(mean, scale, weights[:-1], weights[-1])


def held_out(
    whole: Calibration, scores: Floats, labels: Rows, groups: Rows | None = None
) -> NDArray[np.float32]:
    """The probabilities of each row by a map that was fitted without it, `(n, k)`.

    A map has k (k + 1) parameters: of six images of each of 26 letters, of which the scores tell 75 %, it
    makes 100 % of the labels that it was fitted to, and 86 % of others. whole: the map that was fitted to all
    rows; many rows have it, for it says hardly more of those it was fitted to than of others, and so have
    rows of one group alone. groups: int64 `(n,)`, equal for rows that are left out together.
    """
    n = len(scores)
    folds = _folds(labels, np.arange(n) if groups is None else groups)
    if n > _ROWS or len(np.unique(folds)) == 1:
        return whole.probabilities(scores)
    found = np.empty(scores.shape, np.float32)
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        found[own] = fit_calibration(scores[others], labels[others]).probabilities(scores[own])
    return found


def _folds(labels: Rows, groups: Rows) -> Rows:
    """The fold of each row: groups by turns, class after class."""
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    turn = np.empty(len(first), np.int64)
    folds = _FOLDS if len(labels) <= _FEW_ROWS else _FOLDS_OF_MORE
    turn[np.lexsort((first, labels[first]))] = np.arange(len(first)) % folds
    return turn[place.ravel()]


def _fit_matrix(standard: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights `(k + 1, k)`, the bias last."""
    n, k = standard.shape
    inputs = np.hstack([standard, np.ones((n, 1))])
    hot = indicators(labels, k)
    step = np.linalg.inv(inputs.T @ inputs / 2 + _SHRINKAGE * np.eye(k + 1))
    weights = ahead = np.zeros((k + 1, k))
    for i in range(_STEPS):
        slope = inputs.T @ (softmax(inputs @ ahead) - hot) + _SHRINKAGE * ahead
        moved = ahead - step @ slope
        ahead = moved + i / (i + 3) * (moved - weights)
        weights = moved
    return weights


def _fit_slope(standard: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The one slope (of a fixed geometric grid) that makes the labels most likely."""
    grid = np.geomspace(0.1, 1000, 41)
    rows = np.arange(len(labels))[:2000]
    own = standard[rows, labels[rows]]
    losses = [np.mean(log_sum_exp(g * standard[rows]) - g * own) for g in grid]
    return float(grid[int(np.argmin(losses))])
