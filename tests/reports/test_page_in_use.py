"""The page in use: the mistake explorer, tables that sort, without scripts, and for everybody."""

import base64
import csv
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from assay.audits.issues import Issue
from assay.audits.values import Finding
from assay.evaluation.evaluate import predictions_csv
from assay.reports.page.html import write_report
from reports.chromium import PATIENCE, show

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
CLASSES = ("cat", "dog", "owl")


def issue_of(dataset, index: int) -> Issue:
    test = dataset.splits["test"]
    return Issue(
        "label-errors",
        "likely-wrong",
        0.9,
        "test",
        index,
        test.ids[index],
        test.hex_digest(index),
        "cat",
        "dog",
        0.8,
        detail="its label has probability 0.02",
    )


@pytest.fixture(scope="module")
def content(content_of, dataset_of):
    """Ninety test images, a third of them answered wrongly, two flagged by the audit."""
    dataset = dataset_of(CLASSES, [12, 12, 12], [30, 30, 30], (16, 12, 3))
    made = content_of(dataset)
    flagged = made.evaluation.mistakes(2).tolist()
    issues = tuple(issue_of(dataset, index) for index in flagged)
    finding = Finding("label-errors", "warn", "2 labels", {}, "t", "r", "look", 2, area="label quality")
    found = replace(made.audit, issues=issues, findings=(*made.audit.findings, finding))
    return replace(made, audit=found)


