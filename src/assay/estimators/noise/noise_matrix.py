"""Noise transition matrix, estimated from out-of-sample probabilities, and the labels that it disputes.

The true class of an image is drawn from the classifier's probabilities, made sharper or softer by one
temperature; the label is then drawn from the row of that class in a noise matrix. Both are fitted together:
where the classifier is unsure of a picture, that is its own doubt, and only labels that it contradicts where
it is otherwise right are noise. (Dawid and Skene 1979, with a classifier for the first annotator; the counts
of confident learning, Northcutt et al. 2021, take the classifier's mistakes for noise.)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows, spread_rows
from assay.estimators.noise.pair_flips import PairFlip, chances_of_flips
from assay.estimators.softmax import softmax

#: Rows that the fit takes, evenly spread, and probabilities of them, at most.
_MOST_ROWS: Final = 10_000
_MOST_VALUES: Final = 1_000_000

#: Temperatures tried, and how strongly 1 is preferred: squares of the logarithm, in nats.
TEMPERATURES: Final = tuple(float(t) for t in np.exp(np.linspace(-1.4, 0.6, 11)))
_PREFERENCE: Final = 2.0

#: A classifier that agrees with fewer of the labels is unsure of many pictures, and its probabilities are
#: right as they are (1) where labels are clean. That they are in truth surer, and what contradicts them is
#: noise, must then make the labels so many times as likely: "very strong" evidence (Kass and Raftery, "Bayes
#: factors", 1995).
_SURE: Final = 0.9
_VERY_STRONG: Final = 150.0

#: Steps of expectation and maximization, and the step from which the weight of the prior is chosen again.
_STEPS: Final = 30
_SETTLED: Final = 20

#: Images a class that "all other classes alike" weighs, against the counts: the weight is taken under which
#: the counts are the likeliest. Few where labels go to one other class, many where they go anywhere.
WEIGHTS: Final = (20.0, 60.0, 200.0)

#: With more classes the counts say too little of single pairs to choose by; the largest weight is taken.
_MOST_CLASSES: Final = 50

#: Wrong labels presumed before any is seen: keeps a ranking where none is.
_PRESUMED: Final = 0.5

_FIRST_SHARE: Final = 0.02
_TINY: Final = 1e-12
_BLOCK: Final = 8192


@dataclass(frozen=True, eq=False)
class NoiseMatrix:
    """How labels arise: matrix `(k, k)`, row the true class, column the label; each row sums to 1.

    temperature: of the probabilities that tell the true class. share: of wrong labels among those fitted to.
    weight: of the prior, one of `WEIGHTS`. flips: pairs of classes whose labels were mixed up more than a
    matrix can be told from probabilities that learned it (`pair_flips`).
    """

    matrix: NDArray[np.float64]
    temperature: float
    share: float
    weight: float
    flips: tuple[PairFlip, ...] = ()


def fit_noise_matrix(
    probabilities: Floats, labels: Rows, temperatures: tuple[float, ...] = TEMPERATURES
) -> NoiseMatrix:
    """The most likely matrix and one of the temperatures.

    probabilities: `(n, k)`, out of sample; labels: int64 `(n,)`. n may be 0: then no label is wrong.
    """
    n, k = probabilities.shape
    rows = spread_rows(n, max(min(_MOST_ROWS, _MOST_VALUES // k), 1))
    if n == 0:
        return NoiseMatrix(np.eye(k), temperatures[0], 0.0, WEIGHTS[-1])
    rows = rows[np.argsort(labels[rows], kind="stable")]
    logs = np.log(np.maximum(probabilities[rows].astype(np.float64), _TINY))
    fits = [_fitted(softmax(logs / t), labels[rows], t) for t in temperatures]
    best, noise = max(fits, key=lambda fit: fit[0])
    if (probabilities.argmax(axis=1) == labels).mean() >= _SURE:
        return noise
    believed = [noise for likelihood, noise in fits if likelihood >= best - math.log(_VERY_STRONG)]
    return min(believed, key=lambda noise: abs(math.log(noise.temperature)))


def _fitted(true: NDArray[np.float64], labels: Rows, temperature: float) -> tuple[float, NoiseMatrix]:
    """For one temperature: log-likelihood and matrix. true: `(n, k)`, rows sorted by label."""
    n, k = true.shape
    share, weight = _FIRST_SHARE, WEIGHTS[0] if k <= _MOST_CLASSES else WEIGHTS[-1]
    matrix = _even(k, share)
    for step in range(_STEPS):
        joint = true * matrix[:, labels].T
        counts = _counts(joint / joint.sum(axis=1, keepdims=True), labels)
        share = float((counts.sum() - np.trace(counts) + _PRESUMED) / (n + _PRESUMED))
        prior = _even(k, share)
        if step >= _SETTLED and step % 5 == 0 and k <= _MOST_CLASSES:
            weight = max(WEIGHTS, key=lambda w: _evidence(counts, w * prior))
        matrix = (counts + weight * prior) / (counts.sum(axis=1) + weight)[:, None]
    likelihood = np.log((true * matrix[:, labels].T).sum(axis=1)).sum()
    preferred = float(likelihood) - _PREFERENCE * float(np.log(temperature)) ** 2
    return preferred, NoiseMatrix(matrix, temperature, share, weight)


def _even(k: int, share: float) -> NDArray[np.float64]:
    """A share of wrong labels, to any other class alike."""
    matrix = np.full((k, k), share / max(k - 1, 1))
    np.fill_diagonal(matrix, 1 - share)
    return matrix


def _counts(chances: NDArray[np.float64], labels: Rows) -> NDArray[np.float64]:
    """`(k, k)`: images of each true class by label. Rows are sorted by label."""
    present, first = np.unique(labels, return_index=True)
    counts = np.zeros((chances.shape[1],) * 2)
    counts[:, present] = np.add.reduceat(chances, first, axis=0).T
    return counts


def _evidence(counts: NDArray[np.float64], prior: NDArray[np.float64]) -> float:
    """The log-likelihood of counts with each row's shares drawn from a Dirichlet distribution."""
    total = prior.sum(axis=1)
    rows = _log_gamma(total) - _log_gamma(total + counts.sum(axis=1))
    return float(rows.sum() + (_log_gamma(prior + counts) - _log_gamma(prior)).sum())


