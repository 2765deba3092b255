"""Labels that belong to other images from a row on: a stretch is told by its rows, hard classes are not."""

import numpy as np
import pytest

from assay.estimators.noise.row_order import fewest_misplaced, misplaced_rows


def answered(labels: np.ndarray, k: int, right: float, seed: int = 0) -> np.ndarray:
    """Answers that are right so often, and any class else."""
    rng = np.random.default_rng([seed, 1])
    return np.where(rng.random(len(labels)) < right, labels, rng.integers(0, k, len(labels)))


def some(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, 2]).integers(0, k, n)


@pytest.mark.parametrize("k", [2, 10])
@pytest.mark.parametrize("shift", [1, -1, 37])
def test_a_shift_is_told_with_its_rows(k: int, shift: int):
    """The label of each image stands so many rows away, from row 600 on."""
    labels = some(1_000, k)
    answers = answered(labels, k, 0.9)
    given = np.concatenate([labels[:600], np.roll(labels[600:], shift)])
    found = misplaced_rows(given, answers)
    assert found is not None
    assert abs(found.first - 600) <= 12
    assert 999 - found.last <= 6  # the last rows may be right by chance
    assert found.shift == shift
    assert found.agreement == pytest.approx((given == answers)[found.first : found.last + 1].mean())
    assert abs(found.shifted - (labels == answers)[600:].mean()) < 0.07


def test_rows_in_any_other_order_have_no_shift():
    labels = some(1_000, 5)
    given = np.concatenate([labels[:700], some(300, 5, seed=9)])
    found = misplaced_rows(given, answered(labels, 5, 0.8))
    assert found is not None
    assert (found.shift, found.last) == (0, 999)
    assert abs(found.first - 700) <= 15
    assert found.agreement == found.shifted


def test_a_whole_split_is_held_against_train():
    """Of itself alone it has nothing in order; sorted labels too, whose classes follow each other."""
    labels = some(300, 10)
    answers = answered(labels, 10, 0.9)
    for given in (some(300, 10, seed=5), np.sort(labels)):
        assert misplaced_rows(given, answers) is None
        found = misplaced_rows(given, answers, in_order=0.9)
        assert found is not None
        assert (found.first, found.last) == (0, 299)


@pytest.mark.parametrize("seed", range(12))
def test_right_labels_are_in_order(seed: int):
    """Also where single labels are wrong, classes lie one after the other, or some are hard."""
    labels = some(1_500, 6, seed)
    hard = np.where(labels >= 4, some(1_500, 6, seed + 50), answered(labels, 6, 0.95, seed))
    for given in (labels, np.sort(labels)):
        assert misplaced_rows(given, answered(given, 6, 0.95, seed)) is None
        assert misplaced_rows(given, answered(given, 6, 0.6, seed)) is None
    by_class = np.argsort(labels, kind="stable")
    assert misplaced_rows(labels, hard) is None
    assert misplaced_rows(labels[by_class], hard[by_class]) is None


def test_a_film_of_one_class_that_nothing_recognizes_is_no_order():
    """All its images have one label, whatever they are taken for."""
    labels = np.concatenate([some(600, 4), np.full(200, 3), some(200, 4, seed=3)])
    answers = answered(labels, 4, 0.95)
    answers[600:800] = some(200, 3, seed=8)
    assert misplaced_rows(labels, answers) is None


def test_exchanged_names_and_weak_answers_are_no_order():
    """Never right is not right by chance; and answers by chance are right by chance everywhere."""
    labels = some(400, 3)
    assert misplaced_rows((labels + 1) % 3, answered(labels, 3, 1.0), in_order=0.95) is None
    assert misplaced_rows(labels, answered(labels, 3, 0.1)) is None


def test_labels_that_are_all_wrong_are_no_order():
    """Wrong labels on the first images, or on copies at the end that bear another label: none is right, as
    some would be in any other order; and what explains a copy is its source."""
    labels = some(600, 5)
    answers = answered(labels, 5, 0.98)
    wrong = labels.copy()
    wrong[:60] = (labels[:60] + 1) % 5
    assert misplaced_rows(wrong, answers) is None
    copied = np.concatenate([labels, (labels[:60] + 1) % 5])
    assert misplaced_rows(copied, np.concatenate([answers, answers[:60]])) is None
    assert (
        misplaced_rows(np.concatenate([labels, some(25, 5, seed=3)]), np.concatenate([answers, labels[:25]]))
        is None
    )


def test_how_many_rows_would_be_told():
    """What is told nine times in ten indeed (it was half of them); None where answers are too weak."""
    labels = some(2_000, 10)
    answers = answered(labels, 10, 0.9)
    fewest = fewest_misplaced(labels, answers)
    assert fewest is not None
    assert 45 <= fewest <= 65
    told = []
    for start in range(100, 1_700, 200):
        rows = slice(start, start + fewest)
        given = labels.copy()
        given[rows] = np.roll(labels[rows], 1)
        told.append(misplaced_rows(given, answers) is not None)
    assert sum(told) >= 7
    assert fewest_misplaced(labels, answered(labels, 10, 0.2)) is None
