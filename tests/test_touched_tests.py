"""`make check` runs the tests of what was touched, and all where it cannot tell."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from touched_tests import HOUSE, paths_for  # noqa: E402


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("src/assay/audits/checks/drift.py", "tests/audits/checks"),
        ("src/assay/data/load.py", "tests/data"),
        ("src/assay/reports/page/assets/report.css", "tests/reports/page"),
        ("tests/audits/checks/test_drift.py", "tests/audits/checks"),
        ("tests/test_sklearn.py", "tests/test_sklearn.py"),
    ],
)
def test_a_file_asks_for_the_tests_of_its_room(file: str, tests: str) -> None:
    """The room's own tests, or those of the room around it; and the tests of the house."""
    found = paths_for([file])
    assert set(found) == {*HOUSE, tests}
    assert all((ROOT / path).exists() for path in found)


@pytest.mark.parametrize("file", ["src/assay/sklearn.py", "pyproject.toml", "tests/conftest.py", "Makefile"])
def test_a_file_beside_the_rooms_asks_for_all(file: str) -> None:
    """What lies above all rooms can break any of them."""
    assert paths_for(["src/assay/audits/checks/drift.py", file]) == ["tests"]


@pytest.mark.parametrize("file", ["docs/data.md", "README.md", "benchmarks/truth.py", "examples/gate.py"])
def test_pages_and_benchmarks_ask_for_the_house_alone(file: str) -> None:
    """Their tests are those of the house."""
    assert paths_for([file]) == list(HOUSE)
