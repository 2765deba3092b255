"""CONTRIBUTING's recipes, carried out word for word on a copy of the package."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Step:
    """One block of code: a new file, or lines for a table of a file that is there."""

    file: str
    table: str
    text: str


def steps() -> list[Step]:
    """The blocks whose first line names a file of the package, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    blocks = re.findall(
        r"^```(?:python|toml)\n# (src/assay/\S+?)(?:, in (\w+))?\n(.*?)^```$", text, re.M | re.S
    )
    return [Step(file, table, body) for file, table, body in blocks]


def carry_out(step: Step, root: Path) -> None:
    """Write the new file, or put imports after the last import and the other lines first into the table."""
    path = root / step.file
    if not step.table:
        assert not path.exists(), f"{step.file} is there already"
        path.write_text(step.text)
        return
    lines = step.text.splitlines(keepends=True)
    imports = "".join(line for line in lines if line.startswith(("from ", "import ")))
    entries = "".join(line for line in lines if not line.startswith(("from ", "import ")))
    text = path.read_text("utf-8")
    opening = re.search(rf"^{step.table}\b[^\n]*= [({{]\n", text, re.M)
    assert opening, f"{step.file} has no table {step.table}"
    text = text[: opening.end()] + entries + text[opening.end() :]
    last = [*re.finditer(r"^(?:from \S+ import (?:\([^)]*\)|[^\n(]*)|import \S+)\n", text, re.M)][-1]
    path.write_text(text[: last.end()] + imports + text[last.end() :])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package to which every recipe was applied: the folder above it."""
    root = tmp_path_factory.mktemp("contributor")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for step in steps():
        carry_out(step, root)
    return root / "src"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of small gray pictures, bright above or below; three of 60 in train are almost white."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, count in (("train", 30), ("test", 20)):
        for number, name in enumerate(("above", "below")):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                image = random.integers(0, 120, (12, 12)).astype(np.uint8)
                image[6 * number : 6 * number + 6] += 100
                if split == "train" and number == 0 and i < 3:
                    image = np.full((12, 12), 253 + i % 2, np.uint8)
                    image[i, i] = 240
                Image.fromarray(image).save(folder / split / name / f"{i:02d}.png")
    return folder


def assay(package: Path, tmp: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(package), "ASSAY_CACHE": str(tmp / "cache")}
    line = [sys.executable, "-m", "assay", *arguments]
    return subprocess.run(line, env=environment, cwd=tmp, capture_output=True, text=True, check=False)


def test_the_recipes_are_found() -> None:
    """The twin of all below: a block that nobody carries out would prove nothing."""
    assert [step.file.rpartition("/")[2] for step in steps() if not step.table] == [
        "white_images.py",
        "residual.py",
        "residual.toml",
        "pixel_rows.py",
    ]
    assert {step.table for step in steps() if step.table} == {"_TABLE", "MODELS", "RECIPES", "SOURCES"}


def test_a_check_is_everywhere(package: Path, pictures: Path, tmp_path: Path) -> None:
    """In audit.json, the issues, the report's chapter and pictures, the table to review, and the gates."""
    done = assay(package, tmp_path, "audit", str(pictures), "--out", "run", "-q")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    found = {f["check"]: f for f in json.loads((run / "audit.json").read_text())["findings"]}
    assert (found["white-images"]["verdict"], found["white-images"]["count"]) == ("warn", 3)
    assert found["white-images"]["area"] == "content"
    page = (run / "report.html").read_text("utf-8")
    assert "check-white-images" in page
    assert "suspects-white-images" in page
    with (run / "issues.csv").open(newline="") as file:
        assert sum(row["check"] == "white-images" for row in csv.DictReader(file)) == 3
    assert assay(package, tmp_path, "review", "run").returncode == 0
    assert "white-images" in (run / "decisions.csv").read_text("utf-8")
    gate = assay(package, tmp_path, "audit", str(pictures), "--fail-on", "white-images>2", "-q")
    assert gate.returncode == 8
    assert "white-images>2 (found 3)" in gate.stderr


def test_a_net_that_is_no_chain_learns(package: Path, pictures: Path, tmp_path: Path) -> None:
    """The residual net of the recipe reaches what such pictures allow, in test as in training."""
    options = ("--checks", "identity", "--validation", "0", "--out", "run", "-q")
    done = assay(package, tmp_path, "run", str(pictures), "--model", "residual", *options)
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert scores["model"]["recipe"] == "residual"
    assert scores["test"]["accuracy"] >= 0.9


def test_a_source_honors_every_option_or_refuses_it(package: Path, tmp_path: Path) -> None:
    """Names of the set and of the classes count, a test split is drawn; what it does not take is an error."""
    random = np.random.default_rng(1)
    lines = [f"{'ab'[i % 2]} {' '.join(map(str, random.integers(0, 256, 16)))}" for i in range(40)]
    (tmp_path / "tiny.rows").write_text("\n".join(lines))
    options = ("--name", "mine", "--classes", "even,odd", "--test-fraction", "0.25", "--checks", "identity")
    done = assay(package, tmp_path, "audit", "tiny.rows", *options, "--out", "run", "-q")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "run" / "audit.json").read_text())["dataset"]
    assert (found["name"], found["classes"], found["source"]) == ("mine", ["even", "odd"], "pixel-rows")
    assert {name: split["count"] for name, split in found["splits"].items()} == {"train": 30, "test": 10}
    refused = assay(package, tmp_path, "audit", "tiny.rows", "--size", "8", "-q")
    assert refused.returncode == 2
    assert "error[option-not-used]: --size" in refused.stderr
