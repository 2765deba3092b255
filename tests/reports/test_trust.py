"""The chapter on trust: its sentences by hand, and what is left out where it is unknown."""

from dataclasses import replace

import numpy as np

from assay.evaluation.values import Evaluation
from assay.reports.figures.trust import confidences
from assay.reports.findings import trust as findings
from assay.reports.page.html import draw_all, page
from reports.trust_record import TRUST


def judged(*answers: tuple[int, int, float]) -> Evaluation:
    """(label, answer, its probability) of each image, of two classes."""
    p = np.array([[1 - sure, sure] if taken else [sure, 1 - sure] for _, taken, sure in answers])
    return Evaluation(("a", "b"), np.array([label for label, _, _ in answers]), p)


def test_confidence_by_hand() -> None:
    """Two sure answers of four, one of them wrong; one mistake of two was an unsure one."""
    text = findings.confidence_finding(judged((0, 0, 0.95), (0, 1, 0.92), (1, 1, 0.6), (1, 0, 0.7)))
    assert text.startswith(
        "2 of 4 answers (50.0\u00a0%) have a probability of 90\u00a0% or more; "
        "of these, 1 (50.0\u00a0%) is wrong."
    )
    assert "1 of 2 mistakes (50\u00a0%) " in text
    assert "No answer has a probability of 90\u00a0% or more" in findings.confidence_finding(
        judged((0, 0, 0.6))
    )


def test_what_checking_unsure_answers_would_find() -> None:
    """None of the mistakes, the only one, and one of two."""
    sure = findings.confidence_finding(judged((0, 0, 0.95), (0, 1, 0.92), (1, 1, 0.6)))
    assert sure.endswith(
        "No mistake was made below that: checking the unsure answers by hand would find none."
    )
    only = findings.confidence_finding(judged((0, 0, 0.95), (0, 1, 0.7)))
    assert only.endswith(
        "The only mistake was made below that: checking the unsure answers by hand would find it."
    )
    both = findings.confidence_finding(judged((0, 1, 0.95), (0, 1, 0.7)))
    assert both.endswith(
        "1 of 2 mistakes (50\u00a0%) was made below that: checking the unsure answers by hand would find it."
    )


def test_the_histogram_counts_every_answer_once() -> None:
    """A probability on an edge belongs to the bar above it, 1 to the last."""
    record = confidences(judged((0, 0, 1.0), (0, 0, 0.95), (1, 0, 0.55), (1, 1, 0.949))).record
    assert sum(record["right"]) == 3
    assert record["right"][-1] == 2
    assert record["right"][-2] == 1
    assert record["wrong"][11] == 1


def test_calibration_with_and_without_a_temperature() -> None:
    """Above 1 it softens, and the error before it is told; at 1 nothing is said of it."""
    text = findings.calibration_finding(TRUST["calibration"])
    assert "differ from the accuracy by 2.1\u00a0% on average" in text
    assert "and in 95 of 100 cases by at most" in text
    assert "the error may be chance" in text
    before = TRUST["calibration"]["before"]
    told = findings.calibration_finding({**TRUST["calibration"], "after": before, "temperature": 1.0})
    assert "the error is more than chance" in told
    assert "The temperature 1.310 softened the probabilities; before it, the error was 6.5\u00a0%" in text
    plain = findings.calibration_finding({**TRUST["calibration"], "temperature": 1.0})
    assert "temperature" not in plain


