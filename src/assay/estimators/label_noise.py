"""Posterior of labels that are all right, by a classifier: to measure what a rule does to them.

The labels that a classifier is calibrated on may be wrong for reasons that no picture shows. A softmax can
allow for them only by being less sure of every picture, which would pass for doubt about the pictures. With a
floor under every class beside it, the softmax is left to tell of the pictures alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, spread_rows
from assay.estimators.temperature_scaling import lowest

#: Images that floor and temperature are fitted to, and probabilities of them, at most.
_MOST_ROWS: Final = 20_000
_MOST_VALUES: Final = 2_000_000

#: More than this share of labels without reason is no floor any more.
_HIGHEST_FLOOR: Final = 0.5

#: Steps of the bisection for the floor: to 1e-9.
_STEPS: Final = 30

_TINY: Final = 1e-30

#: Classes with less than this probability are not kept one by one.
_KEPT: Final = 0.05


@dataclass(frozen=True)
class LabelPosterior:
    """For each of n images the classes that the classifier does not rule out, and with what probability.

    counts: how many classes each image has here. labels, probabilities, disputed: of all images one after the
    other; disputed: whether the image's label would be disputed, were it this class. rest_disputed: for each
    image the share of the other classes, by their probability, of which the same is true.
    floor: the share of labels that no picture explains. temperature: of the probabilities without it.
    """

    counts: tuple[int, ...]
    labels: tuple[int, ...]
    probabilities: tuple[float, ...]
    disputed: tuple[bool, ...]
    rest_disputed: tuple[float, ...]
    floor: float
    temperature: float


def fit_floor(probabilities: Floats, labels: NDArray[np.int64]) -> tuple[float, float]:
    """The share of labels that no picture explains, and the temperature of the rest.

    `(1 - floor) * p ** (1 / temperature) + floor / k` is made as likely as can be: where the classifier is
    the surest, its mistakes should vanish; what is left of them there is the floor. (The lapse rate of
    psychometric functions: Wichmann and Hill 2001.) probabilities: `(n, k)`, out of sample; labels: `(n,)`.
    Labels that are wrong in a way that looks like the picture (always the most similar class) are no floor.
    """
    rows = spread_rows(len(labels), min(_MOST_ROWS, max(_MOST_VALUES // probabilities.shape[1], 1)))
    logs = np.log(np.maximum(probabilities[rows].astype(np.float64), _TINY))
    own, chance = labels[rows], 1 / probabilities.shape[1]

    def explained(exponent: float) -> NDArray[np.float64]:
        raised = np.exp((logs - logs.max(axis=1, keepdims=True)) * np.exp(-exponent))
        share: NDArray[np.float64] = raised[np.arange(len(own)), own] / raised.sum(axis=1)
        return share

    def loss(exponent: float) -> float:
        p = explained(exponent)
        floor = _floor(p, chance)
        return float(-np.log(np.maximum((1 - floor) * p + floor * chance, _TINY)).sum() + exponent**2 / 2)

    exponent = lowest(loss, -3.0, 3.0)
    return _floor(explained(exponent), chance), float(np.exp(exponent))


def _floor(p: NDArray[np.float64], chance: float) -> float:
    """The most likely floor for given probabilities of the labels: where the slope, which falls, is 0."""
    low, high = 0.0, _HIGHEST_FLOOR
    for _ in range(_STEPS):
        middle = (low + high) / 2
        slope = ((chance - p) / np.maximum((1 - middle) * p + middle * chance, _TINY)).sum()
        low, high = (middle, high) if slope > 0 else (low, middle)
    return low


def label_posterior(
    probabilities: Floats, floor: float, temperature: float, disputed: NDArray[np.bool_]
) -> LabelPosterior:
    """`(n, k)` probabilities as a posterior, stored sparsely: classes below `_KEPT` are left out.

    disputed: bool `(n, k)`, the classes that would be disputed, were they the image's label.
    """
    rest = np.where(probabilities < _KEPT, probabilities, 0).astype(np.float64)
    shares = (rest * disputed).sum(axis=1) / np.maximum(rest.sum(axis=1), _TINY)
    rows, labels = np.nonzero(probabilities >= _KEPT)
    return LabelPosterior(
        counts=tuple(np.bincount(rows, minlength=len(probabilities)).tolist()),
        labels=tuple(labels.tolist()),
        probabilities=tuple(np.round(probabilities[rows, labels].astype(np.float64), 4).tolist()),
        disputed=tuple(disputed[rows, labels].tolist()),
        rest_disputed=tuple(np.round(shares, 4).tolist()),
        floor=floor,
        temperature=temperature,
    )


@dataclass(frozen=True, eq=False)
class Chances:
    """What would happen to each image were its label drawn from the posterior; float64 `(n,)` each.

    answer: the label is the one that was predicted. disputed: the label is disputed. both: both of these.
    """

    answer: NDArray[np.float64]
    disputed: NDArray[np.float64]
    both: NDArray[np.float64]


def chances(posterior: LabelPosterior, predicted: NDArray[np.int64], class_count: int) -> Chances:
    """The chances of each image, given the class int64 `(n,)` that somebody predicted for it.

    Classes that were left out share what is left evenly.
    """
    n = len(predicted)
    counts = np.asarray(posterior.counts, np.int64)
    row = np.repeat(np.arange(n), counts)
    kept = np.asarray(posterior.probabilities, np.float64)
    others = np.maximum(class_count - counts, 0)
    rest = np.maximum(1 - np.bincount(row, kept, n), 0) / np.maximum(others, 1)
    power = 1 / posterior.temperature
    kept_mass, rest_mass = kept**power, rest**power
    total = np.bincount(row, kept_mass, n) + others * rest_mass
    total[total <= 0] = 1
    named = np.asarray(posterior.labels, np.int64) == predicted[row]
    answer_kept = np.bincount(row[named], kept_mass[named], n) / total
    is_kept = np.bincount(row[named], minlength=n) > 0
    out = np.asarray(posterior.disputed, bool)
    rest_out = np.asarray(posterior.rest_disputed, np.float64)
    disputed = (np.bincount(row[out], kept_mass[out], n) + others * rest_mass * rest_out) / total
    both_kept = np.bincount(row[named & out], kept_mass[named & out], n) / total
    both = np.where(is_kept, both_kept, rest_mass * rest_out / total)
    return Chances(np.where(is_kept, answer_kept, rest_mass / total), disputed, both)
