"""Decisions in the report: buttons, then a download that is the table of `assay review`, byte for byte."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from assay.audits.issues import Issue
from assay.audits.review_table import suspect_rows
from assay.audits.values import Finding
from assay.core.text import one_line, read_csv_text
from assay.data.decisions import COLUMNS, Decision, decide, decisions_csv, read_decisions
from assay.data.values import Dataset
from assay.reports.findings.wording import check_title
from assay.reports.page import suspect_editor as deciding
from assay.reports.page.html import draw_all, page, write_report
from reports.chromium import PATIENCE, console, requests, show
from reports.hostile import payloads
from reports.test_page_in_use import AXE, violations

CLASSES = ("cat", "=dog", "owl")
SUSPECTS = 20


def issue_of(dataset: Dataset, split: str, index: int, suggested: str, detail: str) -> Issue:
    images = dataset.splits[split]
    label = dataset.classes[images.labels[index]]
    place = (split, index, images.ids[index], images.hex_digest(index), label)
    check = "label-errors" if suggested else "quality"
    return Issue(
        check, "kind", 0.9 - index / 100, *place, suggested, 0.8 if suggested else None, detail=detail
    )


def suspected(made, detail: str = "its label has probability 0.02; look"):
    """The content with twenty suspects: training images and test images, with a suggestion and without."""
    data = made.dataset
    names = data.classes
    issues = tuple(
        issue_of(
            data, split, i, names[(data.splits[split].labels[i] + 1) % len(names)] if i % 4 else "", detail
        )
        for split, count in (("train", 14), ("test", 6))
        for i in range(count)
    )
    findings = tuple(
        Finding(check, "warn", "some", {}, "t", "r", "look", 2, area=area)
        for check, area in (("label-errors", "label quality"), ("quality", "content"))
    )
    return replace(made, audit=replace(made.audit, issues=issues, findings=made.audit.findings + findings))


@pytest.fixture(scope="module")
def content(content_of, dataset_of):
    return suspected(content_of(dataset_of(CLASSES, [12, 12, 12], [8, 8, 8], (16, 12, 3))))


def reviewed(content) -> str:
    """What `assay review` writes of these findings."""
    return decisions_csv(suspect_rows(content.audit.issues_csv(), content.decisions))


def written(content, folder: Path) -> str:
    write_report(folder, content)
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def address(content, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(content, tmp_path_factory.mktemp("decide"))


def opened(browser, address: str, folder: Path | None = None, **options):
    """The page with its list of suspects there; what is downloaded goes to `folder`."""
    if folder is not None:
        where = {"behavior": "allow", "downloadPath": str(folder)}
        browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    show(browser, address, **options)
    browser.execute_script("localStorage.clear()")  # what an earlier test decided
    show(browser, address, **options)
    return when_ready(browser)


def when_ready(browser):
    WebDriverWait(browser, PATIENCE).until(lambda d: d.find_element("id", "deciding").is_displayed())
    return browser


def press(browser, number: int, action: str) -> None:
    """Presses a card's button as a keyboard does: a mouse would have to wait until the page stands still."""
    button = browser.find_elements("css selector", f".suspect .choices button.{action}")[number]
    button.send_keys(Keys.ENTER)


def field(browser, number: int, kind: str):
    return browser.find_elements("css selector", ".suspect")[number].find_element("tag name", kind)


def downloaded(browser, folder: Path) -> Path:
    """The file that the button gives, once it is whole."""
    file = folder / "decisions.csv"
    browser.execute_script("document.getElementById('download').click()")
    WebDriverWait(browser, PATIENCE).until(lambda _: file.exists() and file.stat().st_size > 0)
    return file


browser_only = pytest.mark.browser


@browser_only
def test_undecided_it_is_the_table_of_review(browser, content, address: str, tmp_path: Path) -> None:
    """Without a decision the download equals what `assay review` writes, byte for byte."""
    file = downloaded(opened(browser, address, tmp_path), tmp_path)
    assert file.read_bytes() == reviewed(content).encode()


