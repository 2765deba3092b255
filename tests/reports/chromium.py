"""Chromium as the tests of the page drive it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

#: Seconds until a wait is given up: long, since machines are shared and no test asserts a time.
PATIENCE = 120


def start(profile: Path) -> Iterator[webdriver.Chrome]:
    """A headless browser with a fresh profile, whose requests are recorded; skips where there is none."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium or its driver is not installed")
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(PATIENCE)
    driver.get("about:blank")
    yield driver
    driver.quit()


def show(
    browser: webdriver.Chrome, url: str, width: int = 1200, scheme: str = "light", media: str = "screen"
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(url)


def requests(browser: webdriver.Chrome) -> list[str]:
    """Addresses that shown pages asked for since the last call, data: among them.

    The browser's own first page (chrome://) asks for things too, whenever it comes to it: not of interest.
    """
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and not message["params"]["documentURL"].startswith("chrome")
    ]


def console(browser: webdriver.Chrome) -> list[str]:
    """What shown pages wrote to the console since the last call; the browser's own pages are left out."""
    entries = [entry["message"] for entry in browser.get_log("browser")]
    return [text for text in entries if not text.startswith("chrome")]
