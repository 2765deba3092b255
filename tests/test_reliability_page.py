"""docs/reliability.md names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "reliability.md"


def test_every_named_test_exists() -> None:
    """The page's table may promise nothing that no test shows."""
    source = "".join(file.read_text("utf-8") for file in TESTS.rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    assert len(named) > 30
    assert named - defined == set()


def test_every_row_of_the_table_names_a_test() -> None:
    """No row without a test."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row] == []