@pytest.fixture(scope="module")
def address(content, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("used")
    write_report(folder, content)
    return (folder / "report.html").as_uri()


def opened(browser, address: str, width: int = 1200, scheme: str = "light"):
    """The page as it is when its explorer has unpacked what it holds."""
    show(browser, address, width, scheme)
    ready = "return !document.getElementById('explorer').hidden"
    WebDriverWait(browser, PATIENCE).until(lambda driver: driver.execute_script(ready))
    return browser


@pytest.fixture
def page(browser, address: str):
    return opened(browser, address)


def choose(page, **filters: str) -> None:
    for name, value in filters.items():
        page.execute_script(
            "const s = document.getElementById('filter-' + arguments[0]); s.value = arguments[1];"
            "s.dispatchEvent(new Event('change'))",
            name,
            value,
        )


def cards(page) -> list[str]:
    """The texts of all cards that fit the filters, after asking for more until there are no more."""
    return page.execute_script(
        "const more = document.getElementById('more'); while (!more.hidden) more.click();"
        "return [...document.querySelectorAll('#cards .card')].map(c => c.innerText)"
    )


def cell(label: int, answer: int) -> str:
    return f"#matrix td[data-label='{label}'][data-answer='{answer}'] button"


def test_the_explorer_begins_with_all_mistakes(page, content) -> None:
    """Twelve of the surest are shown first, and as many as there are on demand."""
    mistakes = content.evaluation.mistakes()
    assert page.execute_script("return document.querySelectorAll('#cards .card').length") == 12
    assert f"{len(mistakes)} images, the first 12 shown." in page.find_element("id", "found").text
    found = cards(page)
    test = content.dataset.splits["test"]
    assert [text.split("\N{MIDDLE DOT} ")[1].split("\n")[0] for text in found] == [
        test.ids[row] for row in mistakes.tolist()
    ]


def test_every_card_says_what_the_files_say(page, content) -> None:
    """Label, answer and probabilities are those of predictions.csv, the neighbors' labels those of train."""
    test = content.dataset.splits["test"]
    rows = list(csv.DictReader(io.StringIO(predictions_csv(content.evaluation, test, "test"))))
    data = explored(page)
    right = np.minimum(np.diag(content.evaluation.confusion), 24).sum()
    assert len(data["images"]) == len(content.evaluation.mistakes()) + right
    for index, name, label, answer, probability, own, _, near, _ in data["images"]:
        row = rows[index]
        assert (name, CLASSES[label], CLASSES[answer]) == (row["id"], row["label"], row["predicted"])
        assert probability == float(row["probability"])
        assert own == float(row[f"p:{CLASSES[label]}"])
        assert len(near) == 3
    for index, (name, label, _) in data["train"].items():
        train = content.dataset.train
        assert (name, label) == (train.ids[int(index)], int(train.labels[int(index)]))


@pytest.mark.parametrize(("label", "answer"), [(0, 1), (1, 1)])
def test_a_cell_of_the_matrix_shows_its_images(page, content, label: int, answer: int) -> None:
    """A click filters by label and answer; of a diagonal cell up to 24 are there, of a mistake all."""
    page.execute_script("document.querySelector(arguments[0]).click()", cell(label, answer))
    expected = int(content.evaluation.confusion[label, answer])
    found = cards(page)
    assert len(found) == (expected if label != answer else min(24, expected))
    for text in found:
        words = f"{CLASSES[label]} classified as {CLASSES[answer]}"
        assert (words if label != answer else f"{CLASSES[label]}, classified correctly") in text
    pressed = page.execute_script(
        "return [...document.querySelectorAll('#matrix button[aria-pressed=true]')].length"
    )
    assert pressed == 1
    assert page.find_element("id", "filter-show").get_property("value") == "all"


def focused_cell(page) -> list[str]:
    return page.execute_script(
        "const d = document.activeElement.parentElement.dataset; return [d.label, d.answer]"
    )


def test_the_matrix_obeys_the_keyboard(page) -> None:
    """One stop for the tab key; arrows move from cell to cell, past empty ones; Enter chooses."""
    stops = "return [...document.querySelectorAll('#matrix button')].filter(b => b.tabIndex === 0).length"
    assert page.execute_script(stops) == 1
    page.execute_script("document.querySelector('#matrix button').focus()")
    assert focused_cell(page) == ["0", "0"]
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert focused_cell(page) == ["2", "0"]  # no dog is taken for a cat
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused_cell(page) == ["2", "2"]
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused_cell(page) == ["2", "2"]
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert "owl classified correctly" in page.find_element("id", "found").text
    assert page.execute_script(stops) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_can_be_seen(browser, address: str, scheme: str) -> None:
    """Every kind of control shows where the keyboard is."""
    opened(browser, address, scheme=scheme)
    for selector in ("#matrix button", "#filter-label", "#reset", ".sort", "nav a", "summary"):
        style = browser.execute_script(
            "const e = document.querySelector(arguments[0]); e.focus({focusVisible: true});"
            "return getComputedStyle(e).outlineStyle",
            selector,
        )
        assert style != "none", selector


def test_filters_by_class_confidence_and_flag(page, content) -> None:
    """Each filter leaves the images that it names, together those that fit all; Reset undoes them."""
    score = content.evaluation
    wrong = score.predicted != score.labels
    choose(page, label="1")
    assert len(cards(page)) == int((wrong & (score.labels == 1)).sum())
    choose(page, label="", answer="1")
    assert len(cards(page)) == int((wrong & (score.predicted == 1)).sum())
    choose(page, answer="", sure="0.5-0.9")
    sure = (score.confidence >= 0.5) & (score.confidence < 0.9)
    assert len(cards(page)) == int((wrong & sure).sum())
    choose(page, sure="", audit="any")
    flagged = cards(page)
    assert len(flagged) == 2
    assert all("Label errors: rather dog (its label has probability 0.02" in text for text in flagged)
    choose(page, audit="none")
    assert len(cards(page)) == int(wrong.sum()) - 2
    choose(page, label="0", answer="0")
    assert page.find_element("id", "found").text == "No image fits these filters."
    page.execute_script("document.getElementById('reset').click()")
    assert len(cards(page)) == int(wrong.sum())


CLICK = """
const map = document.querySelector("#figure-map .map-view");
const box = map.getBoundingClientRect();
const [x, y] = arguments;
const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
map.dispatchEvent(new MouseEvent("click", { ...at, bubbles: true }));
return document.getElementById("map-image").dataset.image;
"""

#: The same point of the map after zooming: where the screen shows it.
ZOOM = """
const [name, key] = arguments;
const map = document.querySelector("#figure-map .map-view");
if (name) [...document.querySelectorAll(".map-tools button")].find((b) => b.textContent === name).click();
if (key) map.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
return Number(map.dataset.zoom);
"""


def explored(page) -> dict:
    block = page.execute_script("return document.getElementById('explorer-data').textContent")
    return json.loads(zlib.decompress(base64.b64decode(block)))


def test_a_click_on_the_map_shows_the_image_there(page) -> None:
    """The nearest point's image with its label, and the five that the model sees as most similar to it."""
    data = explored(page)
    number = 3
    chosen = int(page.execute_script(CLICK, *data["places"][number]))
    assert data["places"][chosen] == data["places"][number]
    text = page.find_element("id", "map-image").text
    assert data["images"][chosen][1] in text
    pictured = page.execute_script(
        "return [...document.querySelectorAll('#map-image .alike [aria-label]')].map(p => p.ariaLabel)"
    )
    near = data["alike"][chosen]
    assert len(near) == 5
    assert chosen not in near
    assert pictured == [f"Test image {data['images'][other][1]}" for other in near]


def test_a_similar_image_can_be_chosen_in_its_turn(page) -> None:
    """From neighbor to neighbor, by buttons."""
    data = explored(page)
    first = int(page.execute_script(CLICK, *data["places"][0]))
    second = page.execute_script(
        "document.querySelector('#map-image .alike button').click();"
        "return document.getElementById('map-image').dataset.image"
    )
    assert int(second) == data["alike"][first][0]


def test_the_map_can_be_zoomed_by_buttons_and_keys(page) -> None:
    """In and out and back to the whole; zoomed in, a click shows what lies under the pointer then."""
    data = explored(page)
    assert page.execute_script(ZOOM, "Zoom in", "") == 2
    assert page.execute_script(ZOOM, "", "+") == 4
    assert page.execute_script(ZOOM, "Zoom out", "") == 2
    assert page.execute_script(ZOOM, "", "0") == 1
    assert page.execute_script(ZOOM, "Zoom out", "") == 1  # there is nothing beyond the whole
    page.execute_script(ZOOM, "Zoom in", "")
    middle = [i for i, (x, y) in enumerate(data["places"]) if abs(x - 0.5) < 0.2 and abs(y - 0.5) < 0.2]
    x, y = data["places"][middle[0]]
    chosen = int(page.execute_script(CLICK, 0.5 + 2 * (x - 0.5), 0.5 + 2 * (y - 0.5)))
    assert data["places"][chosen] == [x, y]


def test_zooming_draws_other_pixels(page) -> None:
    """What the canvas shows changes with the zoom and comes back with it, but for the smoothing of edges."""
    zoomed, back = page.execute_script(
        """
        const map = document.querySelector(".map-view");
        const [closer, , whole] = document.querySelectorAll(".map-tools button");
        const pixels = () => map.getContext("2d").getImageData(0, 0, map.width, map.height).data;
        const after = (button) => { button.click(); return pixels(); };
        const first = after(whole);
        const changed = (now) => now.filter((value, n) => Math.abs(value - first[n]) > 128).length;
        return [changed(after(closer)), changed(after(whole))];
        """
    )
    assert zoomed > 100
    assert back < zoomed / 50


def test_the_map_names_the_image_under_the_pointer(page) -> None:
    """Pointing at an image tells its class and its id; pointing at an empty place tells nothing."""
    data = explored(page)
    title = """
        const map = document.querySelector(".map-view");
        const box = map.getBoundingClientRect();
        const [x, y] = arguments;
        const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
        map.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true }));
        return map.title;
    """
    told = page.execute_script(title, *data["places"][0])
    same = [i for i, place in enumerate(data["places"]) if place == data["places"][0]]
    assert told.split(" \N{MIDDLE DOT} ")[1] in {data["images"][i][1] for i in same}
    assert page.execute_script(title, 0.001, 0.001) == ""


def test_pictures_are_the_test_images_themselves(page, content) -> None:
    """What is drawn on the first card equals the pixels of the image, bit by bit."""
    WebDriverWait(page, PATIENCE).until(
        lambda d: d.execute_script("return document.querySelector('.card canvas').dataset.drawn === 'true'")
    )
    drawn = page.execute_script(
        "return document.querySelector('.card canvas').toDataURL('image/png').split(',')[1]"
    )
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB"))
    row = content.evaluation.mistakes(1)
    assert np.array_equal(shown, next(content.dataset.splits["test"].blocks(row))[0])


def test_tables_sort_by_any_column(page, content) -> None:
    """A button in the head sorts upward, then downward, and says so; numbers by value and not by letter."""
    table = "document.querySelector('table.scores')"
    values = f"return [...{table}.tBodies[0].rows].map(r => r.cells[2].textContent)"
    recalls = [s["recall"] for s in content.evaluation.test["per_class"].values()]
    head = f"{table}.tHead.rows[0].cells[2]"
    for direction in ("ascending", "descending"):
        page.execute_script(f"{head}.querySelector('button').click()")
        assert page.execute_script(f"return {head}.getAttribute('aria-sort')") == direction
        shown = [float(text) for text in page.execute_script(values)]
        expected = sorted(recalls, reverse=direction == "descending")
        assert shown == [round(recall, 3) for recall in expected]
    page.execute_script(f"{table}.tHead.rows[0].cells[0].querySelector('button').click()")
    assert page.execute_script(f"return {head}.getAttribute('aria-sort')") is None


@pytest.fixture
def without_scripts(browser, address: str) -> Iterator[object]:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    show(browser, address)
    yield browser
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_without_scripts_all_but_the_explorer_can_be_read(without_scripts, content) -> None:
    """The numbers of the matrix and the surest mistakes are there; the explorer says why it is not."""
    matrix = without_scripts.find_element("id", "matrix").text
    assert str(int(content.evaluation.confusion[0, 0])) in matrix.split()
    assert without_scripts.find_element("id", "figure-mistakes").is_displayed()
    assert not without_scripts.find_element("id", "explorer").is_displayed()
    assert "needs scripts" in without_scripts.find_element("tag name", "noscript").text


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_cards_fit_the_width(browser, address: str, width: int) -> None:
    """Neither a chosen cell nor an image of the map makes the page scroll sideways; the map fits its box."""
    opened(browser, address, width)
    browser.execute_script("document.querySelector(arguments[0]).click()", cell(0, 1))
    browser.execute_script(CLICK, 0.5, 0.5)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    view, plate = browser.execute_script(
        "return ['.map-view', '#figure-map .plate'].map((s) => {"
        "const box = document.querySelector(s).getBoundingClientRect(); return [box.left, box.right]; })"
    )
    assert plate[0] < view[0] < view[1] <= plate[1]


RUN_AXE = """
const done = arguments[0];
axe.run(document, {resultTypes: ['violations']}).then(
  (found) => done(found.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))])));
"""


def violations(page) -> list[object]:
    page.execute_script(AXE.read_text("utf-8"))
    return page.execute_async_script(RUN_AXE)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make browser")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_everybody_can_use_the_page(browser, address: str, scheme: str, width: int) -> None:
    """axe-core finds nothing wrong (landmarks, names, contrast AA), a cell chosen and all unfolded."""
    opened(browser, address, width, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.execute_script("document.querySelector(arguments[0]).click()", cell(0, 1))
    browser.execute_script(CLICK, 0.5, 0.5)
    assert violations(browser) == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make browser")
def test_axe_would_notice(browser, tmp_path: Path) -> None:
    """The twin of the test above: a page with pale text and a nameless button is found at fault."""
    page = tmp_path / "bad.html"
    page.write_text("<title>x</title><p style='color:#ccc;background:#fff'>pale</p><button></button>")
    show(browser, page.as_uri())
    assert {"button-name", "color-contrast"} <= {rule for rule, _ in violations(browser)}
