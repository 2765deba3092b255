"""How a training went, in sentences."""

from dataclasses import replace

import pytest

from assay.reports.findings import training_course as findings
from assay.training.model.values import EpochRecord, History


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ((0.9, 0.7, 0.5), "still falling: more epochs would probably help"),
        ((0.9, 0.5, 0.4990), "leveled off"),
        ((0.9, 0.5, 0.52), "leveled off"),
        (
            (0.9, 0.5, 0.6),
            "risen by 20.0\u00a0% to 0.6000 while the training loss fell: a sign of overfitting",
        ),
        ((0.5,), "One epoch shows no trend"),
        ((None, None), "No validation split was held out"),
        ((), "No epoch was run"),
    ],
)
def test_curves(history_of, losses: tuple[float | None, ...], words: str) -> None:
    """Each shape of the validation curve is told for what it is."""
    assert words in findings.curves_finding(history_of(losses))


def test_a_curve_that_the_schedule_made_level_tells_nothing(history_of) -> None:
    """Six epochs that ended level reached 83 % of a set, 24 reached 88 %: the learning rate had fallen."""
    history = history_of((0.9, 0.5, 0.4990))
    assert "more epochs alone would change little" in findings.curves_finding(history)
    *others, last = history.records
    fallen = replace(history, records=(*others, replace(last, learning_rate=last.learning_rate / 3)))
    for told in (findings.curves_finding(fallen), findings.trend_finding(fallen)):
        assert "whether more epochs help, only a longer run tells (a larger --epochs)." in told


def test_a_loss_of_zero_has_no_percentage(history_of) -> None:
    """A net that is sure and right on every validation image; no division by its loss."""
    assert "risen to 0.1000" in findings.curves_finding(history_of((0.0, 0.1)))
    assert "lowest after epoch 1" in findings.curves_finding(history_of((0.0,)))


def test_no_overfitting_where_every_validation_image_is_right(history_of) -> None:
    """A loss that goes from 0.0090 to 0.0114 on 15 images was overfitting, under an accuracy of 100 %."""
    history = history_of((0.9, 0.0090, 0.0114))
    assert "a sign of overfitting" in findings.curves_finding(history)
    *others, last = history.records
    right = replace(history, records=(*others, replace(last, val_accuracy=1.0)))
    assert "overfitting" not in findings.curves_finding(right)
    assert findings.course_of(right) == findings.Course("all right", 2, 3)


def test_no_more_epochs_where_every_validation_image_is_right(history_of) -> None:
    """A loss that falls still, of a net that is right on all of them, wants no longer training."""
    history = history_of((0.9, 0.5, 0.1))
    assert findings.course_of(history) == findings.Course("improving", 3, 3)
    *others, last = history.records
    right = replace(history, records=(*others, replace(last, val_accuracy=1.0)))
    assert findings.course_of(right) == findings.Course("all right", 3, 3)
    for told in (findings.curves_finding(right), findings.trend_finding(right)):
        assert "more epochs would probably help" not in told
        assert "more epochs could only change how sure the answers are" in told


def test_best_epoch_and_gap(history_of) -> None:
    """Hand-computed: lowest in epoch 2; last accuracies 0.8333 and 0.8."""
    text = findings.curves_finding(history_of((0.9, 0.5, 0.6)))
    assert "lowest after epoch 2 of 3 (0.5000)" in text
    assert "83.3\u00a0% on train and 80.0\u00a0% on validation: a gap of +3.3 points" in text


def test_a_fit_in_closed_form_has_no_course() -> None:
    """Its one record is no epoch: nothing was lowest, and no curve is missing."""
    fit = EpochRecord(1, None, 0.5, 0.9, 0.6, 0.85)
    told = "90.0\u00a0% on train, each image judged by a fit without it, and 85.0\u00a0% on validation: a gap"
    assert told in findings.curves_finding(History((fit,)))
    alone = History((replace(fit, val_loss=None, val_accuracy=None),))
    assert findings.curves_finding(alone).endswith("without it. No validation split was held out.")
    assert findings.course_of(alone) is None
    assert repr(alone) == "History(closed form, train_loss 0.5000, train_accuracy 0.9000)"
    assert findings.course_of(History((replace(fit, learning_rate=0.1),))) is not None


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (20, "It has since risen by 20.0\u00a0% to 0.6000: of 20 validation images that may be chance."),
        (36, "of 36 validation images that may be chance."),
        (37, "a sign of overfitting"),
        (None, "a sign of overfitting"),
    ],
)
def test_a_rise_on_few_images_may_be_chance(history_of, images: int | None, words: str) -> None:
    """.1 of .6 is a sixth: more than one over the root of 37 images, not of 36. On 20 images
    21 in 100 nets that do not overfit were said to."""
    history = replace(history_of((0.9, 0.5, 0.6)), validation_images=images)
    assert words in findings.curves_finding(history)
    assert words in findings.trend_finding(history)
    course = findings.course_of(history)
    assert course is not None
    assert (course.state == "perhaps") == ("chance" in words)


def test_an_unsteady_loss_on_few_images_may_be_chance(history_of) -> None:
    """Also where the training loss rose."""
    history = replace(history_of((0.9, 0.5, 0.6)), validation_images=20)
    first, best, last = history.records
    history = replace(history, records=(first, best, replace(last, train_loss=best.train_loss + 1)))
    assert "may be chance" in findings.curves_finding(history)
    assert "unstable" in findings.curves_finding(replace(history, validation_images=2_000))


@pytest.mark.parametrize(("images", "chance"), [(20, True), (500, False), (None, False)])
def test_a_gap_on_few_images_may_be_chance(history_of, images: int | None, chance: bool) -> None:
    """18 of 20 is 70 to 97 %, in which 95 % of train lies; 450 of 500 is 87 to 92 %."""
    *others, last = history_of((0.9, 0.5)).records
    history = History((*others, replace(last, train_accuracy=0.95, val_accuracy=0.9)), images)
    found = findings.curves_finding(history)
    assert ("a gap of +5.0 points, which may be chance on 20 images." in found) == chance
    assert ("a gap of +5.0 points." in found) != chance
