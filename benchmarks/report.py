"""How large the report is, and how long a browser takes to open it: until its script has run.

Two runs of recipe `mlp`: Fashion-MNIST with its 10,000 test images, and 10,000 colored ones of 64 x 64,
patches of photographs. Needs Chromium and its driver.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from sklearn.datasets import load_sample_images

import assay
from measuring import conditions, write_result

OPENINGS = 11
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking")

#: Of the patches: they overlap, and looking for copies among them would take long.
CHECKS = ("label-balance", "label-errors")

#: Milliseconds from the start of the navigation to the end of the load event; the script runs before that.
OPENED = "const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd - t.startTime"


def main() -> None:
    before = conditions()
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            "fashion-mnist": assay.run("fashion-mnist", out=f"{folder}/gray"),
            "colored 64 x 64": assay.run(
                patches(), model="mlp", epochs=3, checks=CHECKS, out=f"{folder}/color"
            ),
        }
        figures = {name: measured(run.path) for name, run in runs.items()}
    write_result("report", "python benchmarks/report.py", before, figures)


def patches(train: int = 2_000, test: int = 10_000, side: int = 64):
    """Patches of two photographs, a class each; a tenth of the labels is wrong, to have mistakes."""
    random = np.random.default_rng(0)
    photographs = load_sample_images().images
    arrays = []
    for count in (train, test):
        labels = random.integers(0, 2, count)
        images = np.stack([patch(photographs[label], random, side) for label in labels])
        wrong = random.random(count) < 0.1
        arrays += [images, np.where(wrong, 1 - labels, labels)]
    return assay.load(arrays=tuple(arrays), name="patches")


def patch(photograph, random, side: int):
    top, left = (random.integers(0, length - side) for length in photograph.shape[:2])
    return photograph[top : top + side, left : left + side]


def measured(folder: Path):
    """Megabytes of the page, and milliseconds of each opening after a first one."""
    page = folder / "report.html"
    milliseconds = openings(page.as_uri())
    return {
        "megabytes": round(page.stat().st_size / 1e6, 2),
        "milliseconds": {"median": statistics.median(milliseconds), "all": milliseconds},
    }


def openings(address: str) -> list[float]:
    options = Options()
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options)
    try:
        times = []
        for _ in range(OPENINGS + 1):
            driver.get("about:blank")
            driver.get(address)
            times.append(round(driver.execute_script(OPENED), 1))
        return times[1:]
    finally:
        driver.quit()


if __name__ == "__main__":
    sys.exit(main())
