"""The page in a real browser: files, paste, camera, keyboard, dark, on a phone, nothing from elsewhere."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from assay.data.values import Dataset
from assay.deployment.serving.access import Access
from assay.deployment.serving.similar import training_images
from deployment.serving.conftest import CLASSES, Served, Start, pictures
from deployment.serving.test_protocol import encoded
from reports.chromium import PATIENCE, console, requests, show, start

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    yield from start(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def with_training(served: Served, dataset: Dataset) -> Served:
    served.service.training.found = training_images(
        dataset.train, dataset.classes, served.file.sha256, served.service.watch.reference
    )
    return served


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One of each class, noise that is like nothing, and a file that is no picture."""
    images, _ = pictures(3, 11)
    noise = np.random.default_rng(0).integers(0, 2, (12, 10, 3)).astype(np.uint8) * 255
    contents = {f"{i}.png": encoded(one) for i, one in enumerate(images)} | {
        "noise.png": encoded(noise), "<img src=x onerror=alert(1)>.png": b"\x89PNG\r\n\x1a\n cut",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def wait(browser: webdriver.Chrome, until: Any) -> None:
    WebDriverWait(browser, PATIENCE).until(until)


def cards(browser: webdriver.Chrome) -> list[str]:
    return [card.text for card in browser.find_elements("css selector", "article")]


def address(served: Served) -> str:
    return f"http://{served.url}/"


def give(browser: webdriver.Chrome, files: list[Path]) -> None:
    before = len(cards(browser))
    browser.find_element("id", "files").send_keys("\n".join(map(str, files)))
    wait(browser, lambda b: len(cards(b)) == before + len(files))


def test_answers_with_their_doubts_and_the_most_similar_images(
    browser: webdriver.Chrome, with_training: Served, files: list[Path]
) -> None:
    """Class and probability as /predict says them; what is unlike training says so; errors too."""
    requests(browser), console(browser)
    show(browser, address(with_training))
    wait(browser, lambda b: "3 classes" in b.find_element("id", "about").text)
    assert "at most 10.0 % of its answers are wrong" in browser.find_element("id", "about").text
    give(browser, files)
    shown = dict(zip([file.name for file in files], reversed(cards(browser)), strict=True))
    for file in files[:4]:
        record = with_training.ask("POST", "/predict", file.read_bytes())[1]["predictions"][0]
        text = shown[file.name]
        unsure = record["answered"] is False or record["familiar"] is False
        assert text.startswith("I do not know" if unsure else record["predicted"])
        assert ("Unlike anything in training" in text) == (record["familiar"] is False)
        assert f"{100 * record['probability']:.0f}"[:1] in text and "Most similar training images" in text
        assert all(name in text for name in CLASSES)
    assert "I do not know" in shown["noise.png"]
    assert "image-unreadable" in shown[files[4].name]
    assert len(browser.find_elements("css selector", "article ul li")) == 12
    loaded = "return [...document.querySelectorAll('article img')].every(i => i.complete && i.naturalWidth)"
    wait(browser, lambda b: b.execute_script(loaded))
    assert all(
        one.startswith((address(with_training), f"blob:{address(with_training)}"))
        for one in requests(browser)
    )
    problems = [text for text in console(browser) if "400 (Bad Request)" not in text]
    assert problems == []


def test_nothing_that_is_given_becomes_markup(browser: webdriver.Chrome, with_training: Served) -> None:
    show(browser, address(with_training))
    wait(browser, lambda b: "3 classes" in b.find_element("id", "about").text)
    assert browser.find_elements("css selector", "[onmouseover], [onerror], main b") == []


def test_by_keyboard_alone_and_aloud(
    browser: webdriver.Chrome, with_training: Served, files: list[Path]
) -> None:
    """Every control is reached by Tab in order; what happens is said in a live region."""
    show(browser, address(with_training))
    order = []
    for _ in range(3):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        order.append(browser.switch_to.active_element)
    assert [one.get_attribute("textContent") for one in order] == [
        "Skip to the answers",
        "Choose pictures",
        "Use the camera",
    ]
    give(browser, files[:1])
    status = browser.find_element("id", "status")
    assert status.get_attribute("aria-live") == "polite"
    wait(browser, lambda _: "%" in status.text)
    assert "0.png" in status.text
    unnamed = browser.execute_script(
        "return [...document.querySelectorAll('img')].filter(i => !i.alt).length +"
        "[...document.querySelectorAll('button')].filter(b => !b.textContent.trim()).length"
    )
    assert unnamed == 0
    assert browser.execute_script("return document.documentElement.lang") == "en"


AXE = Path(__file__).resolve().parents[3] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make torture installs it)")
def test_no_barriers_that_axe_knows(
    browser: webdriver.Chrome, with_training: Served, files: list[Path]
) -> None:
    for scheme in ("light", "dark"):
        show(browser, address(with_training), scheme=scheme)
        give(browser, files)
        browser.execute_script(AXE.read_text())
        found = browser.execute_async_script("axe.run().then(r => arguments[0](r.violations.map(v => v.id)))")
        assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_colors_follow(
    browser: webdriver.Chrome, with_training: Served, files: list[Path], scheme: str
) -> None:
    show(browser, address(with_training), 360, scheme)
    give(browser, files)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60
    heights = browser.execute_script(
        "return [...document.querySelectorAll('button')].map(b => b.offsetHeight)"
    )
    assert all(height >= 44 for height in heights if height)


