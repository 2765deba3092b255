"""How labels go wrong in a set, and which labels are disputed."""

import math

import numpy as np
import pytest

from assay.estimators.noise.noise_matrix import (
    DISPUTED,
    NoiseMatrix,
    _log_gamma,
    disputed_classes,
    disputes,
    fit_noise_matrix,
    wrong_chances,
)


def world(n: int, k: int, seed: int = 0, spread: float = 0.08) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a classifier that is right as often as it says, and right labels drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, spread), n)
    return p, (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1).clip(0, k - 1)


def listed(p: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    noise = fit_noise_matrix(p, labels)
    wrong = wrong_chances(noise, p, labels)
    own = p[np.arange(len(p)), labels]
    return disputes(wrong, own, p.max(axis=1)), wrong


def test_one_chance_by_hand() -> None:
    """True class by Bayes: (.2 * .9) of (.2 * .9 + .8 * .3) speaks for the label."""
    noise = NoiseMatrix(np.array([[0.9, 0.1], [0.3, 0.7]]), 1.0, 0.2, 20.0)
    found = wrong_chances(noise, np.array([[0.2, 0.8]]), np.array([0]))
    assert found == pytest.approx([1 - 0.18 / 0.42])


def test_right_labels_of_an_unsure_classifier_are_left_alone() -> None:
    """Labels drawn from the probabilities are all right, though a tenth of them are not the best fit."""
    p, labels = world(5_000, 6)
    assert (p.argmax(axis=1) != labels).mean() > 0.1
    found, _ = listed(p, labels)
    assert found.sum() <= 5


@pytest.mark.parametrize("to", ["any class", "one class"])
def test_wrong_labels_are_listed_as_exactly_as_is_said(to: str) -> None:
    """Of the list as many are wrong as its chances add up to; most of the wrong ones stand there.

    Also where a calibration that saw the noise has made the probabilities soft.
    """
    p, labels = world(5_000, 6)
    rng = np.random.default_rng(1)
    rows = rng.choice(len(p), 400, replace=False)
    given = labels.copy()
    given[rows] = (labels[rows] + (rng.integers(1, 6, 400) if to == "any class" else 1)) % 6
    soft = p**0.6 / (p**0.6).sum(axis=1, keepdims=True)
    found, chance = listed(soft, given)
    wrong = given != labels
    assert wrong[found].mean() == pytest.approx(chance[found].mean(), abs=0.1)
    assert (found & wrong).sum() > 0.6 * wrong.sum()


def test_a_confusion_of_one_pair_weighs_more_there_than_elsewhere() -> None:
    """Where class 0 is often labelled 1, a label 1 is doubted sooner than a label 2 of equal probability."""
    p, labels = world(4_000, 5)
    zeros = np.flatnonzero(labels == 0)[::4]
    given = labels.copy()
    given[zeros] = 1
    noise = fit_noise_matrix(p, given)
    assert noise.matrix[0, 1] > 5 * noise.matrix[0, 2]
    twins = np.array([[0.9, 0.06, 0.02, 0.01, 0.01], [0.9, 0.02, 0.06, 0.01, 0.01]])
    one, two = wrong_chances(noise, twins, np.array([1, 2]))
    assert one > two
    assert one > DISPUTED


def test_no_image_is_both_ambiguous_and_wrong() -> None:
    """Two classes of .35 and more are told as ambiguous, however likely a confusion."""
    noise = NoiseMatrix(np.array([[0.5, 0.5], [0.0, 1.0]]), 1.0, 0.25, 20.0)
    p = np.array([[0.6, 0.4], [0.7, 0.3]])
    wrong = wrong_chances(noise, p, np.array([1, 1]))
    assert disputes(np.maximum(wrong, 0.9), p[:, 1], p.max(axis=1)).tolist() == [False, True]


def test_the_rule_for_every_class_is_the_rule_for_the_label() -> None:
    """What a simulation asks of all classes agrees with what the check asks of one."""
    p, labels = world(500, 4, seed=3)
    labels[:60] = (labels[:60] + 1) % 4
    noise = fit_noise_matrix(p, labels)
    own = p[np.arange(len(p)), labels]
    rule = disputes(wrong_chances(noise, p, labels), own, p.max(axis=1))
    assert rule.any()
    np.testing.assert_array_equal(disputed_classes(noise, p)[np.arange(len(p)), labels], rule)


@pytest.mark.parametrize("k", [2, 60])
def test_few_images_many_classes_and_none(k: int) -> None:
    """Classes without an image, more classes than are chosen by, an empty split: rows that sum to 1."""
    p, labels = world(40, k, seed=4)
    for part in (slice(None), slice(0)):
        noise = fit_noise_matrix(p[part], labels[part])
        assert noise.matrix.sum(axis=1) == pytest.approx(np.ones(k))
        assert len(wrong_chances(noise, p[part], labels[part])) == len(p[part])
        assert disputed_classes(noise, p[part]).shape == p[part].shape


def test_the_logarithm_of_the_gamma_function() -> None:
    """Beside the standard library's."""
    x = np.array([1e-4, 0.3, 1.0, 2.5, 40.0, 5e3])
    assert _log_gamma(x) == pytest.approx([math.lgamma(value) for value in x], abs=1e-8, rel=1e-10)


def test_doubt_is_taken_for_noise_on_strong_evidence_alone() -> None:
    """A classifier that is right for two in three: of 60 sets of 150 right labels, drawn from its
    probabilities, none says that these were in truth surer. Of 1,000 labels a wrong tenth does say so."""
    clean = [fit_noise_matrix(*world(150, 4, seed, spread=0.5)).temperature for seed in range(60)]
    assert clean == pytest.approx([1.0] * 60)
    p, labels = world(1000, 4, spread=0.02)
    given = np.where(np.arange(1000) % 10 == 0, (labels + 1) % 4, labels)
    soft = 0.85 * p + 0.15 / 4
    assert fit_noise_matrix(soft, given).temperature < 0.9


def test_labels_that_take_turns_are_looked_at_as_any_others() -> None:
    """Of two classes in turn, a fifth of the second labelled as the first: the matrix of any order."""
    p, labels = world(40_000, 2)
    kept = min(np.bincount(labels))
    rows = np.stack([np.flatnonzero(labels == label)[:kept] for label in (0, 1)])[:, :10_000].T.ravel()
    p, labels = p[rows], labels[rows]
    assert labels[:4].tolist() == [0, 1, 0, 1]
    wrong = (labels == 1) & (np.random.default_rng(1).random(len(labels)) < 0.2)
    given, mixed = np.where(wrong, 0, labels), np.random.default_rng(2).permutation(len(labels))
    found, of_mixed = fit_noise_matrix(p, given).matrix, fit_noise_matrix(p[mixed], given[mixed]).matrix
    assert found == pytest.approx(of_mixed, abs=0.02)
    assert found[1, 0] == pytest.approx(0.2, abs=0.03)
