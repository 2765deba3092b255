"""Two hundred hostile texts in every text field of a run, in a real browser: nothing runs or is fetched."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.audits.issues import Issue
from assay.audits.values import Finding
from assay.data.decisions import Decision
from assay.data.values import Dataset, Split
from assay.reports.page.html import write_report
from reports.chromium import console, requests, show
from reports.hostile import payloads

pytestmark = pytest.mark.browser

COUNT, SEED, PAGES = 200, 7, 4
TEXTS = payloads(COUNT, SEED)


def take(texts: list[str], start: int, count: int) -> list[str]:
    """`count` of the texts from `start` on, around the end, each made unique by its place."""
    return [f"{texts[(start + i) % len(texts)]}#{i}" for i in range(count)]


def hostile_split(split: Split, texts: list[str]) -> Split:
    """The split with hostile ids and metadata."""
    columns = {text: tuple(take(texts, i, len(split))) for i, text in enumerate(texts[:5])}
    return replace(split, ids=take(texts, 3, len(split)), columns=columns)


def hostile_content(content_of, dataset_of, texts: list[str]):
    """A run whose class names, ids, columns, name, source, notes, findings, issues and decisions are hostile.

    Each of the texts is a class, an id, a column's value, a note, a kind, a detail, and part of a decision.
    """
    plain = dataset_of(take(texts, 0, len(texts)), shape=(8, 8, 1))
    splits = {name: hostile_split(split, texts) for name, split in plain.splits.items()}
    dataset = Dataset(texts[0], plain.classes, splits, texts[1], notes=tuple(texts))
    content = content_of(dataset)
    finding = Finding(
        "leakage",
        "fail",
        texts[2],
        {texts[3]: texts[4]},
        texts[5],
        texts[6],
        texts[7],
        9,
        area="data integrity",
    )
    test = splits["test"]
    issues = tuple(
        Issue(
            "label-errors",
            texts[i % len(texts)],
            0.9,
            "test",
            i,
            test.ids[i],
            test.hex_digest(i),
            texts[0],
            texts[1],
            0.9,
            "train",
            i % 5,
            texts[2],
            texts[(i + 9) % len(texts)],
        )
        for i in range(len(test))
    )
    labels = replace(finding, check="label-errors", area="label quality")
    found = (*content.audit.findings, finding, labels)
    return replace(
        content,
        audit=replace(content.audit, findings=found, issues=issues),
        recipe={"name": texts[8], texts[9]: texts[10]},
        config={"command": "run", texts[11]: texts[12]},
        commands=tuple(texts[:3]),
        decisions=tuple(hostile_decisions(dataset, texts)),
    )


def hostile_decisions(dataset: Dataset, texts: list[str]) -> Iterator[Decision]:
    """A decision for each text, about an image that is shown."""
    test = dataset.splits["test"]
    for i, text in enumerate(texts):
        row = i % len(test)
        new, why, who, when = take(texts, i, 4)
        label = dataset.classes[int(test.labels[row])]
        yield Decision(
            test.hex_digest(row), label, "relabel", new, "test", test.ids[row], why, who, when + text
        )


def test_there_are_two_hundred_different_texts() -> None:
    """The generator gives as many as it says, the same each time; another seed gives others."""
    assert len(set(TEXTS)) == COUNT
    assert payloads(COUNT, SEED) == TEXTS
    assert payloads(COUNT, SEED + 1) != TEXTS


@pytest.mark.parametrize("part", range(PAGES))
def test_no_text_runs_or_asks_for_anything(
    browser, content_of, dataset_of, tmp_path: Path, part: int
) -> None:
    """A quarter of the texts in every field; with every part of the page opened, used and filtered no script
    fires, no address is asked for, and the console stays silent."""
    own = TEXTS[part::PAGES]
    write_report(tmp_path, hostile_content(content_of, dataset_of, own))
    address = (tmp_path / "report.html").as_uri()
    requests(browser), console(browser)
    show(browser, address)
    used = browser.execute_async_script(USE_EVERYTHING)
    assert used["cards"] > 12
    assert browser.title.endswith("Assay report")
    assert [url for url in requests(browser) if not url.startswith("data:")] == [address]
    assert console(browser) == []
    assert used["scripts"] == 1
    assert used["foreign"] == []


#: Unfold, filter, sort and click all there is, then tell what elements are there that should not be.
USE_EVERYTHING = """
const done = arguments[0];
document.querySelectorAll('details').forEach((d) => { d.open = true; });
document.querySelectorAll('.sort, #matrix button').forEach((b) => b.click());
document.querySelectorAll('.filters select').forEach((s) => {
  for (const option of s.options) { s.value = option.value; s.dispatchEvent(new Event('change')); }
  s.selectedIndex = 0;
});
document.getElementById('reset').click();
document.getElementById('filter-show').value = 'all';
document.getElementById('filter-show').dispatchEvent(new Event('change'));
while (!document.getElementById('more').hidden) document.getElementById('more').click();
setTimeout(() => done({
  cards: document.getElementById('cards').children.length,
  scripts: document.querySelectorAll('script:not([type])').length,
  foreign: [...document.querySelectorAll('img,iframe,object,embed,form,input,base,math,animate,textarea')]
    .filter((e) => !e.matches('#deciding-filters > label > input')).map((e) => e.outerHTML),
}), 300);
"""