def test_a_pasted_and_a_dropped_picture(browser: webdriver.Chrome, with_training: Served) -> None:
    show(browser, address(with_training))
    content = base64.b64encode(encoded(pictures(1, 12)[0][0])).decode()
    for kind, field in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        before = len(cards(browser))
        browser.execute_script(
            "const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));"
            "const data = new DataTransfer();"
            "data.items.add(new File([bytes], 'given.png', {type: 'image/png'}));"
            "const Kind = arguments[1] === 'paste' ? ClipboardEvent : DragEvent;"
            "document.dispatchEvent(new Kind(arguments[1], {[arguments[2]]: data, cancelable: true}));",
            content, kind, field,
        )  # fmt: skip
        wait(browser, lambda b, before=before: len(cards(b)) == before + 1)
        assert "given.png" in cards(browser)[0]


def test_a_photo_from_the_camera(
    with_training: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chromium's made-up camera, allowed without a question; closed again by Escape."""
    import reports.chromium

    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    monkeypatch.setattr(reports.chromium, "FLAGS", (*reports.chromium.FLAGS, *flags))
    starting = start(tmp_path / "profile")
    browser = next(starting)
    try:
        show(browser, address(with_training))
        browser.find_element("id", "camera").click()
        video = browser.find_element("id", "video")
        wait(browser, lambda b: b.execute_script("return arguments[0].videoWidth > 0", video))
        browser.switch_to.active_element.send_keys(Keys.ENTER)
        wait(browser, lambda b: len(cards(b)) == 1)
        assert "photo.png" in cards(browser)[0] and "could not" not in cards(browser)[0]
        browser.switch_to.active_element.send_keys(Keys.ESCAPE)
        wait(browser, lambda b: not b.find_element("id", "viewfinder").is_displayed())
        assert browser.switch_to.active_element.get_attribute("id") == "camera"
    finally:
        next(starting, None)


def test_a_token_is_asked_for(browser: webdriver.Chrome, start: Start, files: list[Path]) -> None:
    served = start(access=Access.to("127.0.0.1", "s3cret"))
    show(browser, address(served))
    field = browser.find_element("id", "token")
    wait(browser, lambda _: field.is_displayed())
    field.send_keys("s3cret", Keys.ENTER)
    wait(browser, lambda b: "3 classes" in b.find_element("id", "about").text)
    assert not field.is_displayed()
    give(browser, files[:1])
    assert "could not" not in cards(browser)[0]
