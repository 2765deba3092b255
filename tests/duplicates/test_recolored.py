"""Copies in other colors or tones: the values of the one are a rising function of those of the other."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_near_duplicates
from assay.audits.checks.leakage.leaks import check_leakage
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates import find
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.cached_pairs import forget_copies, kept_copies, near_pairs
from assay.duplicates.candidates import thumbnails
from assay.duplicates.find import RECOLORED, find_copies, of_one_class
from assay.duplicates.recolored import find_recolored, ranks

SIDE = 28


def drawings(count: int, channels: int = 3, seed: int = 0, side: int = SIDE) -> np.ndarray:
    """Strokes of a few flat colors on white, each picture with its own."""
    random = np.random.default_rng(seed)
    images = np.full((count, side, side, channels), 255, np.uint8)
    for image in images:
        for _ in range(6):
            top, left = random.integers(0, side * 9 // 14, 2)
            long, wide = random.integers(side // 5, side // 2), random.integers(1, side // 7)
            down, right = (long, wide) if random.random() < 0.5 else (wide, long)
            image[top : top + down, left : left + right] = random.integers(0, 200, channels)
    return images


def enhanced(images: np.ndarray, kind: str, factor: float) -> np.ndarray:
    """As Pillow changes saturation, brightness and contrast, and torchvision with it."""
    pictures = (Image.fromarray(image.squeeze()) for image in images)
    return np.stack([np.asarray(getattr(ImageEnhance, kind)(p).enhance(factor)) for p in pictures]).reshape(
        images.shape
    )


MAPS = {
    "channel gains": lambda x: np.clip(np.rint(x * np.linspace(0.7, 1.3, x.shape[3])), 0, 255),
    "gamma 2": lambda x: np.rint(255 * (x / 255) ** 2),
    "tint": lambda x: np.rint(0.8 * x + 0.2 * np.linspace(0, 255, x.shape[3])),
    "brighter": lambda x: enhanced(x, "Brightness", 1.5),
    "less contrast": lambda x: enhanced(x, "Contrast", 0.5),
    "posterized": lambda x: x // 64 * 64 + 32,
    "less saturation": lambda x: enhanced(x, "Color", 0.4),
    "more saturation": lambda x: enhanced(x, "Color", 1.5),
    "gray": lambda x: enhanced(x, "Color", 0),
}


#: A gray picture has no saturation, and is tinted with black alone.
OF_COLORS = ("less saturation", "more saturation", "gray", "tint")


def pairs_of(found) -> set[tuple[int, int]]:
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize(
    ("kind", "channels"),
    [(kind, 3) for kind in MAPS] + [(kind, 1) for kind in MAPS if kind not in OF_COLORS],
)
def test_other_colors_are_found_and_nothing_else(kind: str, channels: int) -> None:
    images = drawings(300, channels)
    copies = MAPS[kind](images[:100]).astype(np.uint8)
    found = pairs_of(find_recolored(np.concatenate([images, copies])))
    planted = {(row, 300 + row) for row in range(100)}
    assert found <= planted
    assert len(found) >= 95


def test_copies_averaged_down_are_found() -> None:
    images = drawings(60, side=210)
    copies = np.rint(images[:40] * np.array([0.85, 0.7, 1]) + np.array([0, 60, 0])).astype(np.uint8)
    found = pairs_of(find_recolored(thumbnails(np.concatenate([images, copies]))))
    assert found <= {(row, 60 + row) for row in range(40)}
    assert len(found) >= 38


def test_one_detail_more_is_another_picture() -> None:
    """Darker, and one spot of 2 x 2 pixels is another: no function of the values makes one from the other."""
    images = drawings(100)
    changed = (images * 0.8).astype(np.uint8)
    changed[:, 13:15, 13:15] ^= 128
    moved = np.roll(images, 1, axis=1)
    assert pairs_of(find_recolored(np.concatenate([images, changed]))) == set()
    assert pairs_of(find_recolored(np.concatenate([images, (moved * 0.8).astype(np.uint8)]))) == set()


def test_what_most_pictures_show_is_no_evidence() -> None:
    """One dial with a lamp in another color each time: the dial says nothing of two of them."""
    panels = np.repeat(drawings(1, seed=9), 60, axis=0)
    panels[:, 12:15, 12:15] = np.random.default_rng(2).integers(201, 255, (60, 1, 1, 3))
    assert pairs_of(find_recolored(panels)) == set()
    assert pairs_of(find_recolored(np.concatenate([panels[:2], drawings(60)]))) == {(0, 1)}


def test_stripes_are_no_evidence() -> None:
    """Three stripes of other colors make another flag; with a device on them it is the same one."""
    random = np.random.default_rng(0)
    flags = np.zeros((40, SIDE, SIDE, 3), np.uint8)
    for image in flags:
        image[:, :10], image[:, 10:18], image[:, 18:] = np.sort(random.integers(0, 256, (3, 3)), axis=0)
    assert pairs_of(find_recolored(flags)) == set()
    assert pairs_of(find_recolored(flags.transpose(0, 2, 1, 3).copy())) == set()
    flags[:2, 8:20, 8:20] = drawings(1)[:, 8:20, 8:20] // 2 + 40
    darker = (flags[:1] * 0.8).astype(np.uint8)
    assert pairs_of(find_recolored(np.concatenate([flags, darker]))) == {(0, 40)}


def test_next_to_nothing_is_no_evidence() -> None:
    """A short line, the same on two sheets."""
    sheets = np.full((2, SIDE, SIDE, 1), 255, np.uint8)
    sheets[:, np.arange(9, 16), np.arange(9, 16)] = np.array([0, 90]).reshape(2, 1, 1)
    assert pairs_of(find_recolored(np.concatenate([sheets, drawings(40, 1)]))) == set()


@pytest.mark.parametrize("side", [1, 2, 5])
def test_pictures_too_small_to_show_anything(side: int) -> None:
    few = np.random.default_rng(0).integers(0, 256, (40, side, side, 3), dtype=np.uint8)
    assert len(pairs_of(find_recolored(few))) == 0
    assert pairs_of(find_recolored(few[:1])) == set()
    assert pairs_of(find_recolored(few[:0])) == set()
    assert pairs_of(find_recolored(np.zeros_like(few))) == set()


def test_ranks_are_those_of_any_rising_function() -> None:
    values = np.array([3, 3, 9, 200], np.uint8).reshape(1, 2, 2, 1)
    assert ranks(values).ravel().tolist() == [0.25, 0.25, 0.625, 0.875]
    images = drawings(20)
    lighter = np.where(images < 200, images + 20, images)
    np.testing.assert_array_equal(ranks(images), ranks(lighter))


def dataset(images: np.ndarray, labels: np.ndarray, classes: int) -> Dataset:
    train = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", len(labels)))
    return Dataset("drawings", tuple(f"c{i}" for i in range(classes)), {"train": train}, "made for a test")


def in_two_colors(count: int) -> np.ndarray:
    images = drawings(count)
    return np.concatenate([images, np.rint(255 * (images / 255) ** [4, 0.3, 2]).astype(np.uint8)])


@pytest.fixture
def no_other_search(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Copies are looked for by their colors alone."""
    for search in ("copies_by_gray", "find_detail_copies", "find_overlaid"):
        monkeypatch.setattr(find, search, lambda *_: DetailCopies.none())
    forget_copies()
    yield
    forget_copies()


