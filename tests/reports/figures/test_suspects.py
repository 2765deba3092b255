"""The flagged images as pictures: the right ones, the worst first, with what they resemble."""

import numpy as np
import pytest

from assay.audits.issues import Issue
from assay.audits.registry import CHECKS, PICTURED
from assay.audits.values import Audit, Finding
from assay.data.values import Dataset, Split, numbered_ids
from assay.reports.drawing.captions import CAPTIONS
from assay.reports.figures.suspects import suspects, worst
from assay.reports.values import Results

CLASSES = ("cat", "<b>dog</b>")


def _dataset() -> Dataset:
    rng = np.random.default_rng(0)
    splits = {
        name: Split.from_arrays(
            rng.integers(0, 256, (n, 5, 7, 3), dtype=np.uint8), np.arange(n) % 2, numbered_ids(name, n)
        )
        for name, n in (("train", 40), ("test", 40))
    }
    return Dataset("pets", CLASSES, splits, "")


def _issue(check: str, index: int, score: float, kind: str = "k", related: int | None = None) -> Issue:
    place = (
        {}
        if related is None
        else {"related_split": "train", "related_index": related, "related_id": f"train/{related:02d}"}
    )
    return Issue(check, kind, score, "test", index, f"test/{index:02d}", "", CLASSES[index % 2], **place)


def _content(issues: tuple[Issue, ...]) -> Results:
    checks = dict.fromkeys(issue.check for issue in issues)
    found = tuple(Finding(c, "warn", f"{c} speaks.", {}, "", "", area=CHECKS[c].area) for c in checks)
    return Results(_dataset(), {}, Audit({"name": "pets"}, {}, found, issues))


@pytest.mark.parametrize("check", PICTURED)
@pytest.mark.parametrize("related", [None, 3])
def test_every_pictured_check_has_its_figure(check: str, related: int | None) -> None:
    """One issue is enough for a figure with its texts, in pairs or alone; hostile names stay text."""
    drawn = suspects(_content((_issue(check, 1, 0.9, related=related),)))
    assert [one.name for one in drawn] == [f"suspects-{check}"]
    assert drawn[0].name in CAPTIONS
    assert f"{check} speaks. Shown: all" in drawn[0].found
    assert "<b>dog" not in drawn[0].svg
    assert drawn[0].table.rows[0][:2] == ("test/01", CLASSES[1])
    assert drawn[0].table.rows[0][3] == ("" if related is None else "train/03 (<b>dog</b>)")


def test_without_issues_there_is_no_figure() -> None:
    """A silent audit shows no pictures of suspects."""
    assert suspects(_content(())) == ()


def test_a_check_that_flags_nothing_is_shown_in_words() -> None:
    """In a notebook a sentence, not an error; the same of images that were never read."""
    data = _dataset()
    finding = Finding(
        "leakage", "pass", "No image of test is in train. " * 9, {}, "", "", area="data integrity"
    )
    unread = Issue("unreadable", "cut", 1.0, "test", -1, "a.png", "", "cat")
    bad = Finding("unreadable", "warn", "1 image cannot be read.", {}, "", "", area="data integrity")
    about = {"name": "pets", "fingerprint": data.fingerprint}
    audit = Audit(about, {}, (finding, bad), (unread,), data=data)
    drawn = audit.show("leakage")
    (text,) = [one.get_text() for one in drawn.texts]
    assert text.startswith("leakage flags no image that can be shown (pass). No image of test is in train.")
    assert text.count("\n") >= 2
    assert drawn.texts[0].get_window_extent().x1 < drawn.bbox.x1
    assert (
        "unreadable flags no image that can be shown (warn)" in audit.show("unreadable").texts[0].get_text()
    )
    assert "<img" not in audit._repr_html_()  # in the table it is said already


def test_the_worst_come_first_and_are_counted() -> None:
    """Of many only the worst are drawn, and the text says how many."""
    issues = tuple(_issue("label-errors", i, 1 - i / 100, related=i) for i in range(40))
    drawn = suspects(_content(issues))[0]
    assert [row[0] for row in drawn.table.rows] == [f"test/{i:02d}" for i in range(12)]
    assert "Shown: the worst 12; issues.csv lists every one." in drawn.found


def test_a_frequent_kind_does_not_hide_a_rare_one() -> None:
    """With several kinds, each has its place."""
    issues = [_issue("quality", i, 0.9 - i / 1000, "cropped") for i in range(30)]
    issues.append(_issue("quality", 35, 0.1, "blank"))
    assert "blank" in {issue.kind for issue in worst(issues, 16)}
    assert len(worst(issues, 16)) == 13
