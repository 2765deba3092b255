"""Copies that differ within a small box: a text, a logo, a bar."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_near_duplicates
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.self_test.everyday_faults import COPIES
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates import find
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.find import find_copies, of_one_class
from assay.duplicates.overlaid import find_overlaid

SIDE = 28


def drawings(count: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Strokes on black, each picture with its own, as symbols have them."""
    random = np.random.default_rng(seed)
    images = np.zeros((count, SIDE, SIDE, channels), np.uint8)
    for image in images:
        for _ in range(6):
            top, left = random.integers(0, SIDE - 10, 2)
            long, wide = random.integers(6, 12), random.integers(1, 4)
            down, right = (long, wide) if random.random() < 0.5 else (wide, long)
            image[top : top + down, left : left + right] = random.integers(120, 256, channels)
    return images


def pairs_of(found) -> set[tuple[int, int]]:
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["text over it", "logo over it"])
def test_what_was_laid_over_is_found_and_nothing_else(kind: str, channels: int) -> None:
    images = drawings(300, channels)
    copies = COPIES[kind](images[:100], np.random.default_rng(1))
    changed = np.flatnonzero((copies != images[:100]).any(axis=(1, 2, 3)))
    found = pairs_of(find_overlaid(np.concatenate([images, copies[changed]])))
    planted = {(int(row), 300 + place) for place, row in enumerate(changed)}
    assert found <= planted
    assert len(found) >= 0.95 * len(planted) > 40


def test_a_bar_across_the_middle_is_found() -> None:
    """Both of its thirds are equal; a box of more than a quarter is no small part."""
    images = drawings(100)
    barred, hidden = images[:40].copy(), images[40:80].copy()
    barred[:, 12:16] = 128
    hidden[:, 8:16] = np.random.default_rng(3).integers(0, 256, (40, 1, 1, 1))
    assert pairs_of(find_overlaid(np.concatenate([images, barred]))) == {(i, 100 + i) for i in range(40)}
    assert pairs_of(find_overlaid(np.concatenate([images, hidden]))) == set()


def test_what_most_pictures_have_is_no_evidence() -> None:
    """Hands on one dial: the dial is equal in all, and says of no two that they are one picture."""
    dial = drawings(1, seed=9)[0]
    hands = np.repeat(dial[None], 60, axis=0)
    random = np.random.default_rng(2)
    for image in hands:
        image[11:16, 11:16] = 255 * random.integers(0, 2, (5, 5, 1))
    assert pairs_of(find_overlaid(hands)) == set()
    plain = np.stack([hands[0], np.maximum(hands[0], hands[1])])  # one color, as a text has it
    assert pairs_of(find_overlaid(np.concatenate([plain, drawings(60)]))) == {(0, 1)}


