"""The docs cannot drift: generated pages equal what generates them, and every command is told of."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from assay.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_the_help_of_the_program() -> None:
    """docs/commands.md is what `make docs` writes."""
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == _script("write_docs").commands_page()


@pytest.mark.parametrize(("page", "tables"), [("benchmarks", 2), ("score", 2), ("export", 1), ("deploy", 1)])
def test_the_tables_of_a_page_are_those_of_the_results(page: str, tables: int) -> None:
    """Every figure of a marked table comes from a committed result file."""
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    assert text.count("<!-- table:") >= tables
    assert _script("readme_tables").filled(text) == text


def test_the_readme_is_short_and_its_claims_are_those_of_the_pages_it_links_to() -> None:
    """At most 120 lines; five claims, and every figure in them stands on the page that the claim names."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    claims = re.findall(r"^- \*\*.*?(?=^- |^$)", text, re.DOTALL | re.MULTILINE)
    assert len(claims) == 5
    for claim in claims:
        target = re.search(r"\]\((docs/[a-z]+\.md)\)", claim)
        assert target is not None, claim
        page = (ROOT / target.group(1)).read_text("utf-8")
        for figure in re.findall(r"(?<![\w`-])\d[\d,.]*\d(?![\w-])", claim.split("](")[0]):
            assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d)", page), (
                f"{figure} is not in {target.group(1)}"
            )


@pytest.mark.parametrize("page", sorted(p.name for p in (ROOT / "docs").glob("*.md")))
def test_every_page_is_in_the_index_and_says_what_it_is_for(page: str) -> None:
    """The index links to it; below its title stands a sentence."""
    assert page == "index.md" or f"]({page})" in (ROOT / "docs" / "index.md").read_text("utf-8")
    lines = (ROOT / "docs" / page).read_text("utf-8").split("\n\n")
    assert lines[0].startswith("# ")
    assert len(lines[1].split()) >= 6, f"{page} does not say what it is for"


@pytest.mark.parametrize("page", ["README.md"])
@pytest.mark.parametrize("command", [c.__name__ for c in COMMANDS])
def test_every_command_is_in_the_docs(page: str, command: str) -> None:
    """A command that nobody is told of might as well not be there."""
    assert f"assay {command}" in (ROOT / page).read_text("utf-8")
    assert f"## assay {command}" in (ROOT / "docs" / "commands.md").read_text("utf-8")


@pytest.mark.parametrize(
    "page", [p.relative_to(ROOT).as_posix() for p in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]]
)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link and picture exists."""
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_the_recipes_say_what_to_expect() -> None:
    """The head of every recipe states accuracy, seconds, parameters and how they were measured."""
    for recipe in (ROOT / "src" / "assay" / "training" / "recipes").glob("*.toml"):
        head = [line for line in recipe.read_text("utf-8").splitlines() if line.startswith("#")]
        text = " ".join(head).lower()
        for word in ("accuracy", "parameters", "measured", "s "):
            assert word in text, f"{recipe.name} does not tell {word}"


@pytest.mark.parametrize("measured", ["recipes", "time_to_accuracy"])
def test_the_recipes_promise_what_was_measured(measured: str) -> None:
    """The accuracy in a recipe's head is the mean over all seeds of the committed result."""
    figures = json.loads((ROOT / "benchmarks" / "results" / f"{measured}.json").read_text("utf-8"))["figures"]
    for name, found in figures.items():
        recipe = ROOT / "src" / "assay" / "training" / "recipes" / f"{name}.toml"
        promised = re.search(r"test accuracy (0\.\d+)", recipe.read_text("utf-8"))
        assert promised is not None, f"{name} promises nothing"
        digits = len(promised.group(1)) - 2
        assert float(promised.group(1)) == round(found["test_mean"], digits), name


def test_torch_is_pinned_for_the_checks_and_left_open_for_users() -> None:
    """The checks run with one torch; whoever installs Assay may have a newer one."""
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert "torch==2.13.0" in pins
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert not any("torch" in requirement for requirement in project["dependencies"])
    assert any("torch" in requirement for requirement in project["optional-dependencies"]["train"])


def test_the_slow_tests_are_there() -> None:
    """Each line of the table of slow tests stands for tests that exist."""
    from conftest import SLOW

    assert [path for path in SLOW if not (ROOT / "tests" / path).exists()] == []


def test_each_line_of_the_changelog_stands_once_under_a_version() -> None:
    """Every entry lies below a heading of a version, and none begins as another does."""
    before, *below = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")
    assert before.strip() == "# Changelog"
    for version in below:
        begins = [line[:80] for line in version.splitlines() if line.startswith("- ")]
        assert begins
        assert [line for line in begins if begins.count(line) > 1] == []
