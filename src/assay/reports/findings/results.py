"""What training and evaluation of this very run showed, in sentences."""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.estimators.noise.pair_flips import binomial_tail
from assay.evaluation.grouped import corrected_interval, share_interval
from assay.evaluation.values import Evaluation
from assay.reports.findings.wording import count, decimal, listed, name, percent
from assay.training.model.values import EpochRecord, History

#: A validation loss this far above its best is overfitting, not noise of one epoch.
_RISEN: Final = 1.05
#: A last epoch that lowered the validation loss by less than this share has leveled off.
_STILL_FALLING: Final = 0.01
#: The learning rate has fallen where the last one is under this share of the largest.
_SLOWED: Final = 0.5
#: A confusion of two classes goes one way where chance makes one so one-sided less often than this.
_BY_CHANCE: Final = 0.025
#: A mistake made with at least this probability is a confident one.
CONFIDENT: Final = 0.9


State = Literal["improving", "leveled off", "all right", "overfitting", "unstable", "unknown"]


@dataclass(frozen=True)
class Course:
    """How a training went, in a word. best: epoch of the lowest validation loss; last: of the last."""

    state: State
    best: int
    last: int


def course_of(history: History) -> Course | None:
    """The course that the losses show; None where no epoch was run, and of a fit in closed form."""
    records = history.records
    if not records or history.closed_form:
        return None
    last, before = records[-1], records[-2:][0]
    if last.val_loss is None or before.val_loss is None:
        return Course("unknown", last.epoch, last.epoch)
    loss, best = min((r.val_loss, r.epoch) for r in records if r.val_loss is not None)
    return Course(_state(records, loss, best), best, last.epoch)


def _state(records: tuple[EpochRecord, ...], loss: float, best: int) -> State:
    last, before = records[-1], records[-2:][0]
    assert last.val_loss is not None
    assert before.val_loss is not None
    if len(records) == 1:
        return "unknown"
    if last.val_accuracy == 1:  # no epoch can answer more of them, whatever the loss does
        return "all right"
    if last.val_loss > loss * _RISEN:
        then = next(r.train_loss for r in records if r.epoch == best)
        return "overfitting" if last.train_loss < then else "unstable"
    falling = best == last.epoch and before.val_loss - last.val_loss > _STILL_FALLING * before.val_loss
    return "improving" if falling else "leveled off"


def curves_finding(history: History) -> str:
    """Whether the loss still falls, has leveled off or turned up again (overfitting), or all is right."""
    records, course = history.records, course_of(history)
    if history.closed_form:
        return _at_once(records[-1])
    if course is None:
        return "No epoch was run."
    last = records[-1]
    if last.val_loss is None:
        return _without_validation(records)
    best = next(r.val_loss for r in records if r.epoch == course.best)
    assert best is not None
    return (
        f"The validation loss was lowest after epoch {course.best} of {course.last} ({decimal(best, 4)}). "
        f"{_trend(course, last.val_loss, best, _slowed(history))} {_gap(last)}"
    )


def trend_finding(history: History) -> str:
    """The same in brief: the epoch with the lowest validation loss, and what the loss did since."""
    course, last = course_of(history), history.records[-1:]
    if course is None or last[0].val_loss is None:
        return curves_finding(history)
    best = min(r.val_loss for r in history.records if r.val_loss is not None)
    lowest = f"The validation loss was lowest after epoch {course.best} of {course.last}."
    return f"{lowest} {_trend(course, last[0].val_loss, best, _slowed(history))}"


def _slowed(history: History) -> bool:
    """Whether the learning rate fell towards the end."""
    rates = [record.learning_rate for record in history.records if record.learning_rate is not None]
    return bool(rates) and rates[-1] < _SLOWED * max(rates)


def _at_once(fit: EpochRecord) -> str:
    """What a fit in closed form came to."""
    told = f"The accuracy is {percent(fit.train_accuracy)} on train, each image judged by a fit without it"
    if fit.val_accuracy is None:
        return f"{told}. No validation split was held out."
    gap = 100 * (fit.train_accuracy - fit.val_accuracy)
    return f"{told}, and {percent(fit.val_accuracy)} on validation: a gap of {gap:+.1f} points."


def _without_validation(records: tuple[EpochRecord, ...]) -> str:
    first, last = records[0], records[-1]
    return (
        f"The training loss went from {decimal(first.train_loss, 4)} to {decimal(last.train_loss, 4)} in "
        f"{count(len(records), 'epoch')}. No validation split was held out, so overfitting cannot be seen "
        "here, only in the test score."
    )


def _trend(course: Course, last: float, best: float, slowed: bool) -> str:
    """What the validation loss does since its best epoch. slowed: the learning rate fell, and with it all
    progress: the same net may gain much from a longer training, which slows later."""
    share = f" by {percent(last / best - 1)}" if best > 0 else ""
    rise = f"It has since risen{share} to {decimal(last, 4)} while the training loss"
    return {
        "unknown": "One epoch shows no trend.",
        "overfitting": f"{rise} fell: a sign of overfitting. Fewer epochs, augmentation or weight decay "
        "would help.",
        "unstable": f"{rise} rose too: the training is unstable. A smaller learning rate would help.",
        "all right": "Every validation image is answered right: more epochs could only change how sure the "
        "answers are.",
        "improving": "It is still falling: more epochs would probably help.",
        "leveled off": "It has leveled off, as it does where the learning rate falls: whether more epochs "
        "help, only a longer run tells (a larger --epochs)."
        if slowed
        else "It has leveled off: more epochs alone would change little.",
    }[course.state]


def _gap(last: EpochRecord) -> str:
    if last.val_accuracy is None:
        return ""
    gap = 100 * (last.train_accuracy - last.val_accuracy)
    return (
        f"In the last epoch accuracy is {percent(last.train_accuracy)} on train and "
        f"{percent(last.val_accuracy)} on validation: a gap of {gap:+.1f} points."
    )


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
