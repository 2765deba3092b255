"""Probabilities from scores."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from assay.estimators.logistic_calibration import fit_calibration
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
