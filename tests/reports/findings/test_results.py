import re
from dataclasses import replace

import numpy as np

from assay.evaluation.values import Evaluation
from assay.reports.findings import results as findings


def judged(*answers: tuple[int, int], classes: tuple[str, ...] = ("a", "b", "c"), sure: float = 0.95):
    """An evaluation of (label, answer) pairs, each answer given with probability `sure`."""
    labels = np.array([label for label, _ in answers], np.int64)
    taken = np.array([answer for _, answer in answers])
    probabilities = np.full((len(answers), len(classes)), (1 - sure) / (len(classes) - 1))
    probabilities[np.arange(len(answers)), taken] = sure
    return Evaluation(classes, labels, probabilities)


def test_worst_pairs_by_hand() -> None:
    """Largest mistakes first; the diagonal and empty cells never count."""
    matrix = np.array([[90, 3, 0], [7, 80, 0], [0, 0, 5]])
    assert findings.worst_pairs(matrix, 5) == [(7, 1, 0), (3, 0, 1)]


def test_confusion_both_ways_and_one_way() -> None:
    """2 and 1 are confusion both ways; 9 and 0 of as many images lean to one side; 3 and 1 do not."""
    both = findings.confusion_finding(judged((0, 1), (0, 1), (1, 0), (2, 2)))
    assert (
        "3 mistakes in 4 images. The most frequent: a classified as b (2 of 2) and b classified as a (1 of 1)"
        in both
    )
    assert "confused in both directions (2 and 1)" in both
    one = findings.confusion_finding(judged(*[(0, 1)] * 9, *[(1, 1)] * 9))
    assert "The confusion goes one way (9 against 0 back): the model prefers b." in one
    few = findings.confusion_finding(judged((0, 1), (0, 1), (0, 1), (1, 0), (2, 2)))
    assert "3 images of a are classified as b, 1 the other way: that may be chance." in few


def test_the_most_frequent_confusion_is_one_sided_by_chance() -> None:
    """Ten classes, each taken for each other as often: of the most frequent of 45 pairs "the confusion goes
    one way" was said of 29 in 100 sets."""
    rng, told = np.random.default_rng(0), 0
    for _ in range(60):
        taken = rng.integers(0, 9, 1000)
        labels = np.arange(1000) % 10
        pairs = [*zip(labels, taken + (taken >= labels), strict=True), *[(c, c) for c in range(10)]]
        told += "goes one way" in findings.confusion_finding(judged(*pairs, classes=tuple("abcdefghij")))
    assert told <= 5


def test_a_larger_class_has_more_mistakes() -> None:
    """One in ten of each class is taken for the other: 90 of 900 against 10 of 100 is no preference."""
    pairs = [(0, 1)] * 90 + [(0, 0)] * 810 + [(1, 0)] * 10 + [(1, 1)] * 90
    assert "that may be chance" in findings.confusion_finding(judged(*pairs))


def test_frames_of_one_clip_are_one_confusion() -> None:
    """Thirty frames of one clip are confused alike: that is one clip, and says nothing of the classes."""
    pairs = [(0, 1)] * 30 + [(0, 0)] * 30 + [(1, 1)] * 60
    clips = np.arange(120) // 30
    assert "that may be chance" in findings.confusion_finding(replace(judged(*pairs), groups=clips))
    assert "goes one way" in findings.confusion_finding(judged(*pairs))


def test_no_mistakes() -> None:
    """A perfect score has no confusion, no mistakes, and equal recalls."""
    perfect = judged((0, 0), (1, 1), (2, 2))
    assert findings.confusion_finding(perfect) == "No mistake in 3 images."
    assert findings.mistakes_finding(perfect) == "There are no mistakes to show."
    assert "Every class has the same recall (100.0\u00a0%)" in findings.recall_finding(perfect)


def test_confident_mistakes_are_counted() -> None:
    """Hand-computed: two mistakes, both given 95 %."""
    text = findings.mistakes_finding(judged((0, 1), (1, 0), (2, 2)))
    assert text.startswith(
        "2 mistakes; in 2 of them (100\u00a0%) the wrong answer had a probability of 90\u00a0% or more."
    )
    assert "The most confident: a classified as b with 95.0\u00a0%." in text
    assert "in 0 of them" in findings.mistakes_finding(judged((0, 1), (1, 0), (1, 1), sure=0.5))


def test_one_mistake_is_no_list() -> None:
    """A single mistake is told by itself: no share of one, no extremes among equals."""
    one = judged((0, 1), (0, 0), (1, 1), (2, 2))
    assert findings.confusion_finding(one) == "1 mistake in 4 images: a classified as b (1 of 2)."
    assert findings.worst_confusion(one) == "1 of 2 images of a is classified as b: the only mistake."
    assert findings.mistakes_finding(one) == "1 mistake: a classified as b with 95.0\u00a0%."
    assert "2 classes have the highest recall (100.0\u00a0%), a the lowest" in findings.recall_finding(one)
    two = judged((0, 1), (0, 1), (1, 1), (2, 2))
    assert findings.worst_confusion(two) == "2 of 2 images of a are classified as b: all 2 mistakes."


def test_the_interval_of_the_lowest_recall_allows_for_having_picked_it() -> None:
    """Thirty classes of one true recall, 20 images each: the interval of the lowest holds it in 95 of 100
    sets and more. That of the class by itself held it in 29 of 100."""
    rng, held = np.random.default_rng(0), 0
    labels = np.repeat(np.arange(30), 20)
    for _ in range(100):
        answers = np.where(rng.random(600) < 0.9, labels, (labels + 1) % 30)
        many = judged(*zip(labels, answers, strict=True), classes=tuple(f"c{c}" for c in range(30)))
        told = re.search(
            r"interval ([0-9.]+)\u00a0% to ([0-9.]+)\u00a0% as the lowest of 30",
            findings.recall_finding(many),
        )
        assert told is not None
        low, high = map(float, told.groups())
        held += low <= 90 <= high
    assert held >= 95


def test_recall_difference_is_weighed() -> None:
    """Few images: the difference may be chance; many: it is more than chance; absent classes are named."""
    few = findings.recall_finding(judged((0, 0), (0, 0), (1, 1), (1, 0)))
    assert "a has the highest recall (100.0\u00a0%), b the lowest (50.0\u00a0%" in few
    assert "may be chance" in few
    assert "Without a test image, so without a score: c." in few
    many = findings.recall_finding(judged(*[(0, 0)] * 100, *[(1, 0)] * 60, *[(1, 1)] * 40, *[(2, 2)] * 100))
    assert "b the lowest (40.0\u00a0%" in many
    assert "more than chance" in many


def test_extremes_of_many_classes_may_be_chance() -> None:
    """9 of 10 and 2 of 10 are more than chance in two classes, and may be chance in 60 of one true recall."""
    middle = [(c, c if i < 6 else 0) for c in range(2, 60) for i in range(10)]
    two = [*[(0, 0)] * 9, (0, 1), *[(1, 1)] * 2, *[(1, 0)] * 8]
    assert "more than chance" in findings.recall_finding(judged(*two))
    answers = np.array([*two, *middle])
    many = Evaluation(tuple(map(str, range(60))), answers[:, 0], np.eye(60)[answers[:, 1]])
    assert "among 60 classes the difference may be chance" in findings.recall_finding(many)
