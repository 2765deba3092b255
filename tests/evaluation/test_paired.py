"""Paired statistics against exact fractions, scipy, hand-computed cases and simulation."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from assay.estimators.mcnemar import groups_test, mcnemar
from assay.evaluation.paired import FEWEST_DIFFERING, difference_interval, holm


def exact(only_first: int, only_second: int) -> Fraction:
    n, fewer = only_first + only_second, min(only_first, only_second)
    return min(Fraction(1), Fraction(2 * sum(comb(n, k) for k in range(fewer + 1)), 2**n))


def test_mcnemar_equals_exact_fractions() -> None:
    """All splits of up to 40 images, and large lopsided ones: equal within 1e-12."""
    cases = [(a, n - a) for n in range(41) for a in range(n + 1)]
    for a, b in [*cases, (100, 300), (1000, 1100), (4000, 4400), (0, 900)]:
        assert mcnemar(a, b) == pytest.approx(float(exact(a, b)), rel=1e-12), (a, b)


def test_mcnemar_equals_scipy() -> None:
    """The two-sided binomial test of an independent implementation, on random counts."""
    rng = np.random.default_rng(0)
    for a, b in rng.integers(0, 2000, (300, 2)).tolist():
        expected = binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
        assert mcnemar(a, b) == pytest.approx(expected, rel=1e-9), (a, b)


def test_mcnemar_by_hand() -> None:
    """1 and 9 of 10: twice (1 + 10) / 1024. No difference at all: 1. The order does not matter."""
    assert mcnemar(1, 9) == pytest.approx(22 / 1024, rel=1e-15)
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1.0
    assert mcnemar(30, 7) == mcnemar(7, 30)
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 2)


def test_mcnemar_keeps_its_promise() -> None:
    """Between two equally good models the p-value falls below 0.05 in at most 5 % of the draws."""
    rng = np.random.default_rng(1)
    firsts = rng.binomial(80, 0.5, 4000)
    assert np.mean([mcnemar(a, 80 - a) <= 0.05 for a in firsts.tolist()]) <= 0.05


def answers_in_groups(sums: list[int], size: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups of equal size in which the second model is right for so many images more than the first."""
    first, second = (np.zeros((len(sums), size), bool) for _ in range(2))
    for row, ahead in enumerate(sums):
        (second if ahead > 0 else first)[row, : abs(ahead)] = True
    return first.ravel(), second.ravel(), np.repeat(np.arange(len(sums)), size)


def test_groups_are_exchanged_as_wholes() -> None:
    """Against all 2^n exchanges of the answers of n groups; with one image a group it is McNemar's test."""
    rng = np.random.default_rng(3)
    for count in (1, 2, 5, 9):
        for _ in range(10):
            sums = rng.integers(-6, 7, count)
            signs = np.array([[1 if bit >> i & 1 else -1 for i in range(count)] for bit in range(2**count)])
            expected = float((np.abs(signs @ sums) >= abs(sums.sum())).mean())
            assert groups_test(*answers_in_groups(sums.tolist())) == pytest.approx(expected, abs=1e-12)
    first, second = rng.random((2, 400)) < 0.7
    alone = groups_test(first, second, np.arange(400))
    assert alone == mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))


def test_a_model_ahead_in_most_groups_need_not_be_better() -> None:
    """One image more in each of 29 groups and 60 fewer in another: the sign test of groups said p < .000001,
    and the model with the lower accuracy "is better"."""
    assert groups_test(*answers_in_groups([1] * 29 + [-60])) > 0.9
    assert mcnemar(1, 29) < 1e-6


def test_tests_of_groups_keep_their_promise() -> None:
    """Small groups that lean to one of two equally good models, large ones to the other: called different in
    8 of 100 draws at most; the sign test of groups called 65 of 100 different, 21 the wrong way round."""
    rng, told = np.random.default_rng(5), []
    for _ in range(200):
        large = rng.random(200) < 0.1
        groups = np.repeat(np.arange(200), np.where(large, 36, 4))
        lean = np.where(large, -0.05, 0.05)[groups]
        own = rng.normal(0, 0.15, (2, 200))[:, groups]
        first, second = (
            rng.random(len(groups)) < 0.5 + sign * lean + o for sign, o in zip((-1, 1), own, strict=True)
        )
        told.append(groups_test(first, second, groups) < 0.05)
    assert np.mean(told) <= 0.08


