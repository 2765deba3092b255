"""The page stays under its size however much was found, and the rest lies in the tables beside it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.audits import values
from assay.audits.issues import ISSUE_COLUMNS, Issue, sorted_issues
from assay.audits.review_table import suspect_rows
from assay.audits.values import Audit, Finding
from assay.core.text import read_csv_text
from assay.reports.page import suspect_editor
from assay.reports.page.html import LARGEST_PAGE, draw_all, page
from assay.reports.page.suspect_editor import list_suspects
from assay.reports.page.tables import run_files
from assay.reports.values import Results

#: Simulated findings, each of another image: several times those that the page lists; among the long tests
#: what a check makes of a set of a million of which a fifth is flagged.
MANY = (15_000, pytest.param(200_000, marks=pytest.mark.torture))


def simulated(count: int, images: int, length: int) -> tuple[Issue, ...]:
    """Issues of four checks, with long names, suggestions, relations and details that do not compress."""
    rng = np.random.default_rng(0)
    names = [bytes(row).hex() for row in rng.integers(0, 256, (1000, length // 2), dtype=np.uint8)]
    checks = ("label-errors", "near-duplicates", "quality", "atypical")
    scores = rng.random(count).round(6).tolist()
    return sorted_issues(
        [
            Issue(
                check=checks[row % 4],
                kind="likely-wrong",
                score=scores[row],
                split="train",
                index=row % images,
                id=f"{names[row % 1000]}/{row}.png",
                digest=f"{row:064x}",
                label="a",
                suggested="b",
                suggested_probability=scores[-row],
                related_split="train",
                related_index=(row * 7) % images,
                related_id=f"{names[row % 997]}/{row}.png",
                detail=names[row % 991] if row % 3 else "",
            )
            for row in range(count)
        ]
    )


def flagged(content: Results, issues: tuple[Issue, ...]) -> Results:
    """The content with these issues in place of its own, and a finding for each check that has some."""
    counts = Counter(issue.check for issue in issues)
    more = [
        Finding(
            check, "fail", f"{n:,} images are flagged.", {"flagged": n}, "0", "none", "Look.", n, "content"
        )
        for check, n in counts.items()
    ]
    return replace(
        content, audit=replace(content.audit, issues=issues, findings=(*content.audit.findings, *more))
    )


@pytest.mark.parametrize("many", MANY)
def test_each_of_very_many_images_flagged_once(
    many: int, content_of, dataset_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stays small, says how many there are and that `assay review` writes them all."""
    monkeypatch.setattr(values, "MANY_ISSUES", min(many, values.MANY_ISSUES))
    content = content_of(dataset_of(("a", "b"), [many // 2] * 2, [4, 4], (2, 2, 1)))
    content = flagged(content, simulated(many, many, 200))
    drawn = draw_all(content)
    text = page(content, drawn)
    assert len(text.encode()) < LARGEST_PAGE == 3_000_000
    assert drawn.suspects is not None
    assert drawn.suspects.total == many > suspect_editor.MOST_SUSPECTS
    assert f"The audit flagged {many:,} images" in text
    assert f"This page lists the first {len(drawn.suspects.rows):,}" in text
    assert ("issues.parquet" in dict(run_files(content))) == content.audit.has_parquet is True


def audit_with(issues) -> Audit:
    return Audit({"name": "set"}, {}, (), issues)


def test_many_issues_are_written_as_parquet_too(tmp_path, monkeypatch) -> None:
    """The rows of issues.csv in their order, numbers as numbers, empty cells as nulls; equal bytes again."""
    monkeypatch.setattr(values, "MANY_ISSUES", 50)
    unread = Issue("unreadable", "damaged", 1.0, "train", -1, "=1+1.png", "", "b")
    audit = audit_with(sorted_issues([*simulated(60, 20, 10), unread]))
    audit.save(tmp_path)
    found = pq.read_table(tmp_path / "issues.parquet")
    header, lines = read_csv_text((tmp_path / "issues.csv").read_text("utf-8"))
    assert tuple(found.column_names) == ISSUE_COLUMNS == tuple(header)
    for row, line in zip(found.to_pylist(), lines, strict=True):
        assert [("" if cell is None else str(cell)) for cell in row.values()] == list(line)
    kinds = dict(zip(found.schema.names, map(str, found.schema.types), strict=True))
    assert {name for name, kind in kinds.items() if kind == "int64"} == {"index", "related_index"}
    assert {name for name, kind in kinds.items() if kind == "double"} == {"score", "suggested_probability"}
    content = (tmp_path / "issues.parquet").read_bytes()
    audit.save(tmp_path)
    assert (tmp_path / "issues.parquet").read_bytes() == content


def test_few_issues_are_written_as_csv_alone(tmp_path, monkeypatch) -> None:
    """And a file of an earlier audit of the run does not stay; without pyarrow there is none."""
    (tmp_path / "issues.parquet").write_bytes(b"old")
    audit_with(simulated(60, 20, 10)).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.json", "issues.csv"]
    monkeypatch.setattr(values, "MANY_ISSUES", 50)
    monkeypatch.setattr(values, "find_spec", lambda _: None)
    audit_with(simulated(60, 20, 10)).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.json", "issues.csv"]


def test_the_first_suspects_are_those_of_the_review(content_of, dataset_of, monkeypatch) -> None:
    """The page makes only the rows that it shows: the first of those that `assay review` writes."""
    monkeypatch.setattr(suspect_editor, "MOST_SUSPECTS", 40)
    content = content_of(dataset_of(("a", "b"), [50, 50], [4, 4], (4, 4, 1)))
    content = flagged(content, simulated(300, 100, 10))
    shown, written = list_suspects(content), list(suspect_rows(content.audit.issues_csv()))
    assert shown is not None
    assert (list(shown.rows), shown.total) == (written[:40], len(written))
