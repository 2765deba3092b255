"""The page on a phone, 390 pixels wide, and on paper: nothing is cut off, nothing too small, few pages."""

import base64
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from assay.audits.issues import Issue
from assay.audits.values import Finding
from assay.data.releases import FASHION_CLASSES
from assay.reports.page.html import write_report
from reports.chromium import show

pytestmark = pytest.mark.browser

#: What may be scrolled sideways, and what only a reader of the screen aloud meets.
EXEMPT = "nav ol, .scroll, .zoomable, .skip, thead, .sheet, .line summary > span, [hidden]"


@pytest.fixture(scope="module")
def address(content_of, dataset_of, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of ten classes of 28 x 28 gray images, as Fashion-MNIST has them."""
    folder = tmp_path_factory.mktemp("phone")
    write_report(folder, content_of(dataset_of(FASHION_CLASSES, [20] * 10, [12] * 10, (28, 28, 1))))
    return (folder / "report.html").as_uri()


def wide(browser, width: int) -> list[str]:
    """Elements that reach beyond the screen, but for those in a box of their own."""
    return browser.execute_script(
        """
        const [width, exempt] = arguments;
        return [...document.querySelectorAll("body *")].filter((element) => {
          const inside = element.tagName !== "svg" && element.closest("svg");
          if (inside || element.closest(exempt)) return false;
          const box = element.getBoundingClientRect();
          return box.width > 0 && (box.left < -1 || box.right > width + 1);
        }).map((e) => e.tagName + "." + (e.getAttribute("class") || "") + " " + e.textContent.slice(0, 40));
        """,
        width,
        EXEMPT,
    )


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_no_element_is_wider_than_the_screen(browser, address: str, width: int) -> None:
    """Closed as it opens, and with everything unfolded."""
    show(browser, address, width)
    assert wide(browser, width) == []
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert wide(browser, width) == []


def test_no_figure_is_cut(browser, address: str) -> None:
    """Each figure is there in one form, whole, and inside its plate; it has no box to scroll."""
    show(browser, address, 390)
    found = browser.execute_script(
        """
        return [...document.querySelectorAll("figure")].map((figure) => {
          const seen = [...figure.querySelectorAll(".plate svg:not(.sheet), .plate table")].filter(
            (e) => e.getBoundingClientRect().width > 0 && !e.closest(".grid"));
          const plate = figure.querySelector(".plate");
          return [figure.id, seen.length + figure.querySelectorAll(".grid").length,
            plate.scrollWidth <= plate.clientWidth + 1];
        });
        """
    )
    assert len(found) > 10
    assert all(forms == 1 and whole for _, forms, whole in found), found
    cut = browser.execute_script(
        """
        return [...document.querySelectorAll(".on-phone svg text")].filter((text) => {
          const [box, svg] = [text, text.ownerSVGElement].map((e) => e.getBoundingClientRect());
          return box.left < svg.left - 3 || box.right > svg.right + 3 || box.bottom > svg.bottom + 3;
        }).map((text) => text.textContent);
        """
    )
    assert cut == []


def test_words_in_figures_can_be_read_on_a_phone(browser, address: str) -> None:
    """Captions and axes are at least 10.5 pixels high as shown, captions of images 11."""
    show(browser, address, 390)
    sizes = browser.execute_script(
        """
        const shown = (e) => e.getBoundingClientRect().width > 0;
        const scale = (text) => {
          const svg = text.ownerSVGElement;
          return svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        };
        const axes = [...document.querySelectorAll(".plate svg text")].filter(shown)
          .map((t) => parseFloat(getComputedStyle(t).fontSize) * scale(t));
        const captions = [...document.querySelectorAll(".cell span, .row-name, .matrix td, .matrix th")]
          .filter(shown).map((e) => parseFloat(getComputedStyle(e).fontSize));
        return [Math.min(...axes), axes.length, Math.min(...captions), captions.length];
        """
    )
    assert sizes[1] > 50 < sizes[3]
    assert sizes[0] >= 10.5
    assert sizes[2] >= 11


def test_the_contents_are_one_line_on_a_phone(browser, address: str) -> None:
    """The list of chapters takes one line, however many there are."""
    show(browser, address, 390)
    height = browser.execute_script("return document.querySelector('nav').getBoundingClientRect().height")
    assert height < 64


def test_a_table_becomes_cards_on_a_phone(browser, address: str) -> None:
    """Each value stands below its class, with the head of its column beside it."""
    show(browser, address, 390)
    value, head = browser.execute_script(
        """
        const cell = document.querySelector("table.scores td");
        return [getComputedStyle(cell).display, getComputedStyle(cell, "::before").content];
        """
    )
    assert (value, head) == ("flow-root", '"precision"')


def test_the_first_screen_answers_at_a_glance(browser, address: str) -> None:
    """Without scrolling, on a desk: verdict, score, interval, and the first command."""
    show(browser, address, 1280)
    bottoms = browser.execute_script(
        "return ['h1', '.score', '.points', '.steps .command'].map("
        "(s) => document.querySelector(s).getBoundingClientRect().bottom)"
    )
    assert max(bottoms) < 900


def paper_of(browser) -> bytes:
    """The page that is shown as a PDF of A4."""
    wanted = {"preferCSSPageSize": True, "printBackground": False}
    paper = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", wanted)["data"])
    assert paper.startswith(b"%PDF-")
    return paper


def printed_pages(browser) -> int:
    """How many pages of A4 the page that is shown prints on."""
    return len(re.findall(rb"/Type\s*/Page\b", paper_of(browser)))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not there (poppler-utils)")
def test_no_heading_is_the_last_line_of_a_printed_page(browser, address: str, tmp_path) -> None:
    """A heading stands on the page of what it is about; every heading is printed."""
    show(browser, address, 1200, media="print")
    seen = "[...document.querySelectorAll('h2, h3, h4')].filter((e) => e.getBoundingClientRect().height > 0)"
    headings = set(
        browser.execute_script(f"return {seen}.map((e) => e.textContent.replace(/\\s+/g, ' ').trim())")
    )
    (tmp_path / "report.pdf").write_bytes(paper_of(browser))
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    pages = [
        [" ".join(line.split()) for line in page.splitlines() if line.strip()] for page in told.split("\f")
    ]
    lines = {line for page in pages for line in page}
    assert len(headings) > 20
    assert {"2 Look", "3 Audit"} <= headings & lines
    assert [page[-1] for page in pages if page and page[-1] in headings] == []


def test_it_prints_on_few_pages(browser, address: str) -> None:
    """All chapters of a run on A4: at most twenty pages, and as a file that can be opened."""
    show(browser, address, 1200, media="print")
    assert 5 <= printed_pages(browser) <= 20


#: The checks whose flagged images have a figure.
PICTURED = (
    "exact-duplicates",
    "near-duplicates",
    "leakage",
    "label-errors",
    "ambiguous-labels",
    "atypical",
    "quality",
)


def flagged(content, check: str, count: int = 40) -> tuple[Finding, list[Issue]]:
    """A finding about the first test images, each with a training image that it resembles."""
    train, test = content.dataset.train, content.dataset.splits["test"]
    issues = [
        Issue(
            check,
            "kind",
            1 - n / count,
            "test",
            n,
            test.ids[n],
            test.hex_digest(n),
            "Bag",
            "Coat",
            0.8,
            "train",
            n,
            train.ids[n],
            "what was found, in some words that take a line",
        )
        for n in range(count)
    ]
    told = "40 images are flagged by this check, which is a sentence of usual length. It has a second one."
    return Finding(check, "warn", told, {"images": 40}, "a limit", "a reason", "Look.", 40, "content"), issues


def test_a_report_in_which_every_check_warns_prints_on_twenty_pages(
    browser, content_of, dataset_of, tmp_path
) -> None:
    """All figures that there are, as the main job has them, and the list of what is to be decided."""
    content = content_of(dataset_of(FASHION_CLASSES, [20] * 10, [12] * 10, (28, 28, 1)))
    pairs = [flagged(content, check) for check in PICTURED]
    kept = [f for f in content.audit.findings if f.check not in PICTURED]
    audit = replace(
        content.audit,
        findings=(*kept, *(finding for finding, _ in pairs)),
        issues=tuple(issue for _, issues in pairs for issue in issues),
    )
    write_report(tmp_path, replace(content, audit=audit))
    show(browser, (tmp_path / "report.html").as_uri(), 1200, media="print")
    figures = browser.execute_script("return [...document.querySelectorAll('figure')].map((f) => f.id)")
    assert {f"figure-suspects-{check}" for check in PICTURED} | {"figure-map"} <= set(figures)
    assert 10 <= printed_pages(browser) <= 20


def test_paper_shows_no_buttons_and_every_finding(browser, address: str) -> None:
    """What only a screen can do is left out; each check has its line, each figure its sentence."""
    show(browser, address, 1200, media="print")
    hidden, lines, found = browser.execute_script(
        """
        const seen = (s) => [...document.querySelectorAll(s)]
          .filter((e) => e.getBoundingClientRect().height > 0).length;
        const screen = "nav, select, .explorer, .decide, .zoomable > button";
        return [seen(screen), seen(".finding, .line"), seen("figcaption .found")];
        """
    )
    assert hidden == 0
    assert lines == 4
    assert found > 10
