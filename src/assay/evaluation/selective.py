"""Selective classification: risk-coverage curve, and the confidence threshold for a given risk."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats
from assay.core.text import counted
from assay.evaluation.chance.sequential_tests import common_level
from assay.evaluation.grouped import Groups, Mask, effective_images, share_interval
from assay.evaluation.intervals import Interval

#: Points of the curve at most: one for each hundredth of the images.
_POINTS: Final = 100

#: The risk that is promised holds with this confidence.
CONFIDENCE: Final = 0.95

#: Each threshold that is looked at answers so many times as many images as the one before.
_STEP: Final = 1.02


@dataclass(frozen=True)
class Point:
    """The risk among the `n` surest answers, a share `coverage` of all; threshold: the least sure of them."""

    coverage: float
    n: int
    threshold: float
    risk: float


@dataclass(frozen=True)
class Answered:
    """Of n images, those that are answered, and how many of these answers are wrong.

    risk: the share of wrong answers among those given, with its 95 % interval (see `share_interval`); None
    without any.
    """

    n: int
    answered: int
    coverage: float
    wrong: int
    risk: float | None
    risk_ci95: Interval | None


@dataclass(frozen=True)
class Rule:
    """Answer from this confidence on. threshold: None where no answer can be given at that risk."""

    max_risk: float
    threshold: float | None
    threshold_reason: str
    validation: Answered
    test: Answered | None = None


@dataclass(frozen=True)
class Abstention:
    """curve: coverage rising. mean_risk: the area under it. rule: None where no risk was named."""

    curve: tuple[Point, ...]
    mean_risk: float
    rule: Rule | None
    rule_reason: str


def risk_coverage(confidence: Floats, right: Mask) -> tuple[tuple[Point, ...], float]:
    """The risk-coverage curve and its area (El-Yaniv and Wiener 2010; Geifman et al. 2019).

    confidence, right: `(n,)`, n >= 1. Images of equal confidence are answered together or not at all: within
    them, each is as likely as any to be answered first, so the order of the images changes nothing.
    """
    risks, order, last = _expected_risks(confidence, right)
    n = len(confidence)
    wanted = np.unique(np.ceil(np.arange(1, _POINTS + 1) * n / _POINTS).astype(np.int64)) - 1
    places = np.unique(last[wanted])
    sorted_confidence = np.asarray(confidence)[order]
    points = tuple(
        Point(float((i + 1) / n), int(i + 1), float(sorted_confidence[i]), float(risks[i])) for i in places
    )
    return points, float(risks.mean())


def _expected_risks(
    confidence: Floats, right: Mask
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Risk of the i + 1 surest answers, their order, and for each place the last one of equal confidence."""
    order = np.argsort(-np.asarray(confidence), kind="stable")
    values = np.asarray(confidence)[order]
    _, group, size = np.unique(-values, return_inverse=True, return_counts=True)
    ends = np.cumsum(size)
    # Within a group each place has the group's mean number of mistakes.
    wrong = np.bincount(group, ~right[order], len(size)) / size
    risks = np.cumsum(wrong[group]) / np.arange(1, len(values) + 1)
    return risks, order, ends[group] - 1


def choose_threshold(confidence: Floats, right: Mask, max_risk: float, groups: Groups | None = None) -> Rule:
    """The lowest confidence from which at most a share `max_risk` of the answers is wrong.

    confidence: float64 `(n,)` of the validation images (-1: never to be answered); right: bool `(n,)`;
    groups: int64 `(n,)`, equal for images of one group, None where each stands alone. Of thresholds that
    each answer 2 % more images than the one before, the one with the most answers whose risk is shown to be
    at most `max_risk` (Clopper and Pearson 1934; with groups at the effective number of answers). With 95 %
    confidence its true risk is no higher, though it is the best of many thresholds (`_last_shown`).
    """
    answerable = int((np.asarray(confidence) >= 0).sum())
    order = np.argsort(-np.asarray(confidence), kind="stable")[:answerable]
    values = np.asarray(confidence)[order]
    last = _last_shown(_looks(values), ~right[order], max_risk, None if groups is None else groups[order])
    threshold = None if last is None else float(values[last - 1])
    why = "" if last is not None else _why_none(len(confidence), max_risk, groups)
    return Rule(max_risk, threshold, why, count_answered(confidence, right, threshold, groups))


def _looks(values: Floats) -> list[int]:
    """How many answers are looked at each time, rising: answers of one confidence come together.

    values: falling. Which they are must not depend on what is right.
    """
    ends = np.flatnonzero(np.diff(values, append=-np.inf)) + 1
    if not len(ends):
        return []
    wanted = len(values) / _STEP ** np.arange(math.ceil(math.log(len(values)) / math.log(_STEP)) + 1)
    places = np.searchsorted(ends, np.round(wanted), side="right") - 1
    return [int(n) for n in ends[np.unique(places[places >= 0])]]


