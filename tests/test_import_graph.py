"""The import graph, lazy imports included: no circle, no arrow up, small rooms; and that it can fail."""

import sys
import tomllib
from pathlib import Path

import pytest

from import_graph import arrows_up, circles, import_graph

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"

#: Python files side by side in one folder.
MOST_FILES = 18


def layer_contracts() -> list[tuple[str, list[list[str]]]]:
    """The containers and layers that pyproject.toml names, rooms with their whole names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = [c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    return [
        (
            container,
            [[f"{container}.{room.strip()}" for room in line.split("|")] for line in contract["layers"]],
        )
        for contract in contracts
        for container in contract["containers"]
    ]


def test_there_is_no_circle() -> None:
    """No module needs itself, directly or by way of others."""
    assert circles(import_graph(SOURCE)) == []


@pytest.mark.parametrize(("container", "layers"), layer_contracts(), ids=[c for c, _ in layer_contracts()])
def test_imports_point_down(container: str, layers: list[list[str]]) -> None:
    """Also inside functions, where the linter's static contracts and ours must agree."""
    assert arrows_up(import_graph(SOURCE), layers) == []


def test_no_room_is_crowded() -> None:
    """A folder that shows too many files has no order that can be seen."""
    folders = {
        folder: len(list(folder.glob("*.py"))) for folder in (SOURCE / "assay").rglob("*") if folder.is_dir()
    }
    crowded = {
        str(folder.relative_to(SOURCE)): count for folder, count in folders.items() if count > MOST_FILES
    }
    assert crowded == {}


def test_tests_mirror_the_rooms() -> None:
    """A room's tests lie where the room lies; folders of tests that mirror nothing are shared tools."""
    shared = {"corpus", "torture"}
    tests, rooms = ROOT / "tests", SOURCE / "assay"
    folders = [f.relative_to(tests) for f in tests.rglob("*") if f.is_dir() and any(f.glob("test_*.py"))]
    strangers = [str(f) for f in folders if f.parts[0] not in shared and not (rooms / f).is_dir()]
    assert strangers == []


def planted(folder: Path, **files: str) -> Path:
    """A package `p` of the named files."""
    (folder / "p").mkdir()
    for name, text in {"__init__": "", **files}.items():
        (folder / "p" / f"{name}.py").write_text(text)
    return folder


def test_a_lazy_circle_is_found(tmp_path: Path) -> None:
    """The twin: an import inside a function closes a circle of three."""
    lazy = "def f():\n    from p import a\n    return a\n"
    graph = import_graph(
        planted(tmp_path, a="import p.b\n", b="from p.c import f\n", c=lazy, d="import p.a\n")
    )
    assert circles(graph) == [["p.a", "p.b", "p.c"]]


def test_an_import_for_type_checking_is_no_arrow(tmp_path: Path) -> None:
    """It is never carried out."""
    quiet = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import a\n"
    assert circles(import_graph(planted(tmp_path, a="import p.b\n", b=quiet))) == []


def test_an_arrow_up_is_found(tmp_path: Path) -> None:
    """The twin: from below to above, and between rooms on one line."""
    graph = import_graph(
        planted(tmp_path, top="import p.left\n", left="import p.right\n", right="import p.top\n")
    )
    layers = [["p.top"], ["p.left", "p.right"]]
    assert arrows_up(graph, layers) == [("p.left", "p.right"), ("p.right", "p.top")]


def test_an_import_of_nothing_is_found(tmp_path: Path) -> None:
    """A module that moved away is missed, even where nothing calls the function that imports it."""
    with pytest.raises(LookupError, match=r"p\.gone"):
        import_graph(planted(tmp_path, a="def f():\n    import p.gone\n"))


def test_the_graph_is_that_of_this_package() -> None:
    """It sees what it should: the command line reaches the training loop."""
    graph = import_graph(SOURCE)
    seen, ahead = set[str](), ["assay.cli.main"]
    while ahead:
        module = ahead.pop()
        if module not in seen:
            seen.add(module)
            ahead += graph[module]
    assert "assay.training.loop.train" in seen
    assert sys.getrecursionlimit() > len(graph)
