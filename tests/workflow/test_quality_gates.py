"""Gates say what must not be; what cannot be judged fails."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.values import Audit, Finding
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.evaluation.assess import Evidence, assess
from assay.evaluation.values import Evaluation
from assay.workflow.quality_gates.gates import parse_gates
from assay.workflow.quality_gates.judging import judge_all, judged, need_passed

pytestmark = pytest.mark.usefixtures("undrawn")

AUDIT = Audit(
    dataset={"splits": {"train": {"count": 150}, "test": {"count": 50}}},
    statistics={},
    findings=(
        Finding("leakage", "fail", "", {}, "", "", count=3, area="data integrity"),
        Finding("drift", "not evaluated", "", {}, "", "", area="data integrity"),
        Finding("identity", "pass", "", {}, "", "", area="data integrity"),
    ),
)

# Three of four right; class b is found once in two.
SCORE = Evaluation(
    ("a", "b"), np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
)

JUDGED = {
    "leakage>0": True,
    "leakage>3": False,
    "leakage>=3": True,
    "leakage == 3": True,
    "leakage!=3": False,
    "leakage>1%": True,  # 3 of 200 images are 1.5 %
    "leakage>1.5%": False,
    "verdict:leakage!=pass": True,
    "verdict:leakage==warn": False,
    "verdict:identity!=pass": False,
    "accuracy<0.75": False,
    "accuracy<0.76": True,
    "accuracy_low<0.4": True,
    "macro_f1>0.7": True,
    "min_class_recall<0.7": True,
    "min_class_recall<0.5": False,
    "ece>0": True,  # not evaluated: of these answers no calibration was made
    "drift>0": True,  # not evaluated
    "verdict:drift!=pass": True,  # not evaluated
    "label-errors>99%": True,  # did not run
}


def failed_gates(gates, audit, score) -> list[str]:
    return [result.told() for result in judged(gates, audit, score) if result.failed]


@pytest.mark.parametrize("text", JUDGED)
def test_a_gate_is_judged_by_hand(text: str) -> None:
    """True gates fail, false ones pass, unjudged ones fail."""
    assert bool(failed_gates(parse_gates(text), AUDIT, SCORE)) is JUDGED[text]


@pytest.mark.parametrize(("text", "fails"), [("ece>0.24", True), ("ece>0.26", False), ("ece<0.3", True)])
def test_the_calibration_error_has_a_gate(text: str, fails: bool) -> None:
    """`ece` is that of the probabilities as the model gives them: 0.9, 0.8 and 0.9 right, 0.6 wrong."""
    score = assess(SCORE, Evidence())
    assert score.calibration is not None
    assert score.calibration.after.ece == pytest.approx((0.1 + 0.2 + 0.6 + 0.1) / 4)
    assert bool(failed_gates(parse_gates(text), AUDIT, score)) is fails


def test_a_gate_on_a_score_that_was_not_made_fails() -> None:
    """An audit alone cannot promise an accuracy."""
    assert failed_gates(parse_gates("accuracy<0.1"), AUDIT, None) == ["accuracy<0.1 (not evaluated)"]


@pytest.mark.parametrize(
    ("check", "evidence", "share"),
    [
        ("leakage", {"images": {"validation": 10, "test": 50}}, 5.0),
        ("near-duplicates", {"images": 200}, 1.5),
        ("unreadable", {"read": 297, "unreadable": 3}, 1.0),
        ("label-errors", {"images": {"train": 100, "test": 20}}, 2.5),
    ],
)
def test_percent_are_of_the_images_that_the_check_judged(check: str, evidence, share: float) -> None:
    """As the finding counts them: of copies of test images the training images are no part."""
    audit = replace(AUDIT, findings=(Finding(check, "fail", "", evidence, "", "", count=3),))
    (result,) = judged(parse_gates(f"{check}>99%"), audit, None)
    assert result.found == pytest.approx(share)


@pytest.mark.parametrize("kind", ["groups_by_column", "groups_by_names", "groups_by_distances"])
def test_a_gate_on_leaks_says_what_it_does_not_count(kind: str) -> None:
    """Groups that nobody named are a warning: the gate passes, and tells which one would not."""
    finding = Finding("leakage", "warn", "", {kind: {"name": "patient_id"}}, "", "", count=0)
    audit = replace(AUDIT, findings=(finding,))
    (result,) = judged(parse_gates("leakage>0"), audit, None)
    assert not result.failed
    assert "verdict:leakage!=pass" in result.told()
    assert failed_gates(parse_gates("verdict:leakage!=pass"), audit, None)
    quiet = replace(AUDIT, findings=(replace(finding, evidence={kind: None}),))
    assert judged(parse_gates("leakage>0"), quiet, None)[0].reason == ""


def test_every_failed_gate_is_named_with_value_and_bound() -> None:
    """Exit 8; gates that hold are not mentioned."""
    with pytest.raises(AssayError) as caught:
        need_passed(judge_all(parse_gates("leakage>0, accuracy<0.5, accuracy<0.9"), AUDIT, SCORE), "runs/x")
    assert caught.value.exit_code == 8
    assert "2 of 3 gates failed: leakage>0 (found 3); accuracy<0.9 (found 0.75)" in str(caught.value)
    need_passed(judge_all(parse_gates("accuracy<0.5"), AUDIT, SCORE), "runs/x")
    need_passed(judge_all((), AUDIT, SCORE), "runs/x")


@pytest.mark.parametrize(
    "text",
    [
        "leakage",
        "leekage>0",
        "leakage>many",
        "leakage>nan",
        "leakage>inf",
        "accuracy<90%",
        "verdict:leakage>pass",
        "verdict:drift!=good",
        ">0",
        "leakage>0,",
        "leakage>0,,accuracy<0.9",
        ",",
    ],
)
def test_what_is_no_gate_is_refused(text: str) -> None:
    """A gate that could never be judged is an error before any work."""
    with pytest.raises(AssayError, match="unknown-gate"):
        parse_gates(text)


def test_the_commands_enforce_gates(tmp_path: object, capfd: pytest.CaptureFixture[str]) -> None:
    """The run is complete, then exit 8; a gate that is none is exit 2 before anything is written."""
    audit = ["audit", "fashion-mnist-sample", "-q", "--checks", "identity,label-balance", "--out"]
    assert exit_code([*audit, f"{tmp_path}/a", "--fail-on", "verdict:label-balance!=pass"]) == 0
    assert exit_code([*audit, f"{tmp_path}/b", "--fail-on", "verdict:label-balance==pass"]) == 8
    assert "gate-failed" in capfd.readouterr().err
    assert exit_code([*audit, f"{tmp_path}/c", "--fail-on", "nonsense"]) == 2


@pytest.mark.parametrize("command", ["audit", "train"])
def test_a_gate_that_the_command_cannot_evaluate_is_refused(command: str, capsys, tmp_path) -> None:
    """`audit` and `train` test no model: a gate on the score would fail whatever the data are."""
    line = [
        command,
        "fashion-mnist-sample",
        "--fail-on",
        "accuracy<0.9",
        "--out",
        str(tmp_path / "run"),
        "-q",
    ]
    assert exit_code(line) == 2
    told = capsys.readouterr().err
    assert "error[unknown-gate]: accuracy<0.9: this command tests no model" in told
    assert "assay run --fail-on 'accuracy<0.9'" in told
    assert not (tmp_path / "run").exists()
