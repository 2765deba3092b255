"""Classes that nothing tells apart are named; classes that are merely alike, or mislabelled, are not."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.estimators.noise.inseparable import Inseparable, between, inseparable_pairs, sorted_out
from assay.estimators.noise.pair_flips import PairFlip


def drawn(apart: float, n: int, seed: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities of three classes; the first two lie so many deviations apart, labels by them."""
    rng = np.random.default_rng(seed)
    true = np.repeat([0, 1, 2], n)
    at = rng.normal(np.array([0.0, apart, 30.0])[true], 1)
    logs = -0.5 * (at[:, None] - np.array([0.0, apart, 30.0])) ** 2
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    labels = np.where(rng.random(3 * n) < noise, rng.integers(0, 3, 3 * n), true)
    return p / p.sum(axis=1, keepdims=True) + rng.normal(0, 1e-3, p.shape).clip(0), labels


@pytest.mark.parametrize("n", [40, 100, 400])
def test_classes_of_the_same_pictures_are_named(n: int) -> None:
    """In nearly all draws, and no other pair."""
    found = [inseparable_pairs(*drawn(0.0, n, seed)) for seed in range(20)]
    assert sum([(pair.first, pair.second) for pair in pairs] == [(0, 1)] for pairs in found) >= 19


@pytest.mark.parametrize("apart", [2.0, 3.0, 8.0])
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("n", [18, 100, 400])
def test_classes_that_are_alike_or_mislabelled_are_not(apart: float, noise: float, n: int) -> None:
    """Answers right for 84 % and more, a tenth of the labels drawn anew."""
    found = [inseparable_pairs(*drawn(apart, n, seed, noise)) for seed in range(20)]
    assert sum(map(bool, found)) <= 2


def test_five_images_that_look_like_the_other_class_are_named() -> None:
    """Each is given the other class, as that has five of its kind and its own but four; a guess, no less. Of
    four nothing is said; nor where one label of each class, of five, was exchanged."""
    answers = np.repeat([[0.1, 0.9, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 1.0]], 5, axis=0)
    labels = np.repeat([0, 1, 2], 5)
    assert inseparable_pairs(answers, labels) == (Inseparable(0, 1, 0.5),)
    four = np.delete(np.arange(15), [0, 5])
    assert inseparable_pairs(answers[four], labels[four]) == ()
    told = answers[np.repeat([1, 0, 2], 5) * 5]
    told[[0, 5]] = told[[5, 0]]
    assert inseparable_pairs(told, labels) == ()


def test_the_area_is_that_of_scikit_learn() -> None:
    p, labels = drawn(0.3, 50, 3)
    (pair,) = inseparable_pairs(p, labels)
    rows = labels < 2
    wanted = roc_auc_score(labels[rows] == 0, np.log(p[rows, 0]) - np.log(p[rows, 1]))
    assert pair.told_apart == pytest.approx(wanted, abs=1e-12)


def test_which_labels_lie_between_a_pair() -> None:
    p, labels = drawn(0.0, 100, 0)
    pairs = inseparable_pairs(p, labels)
    assert between(pairs, np.array([0, 1, 0, 2]), np.array([1, 0, 2, 0])).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert not between((), np.array([0]), np.array([1])).any()
    assert inseparable_pairs(np.zeros((0, 3)), np.zeros(0, np.int64)) == ()
    assert inseparable_pairs(np.ones((5, 1)), np.zeros(5, np.int64)) == ()


def test_no_pair_is_both_mixed_up_and_not_told_apart() -> None:
    """Two classes of one picture may look exchanged; in either split that is no exchange."""
    p, labels = drawn(0.0, 100, 0)
    alike, mixed = PairFlip(1, 0, 0.3, 3, 10, 100, 1e-4), PairFlip(2, 1, 0.3, 3, 10, 100, 1e-4)
    flips = {"train": (alike, mixed), "test": (alike,)}
    exchanged, pairs = sorted_out(p, labels, flips)
    assert exchanged == {"train": (mixed,), "test": ()}
    assert [pair[:2] for pair in pairs] == [(0, 1)]
