"""The level of each of several looks: by hand, and against all orders of right and wrong."""

from itertools import product

import numpy as np
import pytest

from assay.evaluation.chance.sequential_tests import common_level


def test_one_look_has_the_level_that_is_asked_for() -> None:
    assert common_level((100,), 0.1, 0.05) == 0.05
    assert common_level((10, 10, 10), 0.3, 0.05) == 0.05


def test_two_looks_by_hand() -> None:
    """Half are wrong. No wrong one of 4: 1/16. At most one of 6: 7/64, and 1/16 + 4/16 * 1/4 with the first.

    At a level of .11 both looks would pass in 1/8 of the cases, so the second may not: its level is below
    7/64. At .13 both may.
    """
    assert 1 / 16 <= common_level((4, 6), 0.5, 0.11) < 7 / 64
    assert common_level((4, 6), 0.5, 0.13) == 0.13


def _rejected(counts: list[int], share: float, nominal: float) -> float:
    """By all orders of right and wrong answers, one by one."""
    total = 0.0
    tails = {n: _tails(n, share) for n in counts}
    for answers in product((0, 1), repeat=max(counts)):
        wrong = np.cumsum(answers)
        if any(tails[n][wrong[n - 1]] <= nominal for n in counts):
            total += float(np.prod([share if answer else 1 - share for answer in answers]))
    return total


def _tails(n: int, share: float) -> list[float]:
    """P(X <= k) for k = 0..n, by all orders."""
    found = np.zeros(n + 1)
    for answers in product((0, 1), repeat=n):
        found[sum(answers)] += np.prod([share if answer else 1 - share for answer in answers])
    return list(np.cumsum(found))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.73])
@pytest.mark.parametrize("counts", [[2, 5, 9], [3, 4, 5, 6, 7, 8], [1, 8], [6, 6, 9]])
def test_all_looks_together_err_as_seldom_as_asked(counts: list[int], share: float) -> None:
    """And no more seldom than need be: at 3 % more they would err too often, where it is below `level`."""
    for level in (0.05, 0.2):
        found = common_level(tuple(counts), share, level)
        assert level / len(counts) <= found <= level
        assert _rejected(counts, share, found) <= level + 1e-12
        if found < level:
            assert _rejected(counts, share, found * 1.03) > level


def test_many_answers_have_a_level() -> None:
    """100,000 answers, where single probabilities are too small for numbers: between Bonferroni's and .05."""
    counts = [50_000, 60_000, 80_000, 100_000]
    assert 0.0125 < common_level(tuple(counts), 0.5, 0.05) < 0.05
