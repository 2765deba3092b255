"""The page of several models: every number from a file, every text escaped, and readable in a browser."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.data.values import Split
from assay.evaluation.compare import Candidate, Comparison, lay_out
from assay.evaluation.predictions_file import Answer, Answers
from assay.reports.figures.differences import shown_pairs
from assay.reports.figures.ladder import ladder
from assay.reports.findings import comparison as findings
from assay.reports.page.comparison import ComparisonContent, comparison_page, draw_figures, write_comparison
from reports.chromium import console, show
from reports.test_page_in_use import AXE, violations

CLASSES = ("cat", "dog", "owl")


def answers_of(split: Split, classes: tuple[str, ...], right: float, seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    rows = []
    for row, label in enumerate(split.labels.tolist()):
        taken = label if rng.random() < right else (label + 1) % len(classes)
        cells = (split.ids[row], split.hex_digest(row), classes[label], classes[taken])
        rows.append(Answer("test", row, *cells, float(rng.uniform(0.4, 1))))
    return Answers(tuple(sorted(rows, key=lambda r: (r.digest, r.label, r.index))))


def candidate(
    split: Split, name: str, seed: int, right: float, classes: tuple[str, ...] = CLASSES
) -> Candidate:
    return Candidate(
        f"{name}-s{seed}",
        classes[0],
        {"name": name},
        seed,
        {"train": "t" * 64, "test": "e" * 64},
        {"parameters": 7850, "trainable_parameters": 7850, "multiply_adds": 7840, "bytes": 31400},
        0.75,
        answers_of(split, classes, right, seed + len(name)),
    )


def content_of(dataset, classes: tuple[str, ...] = CLASSES, folders: bool = False) -> ComparisonContent:
    split = dataset.splits["test"]
    several = [("linear", 0, 0.7), ("linear", 1, 0.72), ("cnn", 0, 0.9), ("cnn", 1, 0.91)]
    compared = lay_out([candidate(split, name, seed, right, classes) for name, seed, right in several])
    seconds = {c.name: 0.5 + n for n, c in enumerate(compared.candidates)}
    seconds["cnn-s1"] = None
    places = {c.name: f"/home/{classes[0]}/{c.name}" for c in compared.candidates} if folders else {}
    return ComparisonContent(compared, seconds, places, None, split)


@pytest.fixture(scope="module")
def content(dataset_of) -> ComparisonContent:
    return content_of(dataset_of(CLASSES, test=[200] * 3))


def test_every_number_of_the_table_is_in_a_file(content: ComparisonContent) -> None:
    """Each marked value is found again at its place in comparison.json or the manifest's models."""
    page = comparison_page(content, draw_figures(content))
    models = {name: {"seconds": value} for name, value in content.seconds.items()}
    records = {"comparison.json": content.comparison.as_record(), "manifest.json": {"models": models}}
    found = re.findall(r'data-key="([^#]+)#([^"]+)" data-value="([^"]*)"', page)
    assert len(found) >= 4 * 7
    for file, place, shown in found:
        value = records[file]
        for key in place.split("/")[1:]:
            value = value[int(key)] if isinstance(value, list) else value[key]
        assert json.loads(html.unescape(shown)) == value, place


