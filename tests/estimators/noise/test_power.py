"""The share of wrong labels that would be told: by hand, and against labels that are made wrong."""

import numpy as np
import pytest

from assay.estimators.noise.noise_matrix import NoiseMatrix, disputes, wrong_chances
from assay.estimators.noise.pair_flips import PairFlip
from assay.estimators.noise.power import told_of_wrong


def test_by_hand() -> None:
    """With 1 of 10 labels wrong, the label of the less likely of two classes is, where that has under .1."""
    p = np.array([[0.95, 0.05], [0.85, 0.15], [0.08, 0.92], [0.5, 0.5]])
    # .05 * .9 / (.05 * .9 + .95 * .1) = .32 right; .15 * .9 / (.15 * .9 + .85 * .1) = .61; .08: .44; .5: .9
    assert told_of_wrong(p, np.array([0, 0, 1, 1]), 1.0, 0.1) == 0.5
    # Had the second and the third image their wrong label already, nothing would be told of them.
    assert told_of_wrong(p, np.array([0, 1, 0, 1]), 1.0, 0.1) == 0.25


@pytest.mark.parametrize("apart", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("k", [2, 5])
def test_as_many_are_told_of_labels_that_are_made_wrong(apart: float, k: int) -> None:
    """Pictures of known probabilities; a tenth of their labels are made wrong and judged by the rule."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, 20_000)
    logs = rng.normal(0, 1, (len(true), k)) * np.sqrt(apart)
    logs[np.arange(len(true)), true] += apart
    p = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    share = 0.1
    labels, wrong = true.copy(), rng.random(len(true)) < share
    labels[wrong] = (true[wrong] + rng.integers(1, k, wrong.sum())) % k
    noise = NoiseMatrix((1 - share) * np.eye(k) + share / (k - 1) * (1 - np.eye(k)), 1.0, share, 0.0)
    own = p[np.arange(len(true)), labels]
    found = disputes(wrong_chances(noise, p, labels), own, p.max(axis=1))[wrong].mean()
    assert told_of_wrong(p, true, 1.0, share) == pytest.approx(found, abs=0.04)


def test_labels_of_a_pair_that_is_mixed_up_are_told_beside() -> None:
    """Of pictures with .9 and .1 no label is disputed for noise of 1 %; where .3 of class 0 are given as 1,
    the label 1 is: half of those that can be wrong. A finding told 34 such labels and a power of 0."""
    p = np.array([[0.9, 0.1], [0.1, 0.9]] * 10)
    labels = np.array([0, 1] * 10)
    assert told_of_wrong(p, labels, 1.0, 0.01) == 0.0
    flip = PairFlip(true=0, label=1, share=0.3, wrong=3, seen=10, images=10.0, p_value=0.0)
    assert told_of_wrong(p, labels, 1.0, 0.01, (flip,)) == 0.5


def test_nothing_can_be_wrong_of_one_class_or_none() -> None:
    assert told_of_wrong(np.ones((5, 1)), np.zeros(5, np.int64), 1.0, 0.1) == 1
    assert told_of_wrong(np.zeros((0, 3)), np.zeros(0, np.int64), 1.0, 0.1) == 1