def _last_shown(looks: list[int], wrong: Mask, max_risk: float, groups: Groups | None) -> int | None:
    """The most answers whose risk is shown to be at most `max_risk`; None where no number of them is.

    wrong: of the answers, surest first. The level of a look is such that all of them together err in 5 of 100
    cases, of answers each wrong with probability `max_risk`. What a look has shown needs no more proof: those
    of more answers are judged once more without it, at the higher level of fewer looks (step-down, Westfall
    and Young 1993).
    """
    alone = _answers_alone(wrong, groups, CONFIDENCE) / len(wrong) if looks and groups is not None else 1.0
    last, left = None, looks
    while left:
        level = common_level(tuple(max(math.floor(n * alone), 1) for n in left), max_risk, 1 - CONFIDENCE)
        shown = [n for n in left if _is_shown(wrong[:n], max_risk, level, groups)]
        if not shown:
            break
        last, left = shown[-1], [n for n in left if n > shown[-1]]
    return last


def _is_shown(wrong: Mask, max_risk: float, level: float, groups: Groups | None) -> bool:
    """`risk_is_below` of these answers; in groups at their effective number (Korn and Graubard 1998)."""
    if groups is None:
        return risk_is_below(int(wrong.sum()), len(wrong), max_risk, level)
    number = _answers_alone(wrong, groups[: len(wrong)], 1 - 2 * level)  # a limit to one side alone
    return risk_is_below(math.ceil(float(wrong.mean()) * number), math.floor(number), max_risk, level)


def _answers_alone(wrong: Mask, groups: Groups, confidence: float) -> float:
    """The effective number of answers in groups, also were there half a group more and all of it wrong.

    How alike answers are within groups is seen by the wrong ones. Where there are few, those that are no
    whole group say that they are not alike: of 20 groups one wrong answer would show more than none.
    """
    count, seen = len(np.unique(groups)), effective_images(~wrong, groups, confidence)
    if count == len(groups):
        return seen
    more = np.ones(max(round(len(groups) / count / 2), 1), bool)
    with_more = np.append(wrong, more), np.append(groups, np.full(len(more), groups.max() + 1))
    cautious = effective_images(~with_more[0], with_more[1], confidence)
    return min(seen, cautious * len(wrong) / len(with_more[0]))


def risk_is_below(wrong: int, answered: int, max_risk: float, level: float = 1 - CONFIDENCE) -> bool:
    """Whether the true risk is shown to be at most `max_risk`, after `wrong` of `answered`.

    True where so few mistakes are no more probable than `level` for any higher risk: P(X <= wrong) with X
    binomial.
    """
    if wrong >= max_risk * answered:
        return False
    # The largest of the terms is the last; from there downwards each follows from the one before.
    log_term = (
        math.lgamma(answered + 1)
        - math.lgamma(wrong + 1)
        - math.lgamma(answered - wrong + 1)
        + wrong * math.log(max_risk)
        + (answered - wrong) * math.log1p(-max_risk)
    )
    term = total = math.exp(log_term)
    for k in range(wrong, 0, -1):
        term *= k / (answered - k + 1) * (1 - max_risk) / max_risk
        total += term
        if term < total * 1e-17:
            break
    return total <= level


def _why_none(n: int, max_risk: float, groups: Groups | None) -> str:
    least = math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-max_risk))
    count = n if groups is None else len(np.unique(groups))
    if count < least:
        so_many = "" if groups is None else " groups"
        return (
            f"{n:,} validation images{_in_groups(groups)} cannot show a risk of at most {max_risk:g}: it "
            f"takes {least:,}{so_many}, all answered right"
        )
    return (
        f"of {n:,} validation images{_in_groups(groups)} no number of the surest answers has so few wrong "
        f"ones that a risk of at most {max_risk:g} is shown with 95 % confidence"
    )


def _in_groups(groups: Groups | None) -> str:
    return "" if groups is None else f" in {counted(len(np.unique(groups)), 'group', 'groups')}"


def count_answered(
    confidence: Floats, right: Mask, threshold: float | None, groups: Groups | None = None
) -> Answered:
    """What a threshold does to images with these confidences; None answers nothing."""
    given = np.zeros(len(right), bool) if threshold is None else np.asarray(confidence) >= threshold
    answered, wrong, n = int(given.sum()), int((~right & given).sum()), len(right)
    if answered == 0:
        return Answered(n, 0, 0.0, 0, None, None)
    interval = share_interval(~right[given], None if groups is None else groups[given])
    return Answered(n, answered, answered / n, wrong, wrong / answered, interval)
