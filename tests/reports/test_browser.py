"""The page in a real browser, loaded from disk as a reader would."""

import http.server
import itertools
import threading
from pathlib import Path

import pytest

from assay.reports.page.html import write_report
from reports.chromium import console, requests, show

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(content_of, dataset_of, hostile_names, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose every name is hostile."""
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, content_of(dataset_of(hostile_names, shape=(16, 16, 3))))
    return folder / "report.html"


def test_nothing_runs_and_nothing_is_fetched(browser, report: Path) -> None:
    """Case 36: hostile names fire no script; the page asks for nothing; the console is silent."""
    requests(browser), console(browser)
    show(browser, report.as_uri())
    assert browser.title.endswith("Assay report")
    assert browser.execute_script("return document.querySelectorAll('script:not([type])').length") == 1
    asked = [url for url in requests(browser) if not url.startswith("data:")]
    assert asked == [report.as_uri()]
    assert console(browser) == []


def test_nothing_is_fetched_over_http_either(browser, report: Path) -> None:
    """Served from a loopback server, the page alone is asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(report.parent))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        show(browser, f"http://127.0.0.1:{server.server_port}/report.html")
        browser.get("about:blank")
        server.shutdown()
        thread.join()
    assert asked == ["/report.html"]


def test_a_script_would_be_noticed(browser, tmp_path: Path) -> None:
    """The twin of the tests above: a page with a script and a picture does fire and does ask."""
    page = tmp_path / "bad.html"
    page.write_text("<title>x</title><script>document.title='fired'</script><img src='other.png'>")
    requests(browser)
    show(browser, page.as_uri())
    assert browser.title == "fired"
    assert len(requests(browser)) == 2


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_no_sideways_scrolling(browser, report: Path, width: int) -> None:
    """On a phone and on a desk only tables and figures scroll, inside their own boxes."""
    show(browser, report.as_uri(), width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1200])
def test_opened_tables_do_not_widen_the_page(browser, report: Path, width: int) -> None:
    """With every table unfolded the page still fits."""
    show(browser, report.as_uri(), width)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_dark_and_light_follow_the_reader(browser, report: Path) -> None:
    """Page and figures take both schemes: text and ground change places in brightness."""
    found = {}
    for scheme in ("light", "dark"):
        show(browser, report.as_uri(), scheme=scheme)
        found[scheme] = browser.execute_script(
            "const texts = [...document.querySelectorAll('svg text')].map(t => getComputedStyle(t).fill);"
            "return [getComputedStyle(document.body).backgroundColor, texts]"
        )
    (light_page, light_texts), (dark_page, dark_texts) = found["light"], found["dark"]
    assert len(light_texts) == len(dark_texts) > 100
    assert brightness(light_page) > 200 > 110 > max(map(brightness, light_texts))
    assert brightness(dark_page) < 80 < 150 < min(map(brightness, dark_texts))


def test_paper_is_light_even_for_dark_readers(browser, report: Path) -> None:
    """Printed from a dark system, text is dark on white."""
    show(browser, report.as_uri(), scheme="dark", media="print")
    text, page, scheme = browser.execute_script(
        "const body = getComputedStyle(document.body);"
        "return [body.color, body.backgroundColor, getComputedStyle(document.documentElement).colorScheme]"
    )
    assert brightness(text) < 80
    assert brightness(page) == 255
    assert scheme == "light"


def brightness(color: str) -> float:
    red, green, blue = (float(part) for part in color.strip("rgba()").split(",")[:3])
    return 0.3 * red + 0.6 * green + 0.1 * blue


def test_every_picture_has_an_accessible_name(browser, report: Path) -> None:
    """Each drawing says what it is; scrolling boxes can be reached by keyboard and have names too."""
    show(browser, report.as_uri())
    names = browser.execute_script(
        "return [...document.querySelectorAll('svg[viewBox]:not([aria-hidden]), .grid')]"
        ".map(s => s.getAttribute('role') === 'img' && s.getAttribute('aria-label'))"
    )
    assert len(names) >= 10
    assert all(names)
    assert browser.execute_script(
        "return [...document.querySelectorAll('.scroll')]"
        ".every(s => s.tabIndex === 0 && s.getAttribute('aria-label'))"
    )


def test_headings_are_in_order(browser, report: Path) -> None:
    """One first heading, and no level is skipped on the way down."""
    show(browser, report.as_uri())
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