def test_one_sign_in_place_of_another_is_another_picture() -> None:
    """Signs of one color may have been laid over, also half transparent ones."""
    images = drawings(100, 3)
    random = np.random.default_rng(5)
    signs = random.integers(0, 2, (2, 100, 7, 7, 1)).astype(np.uint8)
    signs[:, :, 3, 3] = np.array([0, 1]).reshape(2, 1, 1)  # never equal
    replaced = np.repeat(images[None], 2, axis=0)
    replaced[:, :, 10:17, 10:17] = 255 * signs
    middle, marked, faint = images[:, 10:17, 10:17], images.copy(), images.copy()
    marked[:, 10:17, 10:17] = np.where(signs[1] == 1, np.array([250, 120, 10]), middle)
    faint[:, 10:17, 10:17] = np.where(signs[1] == 1, middle // 2 + 60, middle)
    assert pairs_of(find_overlaid(replaced.reshape(-1, SIDE, SIDE, 3))) == set()
    planted = {(row, 100 + row) for row in range(100)}
    for over in (marked, faint):
        for both in ([images, over], [over, images]):
            found = pairs_of(find_overlaid(np.concatenate(both)))
            assert found <= planted
            assert len(found) > 80
    at_border = images.copy()
    at_border[:, -9:-2, 10:17] = 255 * signs[0]
    assert len(pairs_of(find_overlaid(np.concatenate([images, at_border]))) & planted) > 80


def test_changes_at_both_ends_are_none() -> None:
    """Where corners opposite each other differ, all lies between them."""
    images = drawings(100)
    changed = images.copy()
    changed[:, 0, 0], changed[:, -1, -1] = 200, 200
    assert pairs_of(find_overlaid(np.concatenate([images, changed]))) == set()


def test_what_shows_next_to_nothing_elsewhere_is_none() -> None:
    """A mark on an empty sheet, and on one with a single line, is the picture."""
    empty = np.zeros((60, SIDE, SIDE, 1), np.uint8)
    empty[30:, 20, 3:9] = 255
    random = np.random.default_rng(0)
    for image in empty:
        image[4:10, 4:10] = random.integers(0, 256, (6, 6, 1))
    assert pairs_of(find_overlaid(empty)) == set()


def test_two_pictures_in_one_setting_are_none() -> None:
    """Most of what they show lies in the box."""
    settings = np.zeros((40, SIDE, SIDE, 1), np.uint8)
    settings[:, 20:26, 18:26] = drawings(40)[:, 4:10, 4:12]
    settings[:, 18, 16:] = 255
    random = np.random.default_rng(8)
    pictures = np.repeat(settings, 2, axis=0)
    pictures[:, 2:15, 2:15] = 255 * random.integers(0, 2, (80, 13, 13, 1))
    assert pairs_of(find_overlaid(pictures)) == set()


def test_pictures_too_small_for_parts() -> None:
    for side in (1, 2, 5):
        assert pairs_of(find_overlaid(np.zeros((3, side, side, 1), np.uint8))) == set()
    assert pairs_of(find_overlaid(np.zeros((0, SIDE, SIDE, 1), np.uint8))) == set()


def dataset(images: np.ndarray, labels: np.ndarray, classes: int) -> Dataset:
    ids = numbered_ids("train", len(labels))
    train = Split.from_arrays(images, labels.astype(np.int64), ids)
    return Dataset("drawings", tuple(f"c{i}" for i in range(classes)), {"train": train}, "made for a test")


def test_a_part_that_tells_the_classes_is_no_overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    """40 signs, each with and without a spot: two classes each time. With the same label they are copies."""
    monkeypatch.setattr(find, "find_detail_copies", lambda *_: DetailCopies.none())
    images = drawings(40)
    dotted = images.copy()
    dotted[:, :9, :9] = np.random.default_rng(6).integers(0, 256, (40, 9, 9, 1))
    together = np.concatenate([images, dotted])
    classes = np.arange(80)
    told = [
        check_near_duplicates(CheckContext(dataset(together, labels, 80), {}))
        for labels in (classes, classes % 40)
    ]
    assert [len(checked.issues) for checked in told] == [0, 40]
    assert "equal but for a part of" in told[1].issues[0].detail
    assert told[1].finding.verdict == "warn"
    assert "all differences lie in one box of at most 25 % of the picture" in told[1].finding.threshold


def test_a_few_wrong_labels_hide_no_copy() -> None:
    """Of 40 copies two have another label: all are told, and these two as in conflict."""
    images = drawings(40)
    marked = images.copy()
    marked[:, -5:, -5:] = 180
    labels = np.tile(np.arange(4), 20)
    labels[[50, 61]] = (labels[[50, 61]] + 1) % 4
    data = dataset(np.concatenate([images, marked]), labels, 4)
    found = of_one_class(find_copies(data), data)
    assert set(zip(found.near_first.tolist(), found.near_second.tolist(), strict=True)) == {
        (row, 40 + row) for row in range(40)
    }


def test_leaked_copies_with_a_logo_are_counted() -> None:
    """Symbols are too much alike for a search by detail: with a logo each they leaked without a word."""
    images = drawings(240, seed=4)
    labels = np.arange(240) % 4
    test = images[:60].copy()
    test[:, :5, -5:] = 90
    whole = dataset(images, labels, 4)
    split = Split.from_arrays(test, labels[:60].astype(np.int64), numbered_ids("test", 60))
    leaked = CheckContext(replace(whole, splits={**whole.splits, "test": split}, fingerprints={}), {})
    assert check_leakage(leaked).finding.count == 60
    fresh = Split.from_arrays(drawings(60, seed=5), labels[:60].astype(np.int64), numbered_ids("test", 60))
    clean = CheckContext(replace(whole, splits={**whole.splits, "test": fresh}, fingerprints={}), {})
    assert check_leakage(clean).finding.count == 0
