"""Probabilities from scores."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from assay.estimators import logistic_calibration
from assay.estimators.logistic_calibration import fit_calibration, held_out
from assay.estimators.softmax import softmax


def scored(n: int, k: int, seed: int = 0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, k, n)
    scores = generator.normal(size=(n, k))
    scores[np.arange(n), labels] += 1.5
    return scores, labels


def test_probabilities_equal_scikit_learns_logistic_regression():
    """The map is the maximum-likelihood multinomial regression (with next to no shrinkage)."""
    scores, labels = scored(3000, 4)
    ours = fit_calibration(scores, labels).probabilities(scores)
    oracle = LogisticRegression(C=1.0, max_iter=1000).fit(scores, labels).predict_proba(scores)
    np.testing.assert_allclose(ours, oracle, atol=2e-3)


def test_stated_probabilities_come_true():
    """Among images with probability about p for a class, about a share p belongs to it."""
    scores, labels = scored(20_000, 3, seed=1)
    probabilities = fit_calibration(scores[::2], labels[::2]).probabilities(scores[1::2])
    hit = labels[1::2] == probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    for low in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        chosen = (confidence >= low) & (confidence < low + 0.1)
        assert abs(hit[chosen].mean() - confidence[chosen].mean()) < 0.05


def test_many_classes_get_one_slope():
    """Beyond 50 classes one slope is fitted, and the probabilities still favor the true class."""
    scores, labels = scored(600, 60, seed=2)
    calibration = fit_calibration(scores, labels)
    assert calibration.weights.shape == (1, 1)
    own = calibration.probabilities(scores)[np.arange(600), labels]
    assert own.mean() > 3 / 60


def test_constant_scores_give_the_class_shares():
    """Scores that tell nothing give every image the shares of the classes."""
    labels = np.array([0] * 300 + [1] * 100)
    probabilities = fit_calibration(np.ones((400, 2)), labels).probabilities(np.ones((3, 2)))
    np.testing.assert_allclose(probabilities, [[0.75, 0.25]] * 3, atol=0.01)


def test_softmax_of_huge_logits_is_finite():
    """Logits of a thousand do not overflow."""
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0]])), [[1.0, 0.0]])


def agreement(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def test_few_rows_are_not_told_by_their_own_labels():
    """Six rows of each of 26 classes: a map makes all labels that it was fitted to, and of new rows fewer
    than half; held out, the rows are told as new ones are."""
    generator = np.random.default_rng(0)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 26
        scores = generator.normal(size=(n, 26))
        scores[np.arange(n), labels] += 2.5
        return scores, labels

    (scores, labels), (others, of_others) = drawn(156), drawn(5200)
    fitted = fit_calibration(scores, labels)
    assert agreement(fitted.probabilities(scores), labels) == 1.0
    new = agreement(fitted.probabilities(others), of_others)
    assert new < 0.5
    assert abs(agreement(held_out(fit_calibration(scores, labels), scores, labels), labels) - new) < 0.12


def test_held_out_rows_are_those_of_maps_without_them():
    """Ten rows, two classes by turns: the i-th row of each class is in fold i of five."""
    scores, _ = scored(10, 2)
    labels = np.arange(10) % 2
    found = held_out(fit_calibration(scores, labels), scores, labels)
    for fold in range(5):
        rows = np.flatnonzero(np.arange(10) // 2 == fold)
        others = np.setdiff1d(np.arange(10), rows)
        expected = fit_calibration(scores[others], labels[others]).probabilities(scores[rows])
        np.testing.assert_allclose(found[rows], expected, atol=1e-6)


def test_groups_are_held_out_as_a_whole():
    """Forty pictures eight times each, labelled by a coin of six sides: nobody can tell a new one."""
    generator = np.random.default_rng(0)
    scores = np.repeat(generator.normal(size=(40, 6)), 8, axis=0)
    labels, groups = np.repeat(generator.integers(0, 6, 40), 8), np.repeat(np.arange(40), 8)
    own = np.arange(320), labels
    assert held_out(fit_calibration(scores, labels), scores, labels)[own].mean() > 0.3
    assert held_out(fit_calibration(scores, labels), scores, labels, groups)[own].mean() < 0.25


def test_many_rows_have_one_map(monkeypatch: pytest.MonkeyPatch):
    """Beyond the rows that a map is fitted to, the probabilities are those of one map, to the bit."""
    scores, labels = scored(300, 3)
    monkeypatch.setattr(logistic_calibration, "_ROWS", 299)
    expected = fit_calibration(scores, labels).probabilities(scores)
    np.testing.assert_array_equal(held_out(fit_calibration(scores, labels), scores, labels), expected)


def test_rows_of_one_group_have_one_map():
    """Nothing is left to fit a map to without them."""
    scores, labels = scored(30, 3)
    whole = fit_calibration(scores, labels)
    found = held_out(whole, scores, labels, np.full(30, 7))
    np.testing.assert_array_equal(found, whole.probabilities(scores))