@browser_only
def test_decisions_come_back_through_the_real_reader(browser, content, address: str, tmp_path: Path) -> None:
    """Keep, relabel as suggested and to a chosen class, drop, a reason like a formula: `--decisions` reads
    each, applies it to its image, and nothing was asked of the network."""
    opened(browser, address, tmp_path)
    requests(browser)
    who = browser.find_element("css selector", "#deciding-filters input")
    who.send_keys('@Ann, "the" boss')
    press(browser, 0, "keep")
    press(browser, 1, "relabel")
    press(browser, 2, "relabel")
    Select(field(browser, 2, "select")).select_by_visible_text("owl")
    press(browser, 3, "drop")
    field(browser, 3, "input").send_keys('=1+1, "blurred"')
    file = downloaded(browser, tmp_path)
    found, rows = read_decisions(file), list(suspect_rows(content.audit.issues_csv()))
    assert [d.action for d in found] == ["keep", "relabel", "relabel", "drop"]
    assert [d.id for d in found] == [row["id"] for row in rows[:4]]
    assert [d.new_label for d in found[1:3]] == [rows[1]["suggested"], "owl"]
    assert {d.who for d in found} == {'@Ann, "the" boss'}
    assert found[3].reason == '=1+1, "blurred"'
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", d.when) for d in found)
    applied = decide(content.dataset, found)
    assert applied.counts["train"] == {"keep": 1, "relabel": 2, "drop": 1}
    assert applied.unmatched == 0
    assert [url for url in requests(browser) if not url.startswith(("data:", "blob:"))] == []


@browser_only
def test_the_file_keeps_the_rule_of_our_own_writer(browser, address: str, tmp_path: Path) -> None:
    """Decided or not, reading the file and writing it with Python gives the same bytes again."""
    opened(browser, address, tmp_path)
    for number, text in enumerate(("=A1", "+1", "-", "- 1", "@x", "'quoted'", 'a "b"', "1,5", "", " =x")):
        press(browser, number, "drop")
        field(browser, number, "input").send_keys(text)
    text = downloaded(browser, tmp_path).read_bytes().decode()
    header, rows = read_csv_text(text)
    assert decisions_csv(dict(zip(header, row, strict=True)) for row in rows) == text
    assert [row[COLUMNS.index("reason")] for row in rows[:4]] == ["=A1", "+1", "-", "- 1"]
    assert not re.search(r"(?m)(^|,)\"?[=+@\t]", text)


@browser_only
def test_a_decision_can_be_taken_back_and_waits_for_its_class(
    browser, content_of, dataset_of, tmp_path: Path
) -> None:
    """Pressed again, a button lets go; without a class an image to be relabelled is not decided yet."""
    made = suspected(content_of(dataset_of(CLASSES, [12, 12, 12], [8, 8, 8], (4, 4, 1))))
    opened(browser, written(made, tmp_path), tmp_path)
    told = browser.find_element("id", "decided")
    Select(browser.find_elements("css selector", "#deciding-filters select")[1]).select_by_visible_text(
        check_title("quality")
    )
    press(browser, 0, "relabel")
    assert told.text.startswith("0 of 20 decided. 1 to be relabelled without a class.")
    Select(field(browser, 0, "select")).select_by_visible_text("cat")
    assert told.text.startswith("1 of 20 decided. ")
    press(browser, 0, "relabel")
    assert told.text.startswith("0 of 20 decided. ")
    assert read_decisions(downloaded(browser, tmp_path)) == ()


@browser_only
def test_the_keyboard_is_enough(browser, address: str) -> None:
    """Tab leads from button to button, space presses, and what is pressed is told to a screen reader."""
    opened(browser, address)
    browser.execute_script("document.querySelector('.suspect .choices button').focus()")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.text == "relabel"
    focused.send_keys(Keys.SPACE)
    assert focused.get_attribute("aria-pressed") == "true"
    focused.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.tag_name == "select"
    assert "train" in browser.switch_to.active_element.get_attribute("aria-label")


