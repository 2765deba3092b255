"""Every benchmark is written for today's modules: what it imports of Assay is there."""

import ast
import importlib
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.rglob("*.py"))


def imports_of(code: str) -> list[tuple[str, str]]:
    """Module and name of everything that code imports from Assay, also inside functions and in code that
    stands in a text, to be given to another process."""
    found = []
    for node in ast.walk(ast.parse(code)):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if re.search(r"\bfrom assay\S* import ", text):
            found += imports_of(text)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "assay":
            found += [(node.module, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(BENCHMARKS).as_posix())
def test_what_it_imports_is_there(path: Path) -> None:
    for module, name in imports_of(path.read_text("utf-8")):
        there = importlib.import_module(module)
        assert hasattr(there, name) or importlib.import_module(f"{module}.{name}"), f"{module}.{name}"


def wants_arguments(code: str) -> bool:
    """Whether a script has an argument without a name that it cannot do without."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    added = [
        call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"
    ]
    first = [(call.args[0], {keyword.arg for keyword in call.keywords}) for call in added if call.args]
    return any(
        isinstance(a, ast.Constant) and not a.value.startswith("-") and "nargs" not in k for a, k in first
    )


def test_make_bench_runs_those_that_need_no_argument() -> None:
    makefile = (BENCHMARKS.parent / "Makefile").read_text("utf-8")
    by_hand = re.search(r"^BY_HAND := (.*)$", makefile, re.MULTILINE)
    assert by_hand
    wanting = [p for p in sorted(BENCHMARKS.glob("*.py")) if wants_arguments(p.read_text("utf-8"))]
    assert by_hand.group(1).split() == [path.relative_to(BENCHMARKS.parent).as_posix() for path in wanting]
