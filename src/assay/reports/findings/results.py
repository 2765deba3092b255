"""What the evaluation of this very run showed, in sentences."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.estimators.noise.pair_flips import binomial_tail
from assay.evaluation.grouped import corrected_interval, share_interval
from assay.evaluation.values import Evaluation
from assay.reports.findings.wording import count, listed, name, percent

#: A confusion of two classes goes one way where chance makes one so one-sided less often than this.
_BY_CHANCE: Final = 0.025
#: A mistake made with at least this probability is a confident one.
CONFIDENT: Final = 0.9


def confusion_finding(evaluation: Evaluation) -> str:
    """Which classes are confused, and how much of all mistakes the three worst pairs make up."""
    pairs = worst_pairs(evaluation.confusion, 3)
    wrong = int(evaluation.confusion.sum() - np.trace(evaluation.confusion))
    if not pairs:
        return f"No mistake in {count(len(evaluation.labels), 'image')}."
    support = evaluation.confusion.sum(axis=1)
    told = [
        f"{name(evaluation.classes[true])} classified as {name(evaluation.classes[taken])} ({n:,} of "
        f"{support[true]:,})"
        for n, true, taken in pairs
    ]
    if wrong == 1:
        return f"1 mistake in {count(len(evaluation.labels), 'image')}: {told[0]}."
    share = sum(n for n, _, _ in pairs) / wrong
    return (
        f"{count(wrong, 'mistake')} in {count(len(evaluation.labels), 'image')}. The most frequent: "
        f"{listed(told)}, together {percent(share, 0)} of all mistakes. {_symmetry(evaluation, pairs[0])}"
    )


def worst_confusion(evaluation: Evaluation) -> str:
    """The most frequent mistake and its share of all, in one sentence."""
    pairs = worst_pairs(evaluation.confusion, 1)
    if not pairs:
        return confusion_finding(evaluation)
    n, true, taken = pairs[0]
    wrong = int(evaluation.confusion.sum() - np.trace(evaluation.confusion))
    first, second = name(evaluation.classes[true]), name(evaluation.classes[taken])
    images = int(evaluation.confusion[true].sum())
    share = f"all {wrong:,} mistakes" if n == wrong else f"{percent(n / wrong, 0)} of {wrong:,} mistakes"
    return (
        f"{n:,} of {count(images, 'image')} of {first} {_is(n)} classified as {second}: "
        f"{'the only mistake' if wrong == 1 else share}."
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _symmetry(evaluation: Evaluation, pair: tuple[int, int, int]) -> str:
    n, true, taken = pair
    back = int(evaluation.confusion[taken, true])
    first, second = name(evaluation.classes[true]), name(evaluation.classes[taken])
    if 2 * back >= n:
        return f"{first} and {second} are confused in both directions ({n:,} and {back:,})."
    if _one_way(evaluation, pair) >= _BY_CHANCE:
        told = f"{count(n, 'image')} of {first} {_is(n)} classified as {second}, {back:,} the other way"
        return f"{told}: that may be chance."
    return f"The confusion goes one way ({n:,} against {back:,} back): the model prefers {second}."


def _one_way(evaluation: Evaluation, pair: tuple[int, int, int]) -> float:
    """How probable it is that any pair of classes, each classified as the other as often, looks so one-sided.

    The exact test of a share (sign test), times the number of pairs that could have been the most frequent
    (Bonferroni). A class with more images has more mistakes at the same rate. Images of one group that are
    confused alike count once.
    """
    _, true, taken = pair
    labels, answers = evaluation.labels, evaluation.predicted
    units = np.arange(len(labels)) if evaluation.groups is None else evaluation.groups

    def number(rows: NDArray[np.bool_]) -> int:
        return len(np.unique(units[rows]))

    there = number((labels == true) & (answers == taken))
    back = number((labels == taken) & (answers == true))
    of_true, of_taken = number(labels == true), number(labels == taken)
    looked_at = math.comb(int(np.count_nonzero(evaluation.confusion.sum(axis=1))), 2)
    return looked_at * binomial_tail(there, there + back, of_true / max(of_true + of_taken, 1))


def worst_pairs(confusion: NDArray[np.int64], limit: int) -> list[tuple[int, int, int]]:
    """(count, true label, predicted label) of the most frequent mistakes, largest first."""
    true, taken = np.nonzero(confusion)  # with very many classes nearly all cells are empty
    wrong = true != taken
    true, taken = true[wrong], taken[wrong]
    counts = confusion[true, taken]
    worst = np.argsort(-counts, kind="stable")[:limit]
    return [(int(counts[i]), int(true[i]), int(taken[i])) for i in worst]


def mistakes_finding(evaluation: Evaluation) -> str:
    """How sure the model was when it was wrong."""
    wrong = evaluation.mistakes()
    if len(wrong) == 0:
        return "There are no mistakes to show."
    confident = int((evaluation.confidence[wrong] >= CONFIDENT).sum())
    highest = evaluation.confidence[wrong[0]]
    first = int(wrong[0])
    worst = (
        f"{name(evaluation.classes[evaluation.labels[first]])} classified as "
        f"{name(evaluation.classes[evaluation.predicted[first]])} with {percent(float(highest))}."
    )
    if len(wrong) == 1:
        return f"1 mistake: {worst}"
    return (
        f"{count(len(wrong), 'mistake')}; in {confident:,} of them ({percent(confident / len(wrong), 0)}) "
        f"the wrong answer had a probability of {percent(CONFIDENT, 0)} or more. The most confident: {worst}"
    )


def recall_finding(evaluation: Evaluation) -> str:
    """The classes with the highest and the lowest recall, and whether their difference could be chance."""
    scores: dict[str, Any] = {k: s for k, s in evaluation.test["per_class"].items() if s["support"]}
    if not scores:
        return "No class has a test image."
    best = max(scores, key=lambda k: scores[k]["recall"])
    worst = min(scores, key=lambda k: scores[k]["recall"])
    absent = [name(k) for k, s in evaluation.test["per_class"].items() if not s["support"]]
    tail = f" Without a test image, so without a score: {listed(absent)}." if absent else ""
    if best == worst or scores[best]["recall"] == scores[worst]["recall"]:
        return f"Every class has the same recall ({percent(scores[best]['recall'])}).{tail}"
    right, groups = evaluation.predicted == evaluation.labels, evaluation.groups
    high, low = (_corrected(right, evaluation.labels == evaluation.classes.index(k), groups, len(scores))
                 for k in (worst, best))  # fmt: skip
    meaning = (
        f"more than chance, even for the extremes of {len(scores)} classes"
        if high[1] < low[0]
        else f"among {count(len(scores), 'class', 'classes')} the difference may be chance"
    )
    own = evaluation.labels == evaluation.classes.index(worst)
    picked = corrected_interval(right[own], None if groups is None else groups[own], len(scores))
    tied = sum(score["recall"] == scores[best]["recall"] for score in scores.values())
    highest = f"{name(best)} has" if tied == 1 else f"{tied:,} classes have"
    return (
        f"{highest} the highest recall ({percent(scores[best]['recall'])}), {name(worst)} the lowest "
        f"({percent(scores[worst]['recall'])}, 95 % interval {_interval(picked)} as the lowest of "
        f"{len(scores)}): "
        f"{meaning}.{tail}"
    )


def _corrected(
    right: NDArray[np.bool_], own: NDArray[np.bool_], groups: NDArray[np.int64] | None, looked_at: int
) -> tuple[float, float]:
    """The interval of the recall of one class, for having picked two from so many (Bonferroni)."""
    together = None if groups is None else groups[own]
    return share_interval(right[own], together, 1 - 0.1 / looked_at)


def _interval(bounds: tuple[float, float]) -> str:
    return f"{percent(bounds[0])} to {percent(bounds[1])}"
