"""One picture under two names in a folder: `assay audit` tells both paths."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code
from planted import CLASSES, colored_picture

pytestmark = pytest.mark.usefixtures("undrawn")

#: Kind of the fault and name of the copy -> the file it is a copy of, which comes first in the source's order
#: (train before test, then by name): the first image of a group is the one that the others are copies of.
EXACT = {
    ("conflicting-labels", "train/stripes/z-copy.png"): "train/rings/3.png",
    ("across-splits", "test/rings/z-copy.png"): "train/rings/4.png",
    ("within-split", "train/blocks/z-copy.png"): "train/blocks/5.png",
}
NEAR = {
    ("conflicting-labels", "test/stripes/z-near.jpg"): "train/blocks/6.png",
    ("across-splits", "test/blocks/z-near.jpg"): "train/blocks/7.png",
}
CHECKS = ("exact-duplicates", "near-duplicates", "leakage")


def _folder(folder: Path) -> Path:
    """Colored patterns in train/CLASS and test/CLASS, no two of them alike."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("test", 5)):
        for label, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                picture = colored_picture(rng, label, 40, 48)
                Image.fromarray(picture).save(folder / split / name / f"{number}.png")
    return folder


def _with_copies(folder: Path) -> Path:
    for (_, copy), source in EXACT.items():
        (folder / copy).write_bytes((folder / source).read_bytes())
    for (_, copy), source in NEAR.items():
        with Image.open(folder / source) as picture:
            picture.save(folder / copy, quality=75)
    return folder


def _audited(folder: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The rows of issues.csv, and the verdict of each check, of `assay audit`."""
    out = folder.parent / "audit"
    assert exit_code(["audit", str(folder), "--checks", ",".join(CHECKS), "--out", str(out), "-q"]) == 0
    with (out / "issues.csv").open(encoding="utf-8", newline="") as lines:
        issues = list(csv.DictReader(lines))
    findings = json.loads((out / "audit.json").read_text("utf-8"))["findings"]
    return issues, {finding["check"]: finding["verdict"] for finding in findings}


@pytest.mark.usefixtures("capfd")
def test_both_paths_of_each_copy_are_told(tmp_path: Path) -> None:
    """In two classes, in train and test, or twice in one class: issues.csv names copy and original."""
    issues, verdicts = _audited(_with_copies(_folder(tmp_path / "photos")))
    told: dict[str, dict[tuple[str, str], str]] = {check: {} for check in CHECKS}
    for issue in issues:
        told[issue["check"]][issue["kind"], issue["id"]] = issue["related_id"]
    assert told["exact-duplicates"] == EXACT
    assert told["near-duplicates"] == NEAR
    assert told["leakage"] == {
        ("exact", "test/rings/z-copy.png"): "train/rings/4.png",
        ("near", "test/stripes/z-near.jpg"): "train/blocks/6.png",
        ("near", "test/blocks/z-near.jpg"): "train/blocks/7.png",
    }
    assert verdicts == {"exact-duplicates": "fail", "near-duplicates": "warn", "leakage": "fail"}


@pytest.mark.usefixtures("capfd")
def test_a_folder_of_different_pictures_is_not_accused(tmp_path: Path) -> None:
    """The clean twin: no row, every verdict pass."""
    issues, verdicts = _audited(_folder(tmp_path / "photos"))
    assert issues == []
    assert set(verdicts.values()) == {"pass"}
