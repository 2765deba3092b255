"""Pages that name tests name such as exist."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGES = [TESTS.parent / "docs" / name for name in ("reliability.md", "situations.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_named_test_exists(page: Path) -> None:
    """A page's table may promise nothing that no test shows."""
    source = "".join(file.read_text("utf-8") for file in TESTS.rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", page.read_text("utf-8")))
    assert len(named) > 30
    assert named - defined == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_row_of_the_table_names_a_test(page: Path) -> None:
    """No row without a test."""
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row] == []
