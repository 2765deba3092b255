"""The chapter on what the audit would have caught."""

from collections.abc import Callable
from dataclasses import replace

from assay.audits.self_test.recall import Counted
from assay.audits.values import Audit
from assay.reports.page.html import draw_all, page
from assay.reports.page.tables import self_test_rows
from assay.reports.values import Results

FLIPS = Counted("label-errors", "1% <b>flips</b>", 1200, 1100, 1900, 800, 0, 0.9166, 0.5789, 0.9962, 0.927)
DRIFT = Counted("drift", "brighter", 1, 1, 1, 0, 0, 1.0, None)


def audit_with(*rows: Counted) -> Audit:
    return Audit({"name": "x"}, {"self_test": [row.as_record() for row in rows]}, ())


def test_rows_tell_what_was_counted() -> None:
    """Counts, rates and ranking as cells; what does not apply is a dash."""
    first, second = self_test_rows(audit_with(FLIPS, DRIFT))
    assert first[2:6] == ("1,100 of 1,200", "0.917", "0.579", "0")
    assert first[6] == "AUROC 0.9962, 93% in a list of twice their number"
    assert second[4] == second[6] == "\N{EN DASH}"


def test_without_a_self_test_there_is_no_table() -> None:
    """An audit that was not asked for it has no rows."""
    assert self_test_rows(Audit({"name": "x"}, {}, ())) == []


def test_the_report_shows_the_table_and_only_text(content_of: Callable[..., Results]) -> None:
    """The chapter is there where the self-test was made, with every text escaped, and not otherwise."""
    without = content_of(audit_only=True)
    statistics = {**without.audit.statistics, "self_test": [FLIPS.as_record()]}
    content = replace(without, audit=replace(without.audit, statistics=statistics))
    html = page(content, draw_all(content))
    assert "What the audit would have caught" in html
    assert "1% &lt;b&gt;flips&lt;/b&gt;" in html
    assert "What the audit would have caught" not in page(without, draw_all(without))
