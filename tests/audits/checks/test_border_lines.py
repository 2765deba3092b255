"""Objects that reach the border are what their class is; a frame around a class is a shortcut."""

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.measures.marks.border_lines import LINES, line_quartiles
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids

N, SIDE = 240, 28


def pictures(side: str) -> tuple[np.ndarray, np.ndarray]:
    """Bars on black: those of class 1 reach one border with a third of it, those of class 0 reach none."""
    rng = np.random.default_rng(0)
    images, labels = np.zeros((N, SIDE, SIDE, 1), np.uint8), np.arange(N) % 2
    for image, label in zip(images, labels, strict=True):
        start = rng.integers(3, 14)
        image[0 if label else 6 : 20, start : start + rng.integers(7, 11)] = rng.integers(120, 255)
    turns = {"top": 0, "left": 1, "bottom": 2, "right": 3}[side]
    return np.ascontiguousarray(np.rot90(images, turns, axes=(1, 2))), labels


def finding(images: np.ndarray, labels: np.ndarray):
    split = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", len(images)))
    dataset = Dataset("bars", ("short", "tall"), {"train": split}, "made")
    return check_shortcuts(CheckContext(dataset, {"train": measure(split, 2)})).finding


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_an_object_that_reaches_the_border_is_no_shortcut(side: str) -> None:
    """The line's mean tells the class surely; half of the line does not. One note, and no verdict."""
    found = finding(*pictures(side))
    assert found.verdict == "pass", found.summary
    assert list(found.evidence["objects_reach_the_border"]) == [f"{side} border color"]
    assert found.evidence["objects_reach_the_border"][f"{side} border color"] > 0.7
    assert f"reach the {side} border" in found.summary


@pytest.mark.parametrize("value", [25, 90, 255])
@pytest.mark.parametrize("side", ["top", "left"])
def test_a_frame_around_one_class_is_found_among_such_objects(side: str, value: int) -> None:
    """The true twin: two pixels of one gray around every picture of class 0."""
    images, labels = pictures(side)
    for edge in (np.s_[:, :2], np.s_[:, -2:], np.s_[:, :, :2], np.s_[:, :, -2:]):
        images[edge][labels == 0] = value
    found = finding(images, labels)
    assert found.verdict == "fail"
    assert found.evidence["objects_reach_the_border"] == {}
    assert found.evidence["skill"][f"{side} border color"] > 0.7


def test_a_frame_with_noise_and_gaps_is_found() -> None:
    """A backdrop is not one value: grain over it, and a tenth of the pictures without it."""
    images, labels = pictures("bottom")
    rng = np.random.default_rng(1)
    rows = np.flatnonzero((labels == 1) & (rng.random(N) < 0.9))
    images[rows, :, :2] = rng.normal(80, 10, (len(rows), SIDE, 2, 1)).astype(np.uint8)
    assert finding(images, labels).verdict == "fail"


def test_quartiles_by_hand() -> None:
    """Of 0, 10, ..., 70 along the line: the value nearest to a quarter and to three quarters of the way."""
    images = np.zeros((1, 8, 8, 1), np.uint8)
    images[0, 0, :, 0] = np.arange(8) * 10
    split = Split.from_arrays(images, np.zeros(1, np.int64), ("a",))
    low, high = line_quartiles(split, "top border color")
    assert (low[0], high[0]) == (20, 50)
    assert {name: line_quartiles(split, name)[1][0] for name in LINES if name != "top border color"} == {
        "bottom border color": 0,
        "left border color": 0,
        "right border color": 0,
    }