@pytest.mark.usefixtures("no_other_search")
def test_colors_that_tell_the_classes_are_no_copies() -> None:
    """40 signs in two colors: two classes each time. With the same label they are copies."""
    images, classes = in_two_colors(40), np.arange(80)
    told = [
        check_near_duplicates(CheckContext(dataset(images, labels, 80), {}))
        for labels in (classes, classes % 40)
    ]
    assert [len(checked.issues) for checked in told] == [0, 40]
    assert "other colors or tones alone" in told[1].issues[0].detail
    assert told[1].finding.verdict == "warn"
    assert "a function that never falls" in told[1].finding.threshold


@pytest.mark.usefixtures("no_other_search")
def test_a_few_wrong_labels_hide_no_copy() -> None:
    images, labels = in_two_colors(40), np.tile(np.arange(4), 20)
    labels[[50, 61]] = (labels[[50, 61]] + 1) % 4
    data = dataset(images, labels, 4)
    found = of_one_class(find_copies(data), data)
    pairs = set(zip(found.near_first.tolist(), found.near_second.tolist(), strict=True))
    assert pairs == {(row, 40 + row) for row in range(40)}


@pytest.mark.usefixtures("no_other_search")
def test_what_was_kept_is_what_was_found() -> None:
    images, labels = in_two_colors(40), np.tile(np.arange(4), 20)
    data = dataset(images, labels, 4)
    near_pairs(data.splits["train"])
    kept, found = kept_copies(data), find_copies(data)
    assert kept is not None
    assert kept.alone.tolist() == found.alone.tolist()
    assert np.count_nonzero(kept.alone == RECOLORED) == 40


def test_leaked_copies_in_other_colors_are_counted() -> None:
    images, labels = drawings(240, seed=4), np.arange(240) % 4
    test = np.rint(255 * (images[:60] / 255.0) ** 2.2).astype(np.uint8)
    whole = dataset(images, labels, 4)
    split = Split.from_arrays(test, labels[:60].astype(np.int64), numbered_ids("test", 60))
    leaked = Dataset("drawings", whole.classes, {**whole.splits, "test": split}, "made for a test")
    assert check_leakage(CheckContext(leaked, {})).finding.count == 60