def test_abstention_with_and_without_a_rule() -> None:
    """The risk of answering all and of the most confident; what the rule does; how to ask for one."""
    text = findings.abstention_finding(TRUST["abstention"])
    assert "With every image answered, 25.0\u00a0% of the answers are wrong" in text
    assert "answers from a probability of 80.0\u00a0% on: 75.0\u00a0% of the test images" in text
    gated = findings.abstention_finding(TRUST["abstention"], gated=True)
    assert "80.0\u00a0% on, but for pictures unlike those of training: 75.0\u00a0% of the" in gated
    assert "--max-risk" in findings.abstention_finding({**TRUST["abstention"], "rule": None})
    silent = {**TRUST["abstention"]["rule"], "threshold": None}
    assert "never answers" in findings.abstention_finding({**TRUST["abstention"], "rule": silent})
    unasked = {**TRUST["abstention"], "rule": None, "rule_reason": "no images were held out for validation"}
    assert "no images were held out" in findings.abstention_finding(unasked)
    test = {**TRUST["abstention"]["rule"]["test"], "coverage": 0.0, "risk": None, "risk_ci95": None}
    nothing = {**TRUST["abstention"]["rule"], "test": test}
    told = findings.abstention_finding({**TRUST["abstention"], "rule": nothing})
    assert told.endswith("which no test image reaches.")
    broken = {**nothing, "test": {**test, "coverage": 0.9, "risk": 0.4, "risk_ci95": [0.3, 0.5]}}
    told = findings.abstention_finding({**TRUST["abstention"], "rule": broken})
    assert "That is more than was asked for" in told


def test_slices_by_hand() -> None:
    """The weakest is named, by class or by what it is; or it is said that there is none."""
    assert findings.slices_finding(TRUST["slices"]).startswith(
        "The weakest class is dog: 25.0\u00a0% of 4 images"
    )
    other = {**TRUST["slices"]["weakest"][0], "by": "sharpness", "slice": "0 to 3.5"}
    text = findings.slices_finding({**TRUST["slices"], "weakest": [other, other]})
    assert "The weakest group is the images whose sharpness is 0 to 3.5: " in text
    size = findings.slices_finding({**TRUST["slices"], "weakest": [{**other, "by": "column:bytes"}]})
    assert size.startswith("The weakest group is the images whose file size in bytes is 0 to 3.5")
    assert "significantly below the overall accuracy (so is 1 more group)" in text
    assert "None of 3 groups is significantly below the overall accuracy" in findings.slices_finding(
        {**TRUST["slices"], "weakest": []}
    )


def test_what_was_not_evaluated_is_absent(content_of) -> None:
    """Without its record a section is not there, and the others are; without any of them nothing breaks."""
    places = {
        "honest": 'id="honest"',
        "calibration": 'id="figure-reliability"',
        "abstention": 'id="figure-risk-coverage"',
        "out_of_distribution": 'id="unfamiliar"',
        "slices": 'id="slices"',
    }
    for absent in ({"honest", "abstention"}, set(places)):

        class Partial(Evaluation):
            def as_record(self, absent=absent):
                whole = {**super().as_record(), **TRUST}
                return {key: value for key, value in whole.items() if key not in absent}

        content = content_of()
        score = content.evaluation
        partial = Partial(score.classes, score.labels, score.probabilities, score.model, score.fingerprint)
        content = replace(content, evaluation=partial)
        text = page(content, draw_all(content))
        assert {key for key, place in places.items() if place not in text} == absent


def test_what_leaves_no_image_out_says_so(content_of, dataset_of) -> None:
    """No copy, no disputed label: not four lines with the same score and a difference of +0.0 points."""
    none = {**TRUST["honest"]["as_given"], "removed": 0, "difference": 0.0, "difference_ci95": [0.0, 0.0]}
    honest = {**TRUST["honest"], "without_copies": none, "without_suspects": none}
    honest["suspects"] = {**honest["suspects"], "n": 0}
    content = content_of()
    score = content.evaluation
    object.__setattr__(score, "as_record", lambda: {**type(score).as_record(score), "honest": honest})
    told = page(content, draw_all(content))
    assert "No label of a test image is disputed." in told
    assert told.count("none is left out") == 2
    assert "simulated draws" not in told


def test_a_rise_within_that_of_right_labels_is_no_sign(content_of) -> None:
    """The record has a rise of 6.8 points, and up to 7 without any wrong label."""
    content = content_of()
    assert "so it is no sign of wrong labels" in page(content, draw_all(content))


def test_one_group_is_not_compared() -> None:
    """`None of 1 group` says nothing."""
    text = findings.slices_finding({**TRUST["slices"], "looked_at": 1, "weakest": []})
    assert text == "Only 1 group has enough test images to be judged: there is nothing to compare."
    none = findings.slices_finding({**TRUST["slices"], "looked_at": 0, "weakest": []})
    assert none == "No group has enough test images to be judged: there is nothing to compare."
