"""How the training of this very run went, in sentences."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from assay.evaluation.metrics import wilson_interval
from assay.reports.findings.wording import count, decimal, percent
from assay.training.model.values import EpochRecord, History

#: A validation loss this far above its best is overfitting, not noise of one epoch; and it must have risen by
#: more than its share of the root of the number of images: about the deviation of the single losses' rises.
_RISEN: Final = 1.05
#: A last epoch that lowered the validation loss by less than this share has leveled off.
_STILL_FALLING: Final = 0.01
#: The learning rate has fallen where the last one is under this share of the largest.
_SLOWED: Final = 0.5


State = Literal["improving", "leveled off", "all right", "overfitting", "unstable", "perhaps", "unknown"]


@dataclass(frozen=True)
class Course:
    """How a training went, in a word. best: epoch of the lowest validation loss; last: of the last.

    It is in state `perhaps` where the loss has risen, and of so few validation images that may be chance.
    """

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
    return Course(_state(history, loss, best), best, last.epoch)


def _state(history: History, loss: float, best: int) -> State:
    records = history.records
    last, before = records[-1], records[-2:][0]
    assert last.val_loss is not None
    assert before.val_loss is not None
    if len(records) == 1:
        return "unknown"
    if last.val_accuracy == 1:  # no epoch can answer more of them, whatever the loss does
        return "all right"
    if last.val_loss > loss * _RISEN:
        images = history.validation_images
        if images is not None and last.val_loss - loss <= last.val_loss / math.sqrt(images):
            return "perhaps"
        then = next(r.train_loss for r in records if r.epoch == best)
        return "overfitting" if last.train_loss < then else "unstable"
    falling = best == last.epoch and before.val_loss - last.val_loss > _STILL_FALLING * before.val_loss
    return "improving" if falling else "leveled off"


def curves_finding(history: History) -> str:
    """Whether the loss still falls, has leveled off or turned up again (overfitting), or all is right."""
    records, course = history.records, course_of(history)
    if history.closed_form:
        return _at_once(records[-1], history.validation_images)
    if course is None:
        return "No epoch was run."
    last = records[-1]
    if last.val_loss is None:
        return _without_validation(records)
    best = next(r.val_loss for r in records if r.epoch == course.best)
    assert best is not None
    return (
        f"The validation loss was lowest after epoch {course.best} of {course.last} ({decimal(best, 4)}). "
        f"{_trend(course, last.val_loss, best, history)} {_gap(last, history.validation_images)}"
    )


def trend_finding(history: History) -> str:
    """The same in brief: the epoch with the lowest validation loss, and what the loss did since."""
    course, last = course_of(history), history.records[-1:]
    if course is None or last[0].val_loss is None:
        return curves_finding(history)
    best = min(r.val_loss for r in history.records if r.val_loss is not None)
    lowest = f"The validation loss was lowest after epoch {course.best} of {course.last}."
    return f"{lowest} {_trend(course, last[0].val_loss, best, history)}"


def _slowed(history: History) -> bool:
    """Whether the learning rate fell towards the end."""
    rates = [record.learning_rate for record in history.records if record.learning_rate is not None]
    return bool(rates) and rates[-1] < _SLOWED * max(rates)


def _at_once(fit: EpochRecord, images: int | None) -> str:
    """What a fit in closed form came to."""
    told = f"The accuracy is {percent(fit.train_accuracy)} on train, each image judged by a fit without it"
    if fit.val_accuracy is None:
        return f"{told}. No validation split was held out."
    return f"{told}, and {percent(fit.val_accuracy)} on validation: {_told_gap(fit, images)}."


def _without_validation(records: tuple[EpochRecord, ...]) -> str:
    first, last = records[0], records[-1]
    return (
        f"The training loss went from {decimal(first.train_loss, 4)} to {decimal(last.train_loss, 4)} in "
        f"{count(len(records), 'epoch')}. No validation split was held out, so overfitting cannot be seen "
        "here, only in the test score."
    )


def _trend(course: Course, last: float, best: float, history: History) -> str:
    """What the validation loss does since its best epoch. Where the learning rate fell, all progress did: the
    same net may gain much from a longer training, which slows later."""
    few = f"{history.validation_images or 0:,} validation images"
    share = f" by {percent(last / best - 1)}" if best > 0 else ""
    rise = f"It has since risen{share} to {decimal(last, 4)} while the training loss"
    return {
        "unknown": "One epoch shows no trend.",
        "overfitting": f"{rise} fell: a sign of overfitting. Fewer epochs, augmentation or weight decay "
        "would help.",
        "perhaps": f"It has since risen{share} to {decimal(last, 4)}: of {few} that may be chance.",
        "unstable": f"{rise} rose too: the training is unstable. A smaller learning rate would help.",
        "all right": "Every validation image is answered right: more epochs could only change how sure the "
        "answers are.",
        "improving": "It is still falling: more epochs would probably help.",
        "leveled off": "It has leveled off, as it does where the learning rate falls: whether more epochs "
        "help, only a longer run tells (a larger --epochs)."
        if _slowed(history)
        else "It has leveled off: more epochs alone would change little.",
    }[course.state]


def _gap(last: EpochRecord, images: int | None) -> str:
    if last.val_accuracy is None:
        return ""
    return (
        f"In the last epoch accuracy is {percent(last.train_accuracy)} on train and "
        f"{percent(last.val_accuracy)} on validation: {_told_gap(last, images)}."
    )


def _told_gap(last: EpochRecord, images: int | None) -> str:
    """`a gap of +9.4 points`, and what so few validation images tell of it."""
    assert last.val_accuracy is not None
    told = f"a gap of {100 * (last.train_accuracy - last.val_accuracy):+.1f} points"
    if images is None:
        return told
    low, high = wilson_interval(round(last.val_accuracy * images), images)
    inside = low <= last.train_accuracy <= high
    return f"{told}, which may be chance on {count(images, 'image')}" if inside else told
