"""Hand-made or pretrained features: chosen by the training labels, each group of images counted once."""

from dataclasses import replace

import numpy as np
import pytest

from assay.data.values import Split, numbered_ids
from assay.features import choice
from assay.features.choice import Choice, choose, worth_asking

EVEN = Choice("efficientnet-lite0", 100, 100, 0.5, 0.5, 10, 10, 1.0)


def test_a_group_counts_once() -> None:
    """Of three groups the first wins one and loses one; how many images a group has does not matter."""
    first = np.array([1, 1, 1, 1, 0, 0, 1], bool)
    second = np.array([0, 0, 0, 0, 1, 1, 1], bool)
    groups = np.array([7, 7, 7, 7, 2, 2, 5])
    assert choice.groups_ahead(first, second, groups) == (1, 1, 3)


def test_within_a_group_the_difference_counts() -> None:
    """A group where both are right for one image each is nobody's."""
    first, second = np.array([1, 0, 1, 0], bool), np.array([0, 1, 1, 0], bool)
    assert choice.groups_ahead(first, second, np.array([0, 0, 1, 2])) == (0, 0, 3)


def copied(copies: int) -> Split:
    """Twelve pictures, each of them there so many times, in two classes."""
    images = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8).repeat(copies, 0)
    labels = (np.arange(12) % 2).repeat(copies)
    return Split.from_arrays(images, labels, numbered_ids("train", len(images)))


def test_copies_do_not_make_a_difference_significant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pictures that one kind alone gets right are three, however often they are there."""
    answers = iter([np.arange(12) % 4 == 0, np.ones(12, bool)])

    def right(*judged: object) -> np.ndarray:
        return next(answers).repeat(30)

    def describe(split: Split, rows: np.ndarray, backbone: str, elsewhere: None) -> np.ndarray:
        return np.ones((len(rows), 3), np.float32)

    monkeypatch.setattr(choice, "_right", right)
    monkeypatch.setattr(choice.pretrained, "describe", describe)
    found = choose(copied(30), np.arange(360), 2)
    assert (found.groups, found.images) == (12, 360)
    assert (found.only_pretrained, found.only_hand_made) == (9, 0)
    assert found.p == pytest.approx(2 / 2**9)


@pytest.mark.parametrize(
    ("groups", "said"),
    [(100, "alone for 10 of them, hand-made"), (40, "alone for 10 of 40 groups of them, hand-made")],
)
def test_the_sentence_says_what_was_counted(groups: int, said: str) -> None:
    """Both figures, what they are shares of, and in what units the test counts."""
    assert said in replace(EVEN, groups=groups).sentence()


@pytest.mark.parametrize(
    ("alone", "p", "taken"), [((3, 9), 0.15, False), ((1, 12), 0.003, True), ((12, 1), 0.003, False)]
)
def test_pretrained_features_must_win_beyond_chance(alone: tuple[int, int], p: float, taken: bool) -> None:
    """Ties, chance, and losses keep the hand-made features."""
    shares = {"hand_made": 0.5 + alone[0] / 100, "pretrained": 0.5 + alone[1] / 100}
    told = {"only_hand_made": alone[0], "only_pretrained": alone[1]}
    assert replace(EVEN, **shares, **told, p=p).takes_pretrained is taken


@pytest.mark.parametrize(
    ("shape", "asked"), [((64, 64, 3), True), ((63, 500, 3), False), ((224, 224, 1), False)]
)
def test_who_is_asked(shape: tuple[int, int, int], asked: bool) -> None:
    """Color images of at least 64 pixels a side."""
    assert worth_asking(shape) is asked
