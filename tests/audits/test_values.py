"""An audit in Python: short to look at, findings by name, issues as a table that equals issues.csv."""

import csv
import io

import pytest

import assay
from assay.audits.issues import ISSUE_COLUMNS, Issue
from assay.audits.values import Audit, Finding
from torture.job import tiny_dataset


def _audit(issues: int) -> Audit:
    rows = tuple(
        Issue("leakage", "copy", 1.0, "test", n - 1, f"t/{n}", "0" * 64, "cat") for n in range(issues)
    )
    findings = (
        Finding("leakage", "fail", "x" * 1000, {"a": "y" * 100_000}, "", "", count=issues),
        Finding("drift", "pass", "", {}, "", ""),
    )
    return Audit({"name": "photos"}, {"histogram": list(range(100_000))}, findings, rows)


def test_a_repr_is_short() -> None:
    """It was 98,748 characters."""
    audit = _audit(5000)
    assert repr(audit) == "Audit('photos', 2 checks: 1 fail, 1 pass; 5,000 issues)"
    assert repr(audit.issues) == "Issues(5,000: 5,000 leakage)"
    assert len(repr(audit.findings)) < 100
    assert len(repr(audit.findings[0])) < 1100
    assert len(audit.issues._repr_html_()) < 20_000


def test_a_finding_by_name() -> None:
    """By place as before, by check, and the nearest name for a wrong one."""
    audit = _audit(1)
    assert audit.findings["drift"] is audit.findings[1]
    assert audit.finding("leakage").count == 1
    assert audit.findings[:1] == (audit.findings[0],)
    with pytest.raises(KeyError, match="Did you mean leakage"):
        audit.findings["leekage"]


def test_issues_are_the_rows_of_the_file() -> None:
    """Every column, an empty place as None."""
    pytest.importorskip("pandas")
    audit = _audit(3)
    frame = audit.issues.to_pandas()
    rows = list(csv.reader(io.StringIO(audit.issues_csv())))
    assert tuple(rows[0]) == tuple(frame.columns) == ISSUE_COLUMNS
    assert audit.issues.table()["index"] == (None, 0, 1)
    assert len(frame) == len(rows) - 1
    assert audit.issues.of("drift") == ()
    assert audit.issues.of("drift").to_pandas().shape == (0, len(ISSUE_COLUMNS))


def test_everything_is_short_to_look_at() -> None:
    """Model, history, score and predictions: no arrays on the screen."""
    data = tiny_dataset()
    model = assay.train(data, "nearest-mean")
    score = assay.evaluate(model, data)
    audit = assay.audit(data, checks=("identity", "leakage"))
    for value in (data, model, model.history, score, score.predictions, audit, audit.issues):
        assert len(repr(value)) < 400, repr(value)
    table = score.predictions
    assert len(table) == 30
    assert sum(table["right"]) / 30 == score.accuracy
    assert [f"p:{name}" for name in data.classes] == list(table.columns)[-3:]
