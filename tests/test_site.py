"""The documentation site: built from guide and docstrings, whole, linked, and of itself alone."""

import importlib.util
import inspect
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from test_public_types import PUBLIC

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("build_site", ROOT / "scripts" / "build_site.py")
assert SPEC is not None and SPEC.loader is not None
build_site = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build_site)

#: Classes that users are given a field or two of, and do not call.
INNER = {"Metadata", "Answers", "OodSpace"}


class Page(HTMLParser):
    """What a page refers to, what it can be referred by, and what it loads by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.names |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("img", "script", "iframe") and given.get("src"):
            self.loads.append(given["src"])
        elif tag == "link" and given.get("href"):
            self.loads.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pdoc")
    out = tmp_path_factory.mktemp("site") / "site"
    build_site.build(out)
    return out


def pages_of(site: Path) -> dict[Path, Page]:
    return {file: Page(file.read_text("utf-8")) for file in site.rglob("*.html")}


def broken(site: Path) -> list[str]:
    """Links that lead nowhere: no such page, or no such place on it."""
    pages, wrong = pages_of(site), []
    for file, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "data", "mailto"):
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            found = target.is_relative_to(site) and target.is_file()
            if not found or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names
            ):
                wrong.append(f"{file.relative_to(site)}: {link}")
    return wrong


def test_every_link_leads_somewhere(site: Path) -> None:
    assert broken(site) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A page that is not there, a place that is not there, and one outside the site."""
    (tmp_path / "a.html").write_text('<a href="b.html">1</a><a href="#no">2</a><a href="../c.html">3</a>')
    assert broken(tmp_path) == ["a.html: b.html", "a.html: #no", "a.html: ../c.html"]


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loaded = [(f.name, load) for f, page in pages_of(site).items() for load in page.loads]
    assert [one for one in loaded if re.match(r"https?:|//", one[1])] == []
    assert loaded


def test_every_page_of_the_guide_is_in_it(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        made = site / page.relative_to(ROOT / "docs").with_suffix(".html")
        title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        assert f"<title>{title[:20]}" in made.read_text("utf-8").replace("&amp;", "&").replace("&#x27;", "'")


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """Functions, the classes that they give, and the methods of these."""
    pages = pages_of(site / "reference")
    for name, thing in PUBLIC.items():
        if thing.__name__ in INNER or not inspect.getmodule(thing):
            continue
        if thing.__module__ in build_site.MODULES:
            page = pages[site / "reference" / f"{thing.__module__.replace('.', '/')}.html"]
            assert thing.__qualname__ in page.names, name
    start = (site / "reference" / "assay.html").read_text("utf-8")
    for function in (
        "load",
        "audit",
        "train",
        "evaluate",
        "run",
        "compare",
        "predict",
        "load_model",
        "tracking",
    ):
        assert f'id="{function}"' in start
    given = {"Dataset", "Split", "Audit", "Finding", "Model", "History", "Evaluation", "Run", "Comparison"}
    shown = {name for page in pages.values() for name in page.names}
    assert shown >= given | {"Prediction", "OnnxModel", "AssayError", "Table", "AssayClassifier"}


def test_a_second_build_takes_the_place_of_the_first(site: Path) -> None:
    """Nothing of an older site stays, and nothing is left beside it."""
    (site / "old.html").write_text("old")
    build_site.build(site)
    assert not (site / "old.html").exists()
    assert [path.name for path in site.parent.iterdir()] == ["site"]