def test_equal_content_gives_equal_files(content: ComparisonContent, tmp_path: Path) -> None:
    """Twice the same page and figures; all that it promises is there."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_comparison(tmp_path / name, content)
    names = sorted(
        p.relative_to(tmp_path / "a").as_posix() for p in (tmp_path / "a").rglob("*") if p.is_file()
    )
    assert {"comparison.json", "differences.csv", "report.html", "figures/ladder.png"} <= set(names)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_page_says_what_was_corrected(content: ComparisonContent) -> None:
    """Six pairs of four models: the page tells both p-values, and for how many pairs one is corrected."""
    page = comparison_page(content, draw_figures(content))
    assert "p, corrected" in page
    assert "accounts for all 6 pairs" in page
    assert "5,000 draws" in page
    assert findings.headline(content.comparison).startswith("cnn-s0 has the highest accuracy")


def test_equal_models_are_not_ranked(dataset_of) -> None:
    """One recipe twice, with the same answers: no difference is shown, and none is called best."""
    split = dataset_of(CLASSES, test=[200] * 3).splits["test"]
    one = candidate(split, "mlp", 0, 0.8)
    compared = lay_out([one, replace(one, name="other")])
    told = f"{findings.headline(compared)} {findings.lead(compared)}"
    assert findings.headline(compared) == "No difference shown between mlp-s0 and other."
    assert "p = 1.00" in told
    assert "the most of" not in told
    assert "better" not in findings.headline(compared)


def test_a_difference_is_told_with_its_size_and_its_interval(dataset_of) -> None:
    """The better model first, in points, whichever was named first."""
    split = dataset_of(CLASSES, test=[200] * 3).splits["test"]
    pair = [candidate(split, "good", 0, 0.95), candidate(split, "bad", 0, 0.5)]
    for order in (pair, pair[::-1]):
        compared = lay_out(order)
        gained = abs(compared.pairs[0].difference)
        assert findings.headline(compared) == f"good-s0 is better than bad-s0, by {100 * gained:.1f} points."
        assert "95 % interval" in findings.lead(compared)


def test_the_best_of_many_is_named_with_those_it_does_not_differ_from(content: ComparisonContent) -> None:
    """Two seeds of one recipe are not ranked; a recipe that is worse is not named among the equals."""
    told = findings.headline(content.comparison)
    assert "No difference shown to cnn-s1." in told
    assert "linear" not in told


def test_the_quickest_of_equal_models_costs_nothing_more(content: ComparisonContent) -> None:
    """As accurate as the slower one: nothing is "higher by 0.0 points"."""
    slow, quick = (replace(content.comparison.candidates[0], name=name) for name in ("slow", "quick"))
    told = findings.ladder_finding(content.comparison, [slow, quick], {"slow": 9.0, "quick": 1.0})
    assert told == "quick is both the quickest to train and the one with the highest accuracy."


def test_a_higher_accuracy_that_may_be_chance_is_told_so(content: ComparisonContent) -> None:
    """Two seeds of one recipe do not differ beyond chance; the linear model is worse."""
    models = {candidate.name: candidate for candidate in content.comparison.candidates}
    best, other = sorted((models["cnn-s0"], models["cnn-s1"]), key=lambda one: -(one.accuracy or 0.0))
    assert best.accuracy != other.accuracy
    for quick, chance in ((other, True), (models["linear-s0"], False)):
        seconds = {best.name: 9.0, quick.name: 1.0}
        told = findings.ladder_finding(content.comparison, [best, quick], seconds)
        assert f"{best.name} takes 9.0 seconds" in told
        assert told.endswith(", which may be chance.") == chance


def test_what_is_unknown_is_left_out_of_the_figure(content: ComparisonContent) -> None:
    """A model whose seconds are not known has no point, and the figure says so; fewer than two: no figure."""
    drawn = ladder(content.comparison, content.seconds)
    assert drawn is not None
    assert len(drawn.table.rows) == 3
    assert drawn.left_out.startswith("1 model ")
    assert ladder(content.comparison, {"linear-s0": 1.0}) is None


def test_the_pictures_are_of_neighbors_in_accuracy(content: ComparisonContent) -> None:
    """Of each recipe its first seed, the worse before the better; of one recipe its first two runs."""
    assert [(a.name, b.name) for a, b in shown_pairs(content.comparison)] == [("linear-s0", "cnn-s0")]
    alone = lay_out(content.comparison.candidates[:2])
    assert {c.name for c in shown_pairs(alone)[0]} == {"linear-s0", "linear-s1"}


def test_the_pictures_are_those_that_differ(content: ComparisonContent) -> None:
    """Each picture is of an image that the one got right and the other wrong, the surest mistake first."""
    figures = draw_figures(content)["images"]
    assert [f.title for f in figures] == [
        "Right by cnn-s0, wrong by linear-s0",
        "Right by linear-s0, wrong by cnn-s0",
    ]
    by_name = {c.name: c.answers for c in content.comparison.candidates}
    wrong = {row.id: row for row in by_name["linear-s0"].rows if not row.right}
    right = {row.id for row in by_name["cnn-s0"].rows if row.right}
    shown = figures[0].table.rows
    assert all(row[0] in wrong and row[0] in right and wrong[row[0]].predicted == row[2] for row in shown)
    chances = [wrong[row[0]].probability for row in shown]
    assert chances == sorted(chances, reverse=True)


def test_models_that_cannot_be_paired_have_no_pairs(content: ComparisonContent) -> None:
    """The page says why, and claims no rank."""
    loose = Comparison(content.comparison.candidates, (), "the test images are not the same")
    page = comparison_page(
        ComparisonContent(loose, folders=dict.fromkeys(loose.names, "x")), {"models": (), "images": ()}
    )
    assert "No pair is compared: the test images are not the same" in page
    assert "p, corrected" not in page


def test_p_values_for_people() -> None:
    """Two digits that count; never a bare zero."""
    assert [findings.p_value(p) for p in (1.0, 0.25, 0.0314, 0.000123, 1e-9)] == [
        "1.00",
        "0.25",
        "0.031",
        "0.00012",
        "< 0.000001",
    ]


def test_hostile_names_stay_text(dataset_of, hostile_names, tmp_path: Path) -> None:
    """Class names, ids and folders that would break a page: no tag of theirs, no script, no reference out."""
    write_comparison(
        tmp_path, content_of(dataset_of(hostile_names, test=[60] * len(hostile_names)), hostile_names, True)
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert not re.search(r"<script|<img|onerror=\"|javascript:[^<]*\"", page.split("<body>")[1])
    assert "<title>&lt;script&gt;" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1200])
def test_the_page_fits_and_is_silent(browser, dataset_of, hostile_names, tmp_path: Path, width: int) -> None:
    """In Chromium with hostile names: nothing scrolls sideways, nothing fired, boxes have names."""
    content = content_of(dataset_of(hostile_names, test=[60] * len(hostile_names)), hostile_names, True)
    write_comparison(tmp_path, content)
    console(browser)
    show(browser, (tmp_path / "report.html").as_uri(), width)
    assert browser.title.endswith("Assay comparison")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(
        "return [...document.querySelectorAll('.scroll')]"
        ".every(s => s.tabIndex === 0 && s.getAttribute('aria-label'))"
    )
    assert console(browser) == []


@pytest.mark.browser
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make browser")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_everybody_can_read_the_comparison(
    browser, content: ComparisonContent, tmp_path: Path, scheme: str, width: int
) -> None:
    """axe-core finds nothing wrong with all folds open, and the page does not scroll sideways."""
    write_comparison(tmp_path, content)
    show(browser, (tmp_path / "report.html").as_uri(), width, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert violations(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