@browser_only
def test_filters_leave_what_they_name(browser, content, address: str) -> None:
    """By state, by check and by split; more are shown on demand, none twice."""
    opened(browser, address)
    state, check, label, split = browser.find_elements("css selector", "#deciding-filters select")
    shown = "return document.querySelectorAll('.suspect').length"
    all_of_them = f"const m = document.getElementById('more-suspects'); while (!m.hidden) m.click(); {shown}"
    assert browser.execute_script(shown) == 12
    assert browser.execute_script(all_of_them) == SUSPECTS
    issues = content.audit.issues
    Select(split).select_by_visible_text("test")
    assert browser.execute_script(all_of_them) == sum(i.split == "test" for i in issues)
    Select(check).select_by_visible_text("Image quality")
    assert browser.execute_script(all_of_them) == sum(
        i.split == "test" and i.check == "quality" for i in issues
    )
    press(browser, 0, "keep")
    Select(state).select_by_visible_text("decided")
    assert browser.execute_script(all_of_them) == 1
    for choice in (state, check, split):
        Select(choice).select_by_index(0)
    Select(label).select_by_visible_text("cat")
    assert browser.execute_script(all_of_them) == sum(i.label == "cat" for i in issues) > 0


@browser_only
def test_hostile_texts_are_text_and_come_back(browser, content_of, dataset_of, tmp_path: Path) -> None:
    """Class names, ids and details that are markup, formulas or invisible: nothing runs, cards show what the
    rest of the page would, and the download is still that of `assay review`."""
    texts = [f"{text}#{i}" for i, text in enumerate((*payloads(34, 3), "=1+1", "\ttab", "\rreturn", "a\nb"))]
    plain = dataset_of(texts[:12], [2] * 12, [1] * 12, (4, 4, 1))
    splits = {
        name: replace(split, ids=[f"{texts[-1 - i % 30]}{i}" for i in range(len(split))])
        for name, split in plain.splits.items()
    }
    made = suspected(content_of(replace(plain, splits=splits)), texts[20])
    opened(browser, written(made, tmp_path), tmp_path)
    browser.execute_script("document.getElementById('more-suspects').click()")
    shown = browser.execute_script(
        "return [...document.querySelectorAll('.suspect')].map(c => ["
        "c.querySelector('.said b').textContent, c.querySelector('.note').textContent])"
    )
    rows = list(suspect_rows(made.audit.issues_csv()))
    assert shown == [[one_line(row["label"]), f"{row['split']} image {one_line(row['id'])}"] for row in rows]
    assert downloaded(browser, tmp_path).read_bytes() == reviewed(made).encode()
    press(browser, 0, "relabel")
    options = Select(field(browser, 0, "select")).options[1:]
    names = [option.get_attribute("textContent") for option in options]
    assert names == [one_line(name) for name in made.dataset.classes]
    assert browser.title.endswith("Assay report")
    assert console(browser) == []


@pytest.fixture
def without_scripts(browser) -> Iterator[object]:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield browser
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@browser_only
def test_without_scripts_the_table_can_be_read(without_scripts, content, address: str) -> None:
    """Images, labels and what was found stand in a plain table; the buttons are not there."""
    show(without_scripts, address)
    table = without_scripts.find_element("id", "suspects-plain")
    for row in suspect_rows(content.audit.issues_csv()):
        assert row["id"] in table.text
    assert not without_scripts.find_element("id", "deciding").is_displayed()


