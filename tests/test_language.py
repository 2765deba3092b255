"""Plain words: what was retired for a standard term does not come back; the glossary says each once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Retired words, as patterns, and what to write instead. Grows as the text is cleaned.
RETIRED = {
    r"surely below the whole": "significantly below the overall accuracy",
    r"of what there is to know about": "alone predicts the class ... better than chance",
    r"about every second one": "about half of these",
    r"\bStrangers?\b": "outliers",
    r"What was flagged, seen": "Flagged images",
    r"Accuracy as given": "Test accuracy",
    r"recognizes \{?percent": "classifies ... correctly",
    r"the most of \d+ recipes": "no rank between runs of one recipe",
    r"[Hh]onest set": "score without doubtful images; in code: adjusted accuracy",
    r"\b(?:is|are|was|were|be) told of\b": "reported",
    r"\btold of\b": "reported",
    r"\bhas come to\b": "current",
    r"\bto the dearest\b": "by cost",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bfamiliarity\b": "OOD score",
    r"\b(?:Learner|Keeper|Feed)\b": "TrainStep, CheckpointSaver, loader",
    r"\bdoubts\b": "flagged test images",
    r"\bbeliefs\b": "label-noise posterior",
    r"\blikeness\b": "alignment",
    r"\bthe way back\b": "backward pass",
    r"\bto its word\b|\bat their word\b": "calibrated",
    r"\bvouch(?:es|ed)?\b": "lists, checks",
    r"\blearn(?:ed|s)? by heart\b": "memorize",
}

#: The same for what a reader of the report, the terminal and the docs sees.
RETIRED_IN_TEXT = {
    r"\bsurest\b|\bsurer than\b": "most confident, more certain than",
    r"\btaken for\b": "classified as",
    r"\bbears? the (?:label|class|answer)": "has",
    r"\bleans? toward": "prefers",
    r"\bjudge[sd]? once": "tested once",
    r"\bas one (?:must|should)\b": "say what to do",
    r"\bimages bound\b|\bthe bound\b": "limit",
}

#: Records of their time.
KEPT = ("docs/decisions/", "docs/experiments.md")


def _pages() -> list[str]:
    found = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    for kind in ("py", "html", "js", "css", "toml"):
        found += ROOT.glob(f"src/**/*.{kind}")
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [name for name in names if not name.startswith(KEPT)]


def _case(pattern: str) -> re.RegexFlag:
    """A word that begins a sentence is the same word; names of classes keep their capitals."""
    return re.IGNORECASE if pattern.islower() else re.NOFLAG


@pytest.mark.parametrize("pattern", RETIRED)
def test_retired_words_stay_retired(pattern: str) -> None:
    """Neither code nor docs nor the report use them, over line ends too."""
    for name in _pages():
        text = re.sub(r'"?\s*\n\s*(?:f?"|#:? )?', " ", (ROOT / name).read_text("utf-8"))
        hit = re.search(pattern, text, _case(pattern))
        assert hit is None, (
            f"{name}: ...{text[max(0, hit.start() - 40) : hit.end() + 40]}... Use: {RETIRED[pattern]}"
        )


@pytest.mark.parametrize("pattern", RETIRED_IN_TEXT)
def test_retired_words_stay_out_of_what_is_read(pattern: str) -> None:
    """The report with the findings of the audit, the terminal and the docs."""
    read = ("src/assay/reports/", "src/assay/audits/", "src/assay/cli/", "docs/", "README.md")
    for name in (name for name in _pages() if name.startswith(read)):
        hit = re.search(pattern, (ROOT / name).read_text("utf-8"), _case(pattern))
        assert hit is None, f"{name}: {hit.group()}. Use: {RETIRED_IN_TEXT[pattern]}"


def test_the_pages_are_found() -> None:
    """The twin of the test above: it reads templates, code and docs."""
    kinds = {Path(name).suffix for name in _pages()}
    assert kinds == {".py", ".html", ".js", ".css", ".toml", ".md"}


def test_the_glossary_says_each_term_once() -> None:
    """One row a term, in alphabetical order, each with a meaning."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)[2:]
    terms = [term.strip().lower().removeprefix("95 % ") for term, _ in rows]
    assert len(terms) == len(set(terms)) > 30
    assert terms == sorted(terms)
    assert all(len(meaning.split()) >= 3 for _, meaning in rows)


@pytest.mark.parametrize("name", [name for name in _pages() if name.endswith(".html")])
def test_percentages_have_one_style(name: str) -> None:
    """A number, a space, a percent sign: never `88%`. Styles and addresses aside."""
    text = re.sub(r"<style.*?</style>|style=\"[^\"]*\"|\{[{%].*?[}%]\}", "", (ROOT / name).read_text("utf-8"))
    assert not re.findall(r"\d%", text)
