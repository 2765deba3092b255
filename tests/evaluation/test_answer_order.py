"""Answers whose rows belong to other images, by simple orders; right answers are left alone."""

import numpy as np
import pytest

from assay.evaluation.answer_order import better_order

RNG = np.random.default_rng(5)
LABELS = RNG.integers(0, 4, 200)
#: Right for about 85 %.
ANSWERS = np.where(RNG.random(200) < 0.8, LABELS, RNG.integers(0, 4, 200))
#: Numbered names in the order of the numbers, so that `10` comes after `2`.
NAMES = [f"test/{i}.png" for i in range(200)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.roll(ANSWERS, 1), "before it"),
        (np.roll(ANSWERS, -1), "after it"),
        (ANSWERS[::-1], "the last seems to belong to the first"),
        (ANSWERS[np.array(sorted(range(200), key=lambda i: NAMES[i]))], "sorted file names"),
    ],
)
def test_a_simple_order_is_found(given, words: str) -> None:
    """With the accuracy that the answers have in their own places."""
    found = better_order(LABELS, given, NAMES)
    assert found is not None
    assert words in found.told
    assert found.accuracy == pytest.approx((ANSWERS == LABELS).mean(), abs=0.01)


def test_names_in_a_table_of_another_order() -> None:
    """The table has any order, the answers that of `sorted(folder.iterdir())`, or of the numbers."""
    order = RNG.permutation(200)
    names = [NAMES[row] for row in order]
    by_name = np.array(sorted(range(200), key=lambda row: names[row]))
    by_number = np.argsort(order)
    for places in (by_name, by_number):
        found = better_order(LABELS, ANSWERS[places], names)
        assert found is not None
        assert "sorted file names" in found.told


def test_right_weak_and_scrambled_answers_have_no_other_order() -> None:
    """Of 300 weak classifiers none is told; nor answers without any order, nor those of a sorted folder."""
    told = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 3, 60)
        weak = np.where(rng.random(60) < 0.2, labels, rng.integers(0, 3, 60))
        told += better_order(labels, weak, NAMES[:60]) is not None
    assert told == 0
    assert better_order(LABELS, ANSWERS, NAMES) is None
    assert better_order(LABELS, RNG.permutation(ANSWERS), NAMES) is None
    rows = np.argsort(LABELS, kind="stable")
    assert (
        better_order(LABELS[rows], np.roll(ANSWERS[rows], 1), NAMES) is None
    )  # hardly any row is wrong by it
    assert better_order(LABELS[:1], ANSWERS[:1], NAMES[:1]) is None


def test_names_may_be_numbers_of_any_length() -> None:
    """5,000 digits, which Python refuses to read as a number, and none at all."""
    names = [f"{'9' * 5_000}{row}" if row else "" for row in range(200)]
    assert better_order(LABELS, ANSWERS, names) is None
    assert better_order(LABELS, np.roll(ANSWERS, 1), names) is not None