@browser_only
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make browser")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_everybody_can_decide(browser, address: str, scheme: str, width: int) -> None:
    """axe-core finds nothing wrong with all fields open, and the page does not scroll sideways."""
    opened(browser, address, width=width, scheme=scheme)
    press(browser, 0, "relabel")
    press(browser, 1, "drop")
    assert violations(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_earlier_decisions_are_filled_in(content) -> None:
    """What the run was given stands in the page as in the next review; it is not asked for again."""
    first = next(suspect_rows(content.audit.issues_csv()))
    place = {name: first[name] for name in ("digest", "label", "split", "id")}
    made = replace(content, decisions=(Decision(action="drop", who="Ann", **place),))
    found = deciding.list_suspects(made)
    assert (found.rows[0]["decision"], found.rows[0]["who"]) == ("drop", "Ann")
    assert decisions_csv(found.rows) == reviewed(made)


def test_what_is_too_much_is_said(content, monkeypatch) -> None:
    """Beyond the limit the first ones are listed, and the page says where all are."""
    monkeypatch.setattr(deciding, "MOST_SUSPECTS", 7)
    found = draw_all(content)
    assert list(found.suspects.rows) == list(suspect_rows(content.audit.issues_csv()))[:7]
    assert "This page lists the first 7; `assay review RUN` writes them all." in page(content, found)
    monkeypatch.setattr(deciding, "_MOST_BYTES", 300)
    assert 0 < len(deciding.list_suspects(content).rows) < 7


def test_an_audit_alone_can_be_decided_about(content_of, dataset_of) -> None:
    """Without a model there are suspects and their pictures too; without suspects there is no chapter."""
    made = content_of(dataset_of(CLASSES, [12, 12, 12], [8, 8, 8], (4, 4, 1)), audit_only=True)
    assert 'id="decide"' not in page(made, draw_all(made))
    drawn = draw_all(suspected(made))
    assert set(drawn.suspects.places) == set(drawn.atlas.tiles)
    text = page(suspected(made), drawn)
    assert 'id="suspects-data"' in text
    assert len(list(csv.DictReader(io.StringIO(reviewed(suspected(made)))))) == SUSPECTS


def keyed(browser, *keys: str) -> None:
    """Press keys in the viewer."""
    browser.execute_script("document.getElementById('viewer').focus()")
    browser.switch_to.active_element.send_keys(*keys)


@browser_only
def test_the_viewer_decides_by_keys_and_takes_back(browser, content, address: str, tmp_path: Path) -> None:
    """Keep, drop, relabel by number, undo; each goes on to the next; the file has what was pressed."""
    opened(browser, address, tmp_path)
    place, told = browser.find_element("id", "viewer-place"), browser.find_element("id", "decided")
    assert place.text == "1 of 20"
    keyed(browser, "k", "d", "2")
    assert place.text == "4 of 20"
    assert told.text.startswith("3 of 20 decided.")
    keyed(browser, "u")
    assert place.text == "3 of 20"
    assert told.text.startswith("2 of 20 decided.")
    keyed(browser, "2", Keys.ARROW_LEFT)
    assert "relabel to " + content.dataset.classes[1] in browser.find_element("id", "viewer-label").text
    read = list(csv.DictReader(io.StringIO(downloaded(browser, tmp_path).read_text("utf-8"))))
    assert [row["decision"] for row in read[:4]] == ["keep", "drop", "relabel", ""]
    assert read[2]["new_label"].lstrip("'") == content.dataset.classes[1]


@browser_only
def test_decisions_outlast_the_page(browser, address: str, tmp_path: Path) -> None:
    """Closed and opened again, the page knows what was decided."""
    opened(browser, address, tmp_path)
    keyed(browser, "k", "k")
    show(browser, address)
    when_ready(browser)
    assert browser.find_element("id", "decided").text.startswith("2 of 20 decided.")


@browser_only
def test_the_viewer_follows_the_filters(browser, address: str, tmp_path: Path) -> None:
    """Where only the undecided are shown, a decision takes the image away and shows the next."""
    opened(browser, address, tmp_path)
    state = browser.find_element("css selector", "#deciding-filters select")
    Select(state).select_by_visible_text("not decided")
    first = browser.find_element("id", "viewer-found").text
    keyed(browser, "d")
    assert browser.find_element("id", "viewer-place").text == "1 of 19"
    assert browser.find_element("id", "viewer-found").text != first


@browser_only
def test_two_thousand_suspects_stay_fluid(browser, content_of, dataset_of, tmp_path: Path) -> None:
    """A decision changes a few elements, however many suspects there are: nothing is drawn for each."""
    content = suspected(content_of(dataset_of(CLASSES, [700] * 3, [8] * 3, (8, 8, 1))))
    issue = content.audit.issues[0]
    many = tuple(replace(issue, id=f"train/{n}", index=n, digest=f"{n:064x}") for n in range(2_000))
    address = written(replace(content, audit=replace(content.audit, issues=many)), tmp_path)
    opened(browser, address)
    count_changes = """
        window.changed = 0;
        new MutationObserver((all) => all.forEach((m) => (window.changed += m.addedNodes.length)))
            .observe(document.getElementById("deciding"), { childList: true, subtree: true });
    """
    browser.execute_script(count_changes)
    keyed(browser, *"kdkdkdkdkd")
    assert browser.find_element("id", "viewer-place").text == "11 of 2,000"
    assert browser.execute_script("return window.changed") < 10 * 60