def _log_gamma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the gamma function for x > 0: Stirling's series eight places up, to 1e-10."""
    up = x + 8
    series = (up - 0.5) * np.log(up) - up + 0.5 * np.log(2 * np.pi) + 1 / (12 * up) - 1 / (360 * up**3)
    found: NDArray[np.float64] = series + 1 / (1260 * up**5)
    for step in range(8):
        found = found - np.log(x + step)
    return found


def wrong_chances(noise: NoiseMatrix, probabilities: Floats, labels: Rows) -> NDArray[np.float64]:
    """How likely each label is to be wrong, float64 `(n,)` in [0, 1]."""
    parts = [
        every_class[np.arange(len(every_class)), labels[start : start + _BLOCK]]
        for start, every_class in _blocks(noise, probabilities)
    ]
    return np.concatenate([np.zeros(0), *parts])


def exchanged_from(noise: NoiseMatrix, probabilities: Floats, labels: Rows) -> Rows:
    """The class whose images were given each label by one of `noise.flips`: int64 `(n,)`.

    -1 where that is not what makes the label likely to be wrong.
    """
    true = np.full(len(labels), -1, np.int64)
    highest = wrong_chances(replace(noise, flips=()), probabilities, labels)
    chances = chances_of_flips(noise.flips, probabilities.astype(np.float64))
    for flip, (label, chance) in zip(noise.flips, chances, strict=True):
        by_this = (labels == label) & (chance > highest)
        true[by_this], highest[by_this] = flip.true, chance[by_this]
    return true


def disputed_classes(noise: NoiseMatrix, probabilities: Floats) -> NDArray[np.bool_]:
    """Which labels would be disputed, were they given to each image: bool `(n, k)`. See `disputes`."""
    parts = [
        disputes(wrong, block, block.max(axis=1, keepdims=True, initial=0))
        for start, wrong in _blocks(noise, probabilities)
        for block in (probabilities[start : start + _BLOCK],)
    ]
    return np.concatenate([np.zeros((0, probabilities.shape[1]), bool), *parts])


def _blocks(noise: NoiseMatrix, probabilities: Floats) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The chance of every class to be a wrong label of every image, some rows at a time."""
    right = np.diag(noise.matrix)
    for start in range(0, len(probabilities), _BLOCK):
        block = probabilities[start : start + _BLOCK].astype(np.float64)
        true = softmax(np.log(np.maximum(block, _TINY)) / noise.temperature)
        wrong = np.clip(1 - true * right / (true @ noise.matrix), 0, 1)
        for label, chance in chances_of_flips(noise.flips, block):
            wrong[:, label] = np.maximum(wrong[:, label], chance)
        yield start, wrong


#: A label is disputed where it is more likely wrong than right.
DISPUTED: Final = 0.5

#: Two classes both fit where each has at least this probability: such an image is ambiguous, not wrong.
BOTH: Final = 0.35


def disputes(wrong: NDArray[np.float64], probabilities: Floats, best: Floats) -> NDArray[np.bool_]:
    """The rule, for labels of any shape: likely wrong, and neither the best fit nor one of two that fit.

    wrong: the chance that the label is wrong. probabilities: of the label. best: of the likeliest class.
    """
    found: NDArray[np.bool_] = (wrong > DISPUTED) & (probabilities < np.minimum(best, BOTH))
    return found