def test_many_groups_are_tested_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of steps the sum of many groups is taken for normal: nearly the exact value."""
    rng = np.random.default_rng(6)
    answers = answers_in_groups(rng.integers(-3, 4, 500).tolist())
    exact_value = groups_test(*answers)
    monkeypatch.setattr("assay.estimators.mcnemar._MOST_STEPS", 0)
    assert groups_test(*answers) == pytest.approx(exact_value, abs=0.02)


def test_holm_by_hand() -> None:
    """Holm's steps for four: times 4, 3, 2, 1 in rising order, never falling, never above 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def answers_of(
    rng: np.random.Generator, n: int, classes: int, differing: float, lean: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Two models' answers and labels, each class with chances of its own, and the true difference."""
    labels = np.arange(n) % classes
    spread = rng.uniform(0.3, 1.7, (2, classes))
    gained, lost = (0.5 * differing * (1 + sign * lean) * s for sign, s in zip((1, -1), spread, strict=True))
    chance = rng.random(n)
    second_only = chance < gained[labels]
    first_only = chance > 1 - lost[labels]
    return first_only, second_only, labels, float((gained - lost)[labels].mean())


def test_intervals_of_the_difference_hold_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean coverage over sizes from 500, 2 to 50 classes, 5 to 20 % differing images: 94 to 96 %.

    Fewer draws than in earnest, to be quick: the ends vary a little more, which costs no coverage.
    """
    monkeypatch.setattr("assay.evaluation.paired.DRAWS", 1000)
    rng, held = np.random.default_rng(2), []
    for n in (500, 2000):
        for classes in (2, 10, 50):
            for differing in (0.05, 0.2):
                for lean in (0.0, 0.5):
                    found = [answers_of(rng, n, classes, differing, lean) for _ in range(60)]
                    intervals = [difference_interval(*case[:3], seed=i) for i, case in enumerate(found)]
                    held += [
                        interval[0] <= truth <= interval[1]
                        for interval, (*_, truth) in zip(intervals, found, strict=True)
                        if interval is not None
                    ]
    assert len(held) > 1300
    assert 0.94 <= np.mean(held) <= 0.96


def test_a_class_of_single_images_does_not_make_the_interval_a_point() -> None:
    """With as many classes as images no class has any to draw from: they are drawn together."""
    rng = np.random.default_rng(3)
    first, second = rng.random((2, 1000)) < 0.8
    alone = difference_interval(first, second, np.arange(1000))
    together = difference_interval(first, second, np.zeros(1000, int))
    assert alone is not None
    assert alone == together


def test_the_interval_is_seeded_and_mirrored() -> None:
    """The same seed, the same interval; of the models exchanged, the mirrored one up to the draws."""
    rng = np.random.default_rng(4)
    first, second = rng.random((2, 3000)) < 0.9
    labels = rng.integers(0, 10, 3000)
    found = difference_interval(first, second, labels, seed=7)
    assert found == difference_interval(first, second, labels, seed=7)
    assert found != difference_interval(first, second, labels, seed=8)
    mirrored = difference_interval(second, first, labels, seed=7)
    assert found is not None
    assert mirrored is not None
    assert (-mirrored[1], -mirrored[0]) == pytest.approx(found, abs=1e-3)
    assert found[0] <= second.mean() - first.mean() <= found[1]


def test_too_few_images_have_no_interval() -> None:
    """Below the bound an interval could not hold what it promises, so none is given."""
    first = np.ones(600, bool)
    second = first.copy()
    second[: FEWEST_DIFFERING - 1] = False
    assert difference_interval(first, second, np.zeros(600, int)) is None
    second[FEWEST_DIFFERING - 1] = False
    assert difference_interval(first, second, np.zeros(600, int)) is not None
    assert difference_interval(first[:499], second[:499], np.zeros(499, int)) is None
