"""Classes that bear each other's names: told where a circle closes, and not where classes are merely hard."""

import numpy as np
import pytest

from assay.estimators.noise.renamed_classes import renamed_classes


def confusion(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.int64)


def told_of(given: np.ndarray, units: np.ndarray | None = None) -> tuple[tuple[int, int], ...]:
    """Labels and what they are answered as, of images by label (rows) and answer (columns)."""
    k = len(given)
    labels, answers = np.divmod(np.repeat(np.arange(k * k), given.ravel()), k)
    found = renamed_classes(labels, answers, units, k)
    for one in found:
        assert (one.moved, one.units) == (given[one.label, one.answer], given[one.label].sum())
    return tuple((one.label, one.answer) for one in found)


EXCHANGED = {
    "two of three": (confusion((1, 19, 0), (18, 1, 1), (0, 1, 19)), ((0, 1), (1, 0))),
    "all three, in a circle": (confusion((0, 9, 1), (1, 0, 9), (8, 1, 1)), ((0, 1), (1, 2), (2, 0))),
    "both of two": (confusion((2, 18), (17, 3)), ((0, 1), (1, 0))),
    "two circles": (
        confusion((0, 12, 0, 0), (12, 0, 0, 0), (0, 0, 0, 12), (0, 0, 12, 0)),
        ((0, 1), (1, 0), (2, 3), (3, 2)),
    ),
    "a chain that ends in a class without images": (
        confusion((0, 0, 0), (11, 1, 0), (0, 12, 0)),
        ((1, 0), (2, 1)),
    ),
}

FITTING = {
    "right": confusion((20, 0), (1, 19)),
    "no better than chance": confusion((11, 9), (9, 11)),
    "a little worse than chance": confusion((8, 12), (13, 7)),
    "one class taken for another that is known": confusion((1, 19, 0), (0, 20, 0), (0, 0, 20)),
    "one answer for all": confusion((0, 20, 0), (0, 20, 0), (0, 20, 0)),
    "two classes taken for a third": confusion((0, 0, 20), (0, 0, 20), (20, 0, 0)),
    "one class taken for one without images": confusion((0, 0, 0), (20, 0, 0), (0, 0, 20)),
    "too few to tell": confusion((0, 4), (4, 0)),
    "so few that chance does it": confusion((1, 5), (5, 1)),
    "hard in both ways": confusion((9, 11, 0), (11, 9, 0), (0, 0, 20)),
    "no images": confusion((0, 0), (0, 0)),
}


@pytest.mark.parametrize("case", EXCHANGED)
def test_names_that_were_exchanged_are_told(case: str) -> None:
    given, wanted = EXCHANGED[case]
    assert told_of(given) == wanted


@pytest.mark.parametrize("case", FITTING)
def test_what_is_merely_hard_is_not(case: str) -> None:
    assert told_of(FITTING[case]) == ()


def test_many_classes_need_more_to_be_sure() -> None:
    """Ten images of each are enough among 2 classes, and six of each among 2 but not among 200."""

    def exchanged(k: int, each: int) -> np.ndarray:
        found = np.diag(np.full(k, each))
        found[:2, :2] = [[0, each], [each, 0]]
        return found

    assert told_of(exchanged(200, 20)) == ((0, 1), (1, 0))
    assert told_of(exchanged(2, 6)) == ((0, 1), (1, 0))
    assert told_of(exchanged(200, 6)) == ()


def test_noise_is_told_as_seldom_as_promised() -> None:
    """Answers by coin, and of a classifier that is right for three in ten: of 3,000 draws hardly any."""
    rng, told = np.random.default_rng(0), 0
    for k in (2, 3, 5, 10):
        for right in (1 / k, max(1 / k, 0.3)):
            for _ in range(375):
                given = np.zeros((k, k), np.int64)
                for label in range(k):
                    chances = np.full(k, (1 - right) / (k - 1))
                    chances[label] = right
                    given[label] = rng.multinomial(12, chances)
                told += bool(told_of(given))
    assert told <= 3


def test_images_of_one_group_count_once() -> None:
    """Twenty images of two groups are two observations; of twenty groups as many as there are."""
    labels = np.repeat([0, 1], 20)
    assert renamed_classes(labels, 1 - labels, np.repeat(np.arange(4), 10), 2) == ()
    assert len(renamed_classes(labels, 1 - labels, np.arange(40), 2)) == 2


def test_as_many_classes_as_there_may_be() -> None:
    """A table of all pairs would take 800 MB; only pairs that occur are held."""
    k = 10_000
    labels = np.repeat(np.arange(k), 2)
    answers = labels.copy()
    labels, answers = np.append(labels, np.repeat([3, 7], 30)), np.append(answers, np.repeat([7, 3], 30))
    assert [(one.label, one.answer) for one in renamed_classes(labels, answers, None, k)] == [(3, 7), (7, 3)]
