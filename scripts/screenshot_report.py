"""Take pictures of a report as a reader sees it: a desk, a phone, the dark scheme, paper.

    python scripts/screenshot_report.py RUN/report.html FOLDER

Writes desk.png, dark.png and phone.png (the first screen), whole-desk-N.png and whole-phone-N.png (the page
in pieces of 3,000 pixels), and paper.pdf. Needs Chromium and its driver: scripts/install_browser.sh.
"""

import base64
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage")

#: Names of the first screens: width and height in pixels, pixels to one of them, and the color scheme.
SCREENS = {
    "desk": (1280, 900, 1, "light"),
    "dark": (1280, 900, 1, "dark"),
    "phone": (390, 844, 2, "light"),
}
_PIECE = 3000


def browser(profile: str) -> webdriver.Chrome:
    """A headless Chromium with a fresh profile."""
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def show(chrome: webdriver.Chrome, url: str, width: int, height: int, scale: int, scheme: str) -> None:
    """Load the page as a screen of that size and color scheme shows it."""
    scheme_feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_feature)
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    chrome.get(url)


def capture(chrome: webdriver.Chrome, path: Path, top: int, width: int, height: int) -> None:
    """Write a part of the page, `height` pixels from `top`, as PNG."""
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    wanted = {"captureBeyondViewport": True, "clip": clip}
    picture = chrome.execute_cdp_cmd("Page.captureScreenshot", wanted)
    path.write_bytes(base64.b64decode(picture["data"]))


def main(report: Path, folder: Path) -> None:
    """Write all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as profile:
        chrome = browser(profile)
        url = report.resolve().as_uri()
        for name, (width, height, scale, scheme) in SCREENS.items():
            show(chrome, url, width, height, scale, scheme)
            capture(chrome, folder / f"{name}.png", 0, width, height)
        for name in ("desk", "phone"):
            width, height, _, scheme = SCREENS[name]
            show(chrome, url, width, height, 1, scheme)
            whole = int(chrome.execute_script("return document.documentElement.scrollHeight"))
            print(f"{name}: {whole:,} pixels high")
            for number, top in enumerate(range(0, whole, _PIECE)):
                piece = folder / f"whole-{name}-{number:02}.png"
                capture(chrome, piece, top, width, min(_PIECE, whole - top))
        paper = chrome.execute_cdp_cmd(
            "Page.printToPDF", {"preferCSSPageSize": True, "paperWidth": 8.27, "paperHeight": 11.69}
        )
        (folder / "paper.pdf").write_bytes(base64.b64decode(paper["data"]))
        chrome.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
