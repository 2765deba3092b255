"""Abstaining: the curve by hand, and a risk that is promised and not merely hoped for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evaluation.assess import with_ood_last
from assay.evaluation.selective import choose_threshold, count_answered, risk_coverage, risk_is_below


def test_the_curve_by_hand() -> None:
    """The surest three are right, the fourth is wrong: risks 0, 0, 0, 1/4, and their mean."""
    curve, mean_risk = risk_coverage(np.array([0.7, 0.9, 0.6, 0.8]), np.array([1, 1, 0, 1], bool))
    assert [(p.n, p.coverage, p.threshold, p.risk) for p in curve] == [
        (1, 0.25, 0.9, 0.0),
        (2, 0.5, 0.8, 0.0),
        (3, 0.75, 0.7, 0.0),
        (4, 1.0, 0.6, 0.25),
    ]
    assert mean_risk == 1 / 16


def test_one_image_has_a_curve() -> None:
    curve, mean_risk = risk_coverage(np.array([0.4]), np.array([False]))
    assert ([p.risk for p in curve], mean_risk) == ([1.0], 1.0)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60))
def test_equal_confidences_stay_together_in_any_order(seed: int, n: int) -> None:
    """With ties, shuffling the images changes no point of the curve; its last point is the error rate."""
    rng = np.random.default_rng(seed)
    confidence, right = rng.integers(1, 6, n) / 5, rng.random(n) < 0.7
    order = rng.permutation(n)
    curve, area = risk_coverage(confidence, right)
    again, same = risk_coverage(confidence[order], right[order])
    assert [(p.n, p.threshold) for p in curve] == [(p.n, p.threshold) for p in again]
    assert [p.risk for p in curve] == pytest.approx([p.risk for p in again])
    assert area == pytest.approx(same)
    for point in curve:
        kept = confidence >= point.threshold
        assert (point.n, point.risk) == (kept.sum(), pytest.approx(1 - right[kept].mean()))
    assert curve[-1].risk == pytest.approx(1 - right.mean())


@pytest.mark.parametrize(
    ("wrong", "answered", "risk", "below"),
    [
        # 0.98 ** 149 = 0.0493 and 0.98 ** 148 = 0.0503: the rule of three, exactly.
        (0, 149, 0.02, True),
        (0, 148, 0.02, False),
        # Clopper-Pearson, one-sided 95 %: 1 of 100 is at most 4.656 %, 5 of 500 at most 2.092 %.
        (1, 100, 0.0466, True),
        (1, 100, 0.0465, False),
        (5, 500, 0.0210, True),
        (5, 500, 0.0209, False),
        (20, 1000, 0.02, False),
    ],
)
def test_the_bound_of_clopper_and_pearson(wrong: int, answered: int, risk: float, below: bool) -> None:
    """A risk is promised where so few mistakes are less probable than 5 % for any higher one."""
    assert risk_is_below(wrong, answered, risk) is below


def test_the_rule_takes_all_that_it_can_promise() -> None:
    """1,000 sure and right, then only wrong: looks at 1,000, 1,004 and 1,024; 24 wrong ones are too many."""
    confidence = np.r_[np.full(1000, 0.9), np.linspace(0.5, 0.4, 200)]
    rule = choose_threshold(confidence, np.r_[np.ones(1000, bool), np.zeros(200, bool)], 0.02)
    assert rule.threshold is not None
    assert risk_is_below(4, 1004, 0.02)
    assert not risk_is_below(24, 1024, 0.02)
    assert (rule.validation.answered, rule.validation.wrong) == (1004, 4)
    assert (confidence >= rule.threshold).sum() == 1004


@pytest.mark.parametrize(("images", "risk"), [(150, 0.05), (500, 0.1), (500, 0.02)])
def test_a_confidence_that_tells_nothing_promises_no_more_than_it_holds(images: int, risk: float) -> None:
    """The true risk is a little more than the one named, at any threshold: one promise in 20 sets at most.

    The best of all thresholds, each judged alone, is one in 9 to 25 of 100.
    """
    rng, draws = np.random.default_rng(11), 600
    made = sum(
        choose_threshold(rng.random(images), rng.random(images) >= risk * 1.001, risk).threshold is not None
        for _ in range(draws)
    )
    assert made <= 0.05 * draws + 3 * np.sqrt(0.05 * 0.95 * draws)


def test_what_was_shown_needs_no_more_proof() -> None:
    """A confidence that tells much: nearly as many are answered as by the best threshold judged alone."""
    rng = np.random.default_rng(5)
    confidence = np.sort(rng.random(3000))[::-1]
    right = rng.random(3000) >= 0.4 * (1 - confidence) ** 3
    rule = choose_threshold(confidence, right, 0.05)
    alone = [n for n in range(1, 3001) if risk_is_below(int((~right[:n]).sum()), n, 0.05)]
    assert 0.95 * alone[-1] < rule.validation.answered <= alone[-1]


def test_too_few_images_promise_nothing() -> None:
    """A hundred right answers do not show a risk of 2 %: nothing is answered, and the reason counts."""
    rule = choose_threshold(np.full(100, 0.99), np.ones(100, bool), 0.02)
    assert (rule.threshold, rule.validation.answered, rule.validation.risk) == (None, 0, None)
    assert "149" in rule.threshold_reason


def test_strange_images_are_never_answered() -> None:
    """However sure the model is of them, and on validation as on test."""
    usable = with_ood_last(np.array([0.99, 0.9]), np.array([False, True]))
    found = count_answered(usable, np.array([True, False]), 0.0)
    assert (found.answered, found.wrong, found.coverage) == (1, 1, 0.5)
    assert with_ood_last(np.array([0.5]), None).tolist() == [0.5]


def test_a_promise_on_groups_is_kept_as_often_as_it_says() -> None:
    """40 clips of 15 frames, each clip all right or all wrong with 15 %: a risk of 10 % is no promise.

    Single frames would make it in more than 10 of 100 draws, though 95 % confidence is said.
    """
    rng = np.random.default_rng(7)
    clips = np.repeat(np.arange(40), 15)
    made = {"frames": 0, "clips": 0}
    for _ in range(600):
        right = (rng.random(40) >= 0.15)[clips]
        confidence = np.full(600, 0.9)
        made["frames"] += choose_threshold(confidence, right, 0.1).threshold is not None
        made["clips"] += choose_threshold(confidence, right, 0.1, clips).threshold is not None
    assert made["frames"] > 0.1 * 600
    assert made["clips"] <= 0.05 * 600


def test_few_wrong_answers_do_not_show_that_groups_are_not_alike() -> None:
    """20 groups of ten with a disposition of their own, 10.3 % wrong, whatever the confidence: a risk of 10 %
    was promised in a tenth of the draws, by those in which a group had one or two wrong answers."""
    rng, groups = np.random.default_rng(7), np.repeat(np.arange(20), 10)
    made = 0
    for _ in range(200):
        right = rng.random(200) >= 1 / (1 + np.exp(6.7 - 5 * rng.normal(0, 1, 20)))[groups]
        made += choose_threshold(rng.random(200), right, 0.1, groups).threshold is not None
    assert made <= 0.05 * 200


def test_one_wrong_answer_shows_no_more_than_none() -> None:
    """Of 20 groups 29 would have to be right: none is promised, nor with one answer wrong."""
    groups, right = np.repeat(np.arange(20), 10), np.ones(200, bool)
    for wrong in ([], [3], [3, 57]):
        right[wrong] = False
        assert choose_threshold(np.full(200, 0.9), right, 0.1, groups).threshold is None


def test_groups_of_one_are_single_images() -> None:
    rng = np.random.default_rng(3)
    confidence, right = rng.random(400), rng.random(400) < 0.97
    alone = choose_threshold(confidence, right, 0.1)
    assert alone.threshold is not None
    assert choose_threshold(confidence, right, 0.1, np.arange(400)[::-1].copy()) == alone


def test_the_answers_of_groups_have_their_interval() -> None:
    """200 frames of 4 clips, one clip wrong: the interval is that of four answers, not of 200."""
    right, clips = np.repeat([True, True, True, False], 50), np.repeat([5, 1, 9, 2], 50)
    single = count_answered(np.full(200, 0.9), right, 0.5).risk_ci95
    grouped = count_answered(np.full(200, 0.9), right, 0.5, clips).risk_ci95
    assert single is not None
    assert grouped is not None
    assert grouped[1] - grouped[0] > 4 * (single[1] - single[0])


def test_too_few_groups_promise_nothing() -> None:
    rule = choose_threshold(np.full(600, 0.99), np.ones(600, bool), 0.02, np.repeat(np.arange(40), 15))
    assert rule.threshold is None
    assert rule.threshold_reason == (
        "600 validation images in 40 groups cannot show a risk of at most 0.02: it takes 149 groups, all "
        "answered right"
    )


def test_enough_images_with_a_mistake_are_not_called_wrong() -> None:
    """30 validation images, one wrong: that too few are right is not said as that too many are wrong."""
    right = np.ones(30, bool)
    right[3] = False
    rule = choose_threshold(np.linspace(0.9, 0.5, 30), right, 0.1)
    assert rule.threshold is None
    assert rule.threshold_reason == (
        "of 30 validation images no number of the surest answers has so few wrong ones that a risk of at "
        "most 0.1 is shown with 95 % confidence"
    )
