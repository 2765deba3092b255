"""Shortcuts inside one class, several at a time, and what only restates the content."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from assay.audits.checks.context import CheckContext
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.measures.class_skill import class_skills
from assay.audits.measures.marks.stamps import stamps
from assay.audits.measures.pixel_sums import measure
from assay.audits.measures.restated_content import adjusted, block_sizes, without_content
from assay.audits.self_test.everyday_faults import SHORTCUTS
from assay.audits.values import Finding
from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load
from planted import with_images

CLOTHES = load("fashion-mnist-sample", offline=True)


def found(dataset: Dataset) -> Finding:
    k = len(dataset.classes)
    train = Dataset(dataset.name, dataset.classes, {"train": dataset.train}, dataset.source)
    return check_shortcuts(CheckContext(train, {"train": measure(train.train, k)})).finding


def marked(*changes: tuple[str, int]) -> Dataset:
    """Clothes with one class changed by each kind of shortcut named."""
    images = np.asarray(CLOTHES.train.images).copy()
    for kind, label in changes:
        rows = np.flatnonzero(CLOTHES.train.labels == label)
        images[rows] = SHORTCUTS[kind](images[rows], np.random.default_rng(0))
    return with_images(CLOTHES, "train", images)


def test_clothes_as_they_are_have_no_marked_class() -> None:
    """Shirts, shoes and bags differ in grain and edges, as content does."""
    finding = found(CLOTHES)
    assert (finding.verdict, finding.evidence["class_apart"]) == ("pass", []), finding.summary


def test_how_sharp_a_digit_of_eight_pixels_is_says_which_it_is() -> None:
    """A one is a single stroke: that is its shape. A stamp is found at that size, too."""
    digits = load_digits()
    images = (digits.images * 15.9).astype(np.uint8)[..., None]
    names = tuple(map(str, range(10)))

    def judged(pictures: np.ndarray) -> Finding:
        split = Split.from_arrays(pictures, digits.target, numbered_ids("train", len(pictures)))
        return found(Dataset("digits", names, {"train": split}, "scikit-learn"))

    assert judged(images).verdict == "pass", judged(images).summary
    stamped = images.copy()
    stamped[digits.target == 4, :2, :2] = 255
    assert judged(stamped).verdict != "pass"


def test_little_ink_is_no_sharpness_and_hides_none() -> None:
    """A one is sharper for being thin; a class that was softened is told all the same, and no other."""
    digits = load_digits()
    small = (digits.images[1:1200:2] * 15.9).astype(np.uint8)
    large = np.stack(
        [np.asarray(Image.fromarray(one).resize((28, 28), Image.Resampling.BICUBIC)) for one in small]
    )
    labels = digits.target[1:1200:2]

    def told(pictures: np.ndarray) -> set[str]:
        split = Split.from_arrays(pictures, labels, numbered_ids("train", len(pictures)))
        finding = found(Dataset("digits", tuple(map(str, range(10))), {"train": split}, "scikit-learn"))
        return {mark["class"] for mark in finding.evidence["class_apart"] if mark["figure"] == "sharpness"}

    assert told(large[..., None]) == set()
    by_class = {}
    for label in range(10):
        rows, softened = np.flatnonzero(labels == label), large[..., None].copy()
        softened[rows] = SHORTCUTS["softness"](softened[rows], np.random.default_rng(0))
        by_class[str(label)] = told(softened)
    assert all(names <= {label} for label, names in by_class.items())
    assert sum(map(len, by_class.values())) >= 6, by_class


@pytest.mark.parametrize("kind", ["a mark inside", "a watermark", "noise", "softness", "a border"])
@pytest.mark.parametrize("label", [1, 8])
def test_a_shortcut_inside_one_class_is_found_and_the_class_named(kind: str, label: int) -> None:
    """Whatever the kind: the check speaks, and names the class that was changed and no other."""
    finding = found(marked((kind, label)))
    assert finding.verdict in ("warn", "fail"), finding.summary
    named = {one["class"] for one in finding.evidence["class_apart"]}
    named |= {told["class"] for told in finding.evidence["one_class"].values() if told["skill"] > 0.4}
    assert named == {CLOTHES.classes[label]}


def test_several_shortcuts_are_told_at_a_time() -> None:
    """The worst does not hide the others: three classes changed in three ways are all named."""
    changes = (("a mark inside", 1), ("softness", 8), ("a border", 3))
    finding = found(marked(*changes))
    for _, label in changes:
        assert CLOTHES.classes[label] in finding.summary
    assert " Besides, " in finding.summary


def test_where_a_stamp_lies_is_said() -> None:
    """Row, column and size of a spot that all images of one class share."""
    images = np.asarray(CLOTHES.train.images).copy()
    images[CLOTHES.train.labels == 6, 12:15, 9:13] = 200
    finding = found(with_images(CLOTHES, "train", images))
    assert "spot of 12 pixels at row 12, column 9" in finding.summary
    assert f"whether an image is {CLOTHES.classes[6]}" in finding.summary


@pytest.mark.parametrize("share", [1.0, 0.9, 0.7])
@pytest.mark.parametrize(
    ("rows", "columns", "value"),
    [((2, 5), (2, 6), 255), ((0, 3), (12, 20), 255), ((3, 25), (5, 6), 200), ((2, 5), (22, 26), 128)],
    ids=["on plain ground", "at the border", "a line", "gray"],
)
def test_a_stamp_in_most_images_of_a_class_is_found(
    rows: tuple[int, int], columns: tuple[int, int], value: int, share: float
) -> None:
    """On ground that is the same in all images too, where no other figure moves; and not only in all images
    of the class. How far it tells the class is measured."""
    images = np.asarray(CLOTHES.train.images).copy()
    own = np.flatnonzero(CLOTHES.train.labels == 3)
    stamped = own[np.random.default_rng(0).random(len(own)) < share]
    images[stamped, slice(*rows), slice(*columns)] = value
    finding = found(with_images(CLOTHES, "train", images))
    (mark,) = finding.evidence["class_apart"]
    assert mark["class"] == CLOTHES.classes[3]
    assert mark["figure"].startswith("spot of ")
    assert mark["skill"] == pytest.approx(share, abs=0.1)
    assert finding.verdict == ("fail" if share > 0.8 else "warn"), finding.summary


def test_a_colored_stamp_and_a_photograph_without() -> None:
    """One channel is enough to differ; the same pictures without it are silent."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    smooth = rng.normal(120, 40, (300, 4, 4, 3)).clip(0, 255).astype(np.uint8)
    images = np.stack(
        [np.asarray(Image.fromarray(one).resize((40, 40), Image.Resampling.BICUBIC)) for one in smooth]
    )
    stamped = images.copy()
    stamped[labels == 1, 20:24, 30:36] = (255, 0, 0)
    for pictures, spots in ((images, []), (stamped, [(1, 20, 30, 24)])):
        split = Split.from_arrays(pictures, labels, numbered_ids("train", 300))
        told = stamps(split, 3, 20)
        assert [(one.label, one.row, one.column, one.size) for one in told] == spots
        assert all(np.array_equal(one.there, labels == 1) for one in told)


@pytest.mark.parametrize("quality", [95, 85, 70])
def test_a_stamp_that_jpeg_has_blurred_tells_as_much(quality: int) -> None:
    """Compression moves single pixels of a stamp by more than a few gray levels, not most of them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 240)
    small = rng.normal(110, 30, (240, 5, 5)).clip(0, 255).astype(np.uint8)
    images = []
    for one, label in zip(small, labels, strict=True):
        picture = np.array(Image.fromarray(one).resize((64, 64), Image.Resampling.BICUBIC))
        if label == 1:
            picture[32:42, 8:20] = 255
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
        images.append(np.asarray(Image.open(buffer)))
    split = Split.from_arrays(np.stack(images)[..., None], labels, numbered_ids("train", 240))
    (told,) = stamps(split, 3, 20)
    assert told.label == 1
    assert class_skills(told.there, labels, 3)[1] > 0.95


@pytest.mark.parametrize("pair", [(0, 1), (4, 9), (3, 8)])
def test_what_a_digit_leaves_open_is_no_stamp(pair: tuple[int, int]) -> None:
    """The hole of a zero is plain ground in nearly all zeros, and ink in all ones."""
    digits = load_digits()
    rows = np.flatnonzero(np.isin(digits.target, pair))
    images = (digits.images[rows] * 15.9).astype(np.uint8)[..., None]
    split = Split.from_arrays(
        images, np.searchsorted(pair, digits.target[rows]), numbered_ids("train", len(rows))
    )
    assert stamps(split, 2, 20) == []


def test_a_frame_and_the_ground_of_a_class_are_no_stamps() -> None:
    """They touch the border and are long, or cover most: figures of their own tell them."""
    images = np.random.default_rng(0).integers(60, 200, (200, 20, 20, 1), np.uint8)
    labels = np.arange(200) % 2
    framed, ground = images.copy(), images.copy()
    framed[labels == 0, :, :2] = 255
    ground[labels == 0, :15] = 255
    for changed in (framed, ground):
        split = Split.from_arrays(changed, labels, numbered_ids("train", 200))
        assert stamps(split, 2, 20) == []


def waves(count: tuple[int, ...], quality: tuple[int, ...], told: str = "") -> Dataset:
    """Waves that are finer from class to class, and the size that each has as a JPEG file of that quality.

    told: what the column of formats says, if there is one.
    """
    rng = np.random.default_rng(0)
    images, labels, sizes = [], [], []
    y, x = np.mgrid[:32, :32] / 32
    for label, many in enumerate(count):
        for _ in range(many):
            wave = np.sin(2 * np.pi * (1 + 2 * label) * (x + 0.3 * y) + rng.uniform(0, 6))
            picture = 128 + rng.uniform(30, 90) * wave + rng.normal(0, rng.uniform(2, 20), (32, 32))
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "JPEG", quality=quality[label])
            images.append(pixels[..., None])
            labels.append(label)
            sizes.append(len(buffer.getvalue()))
    order = rng.permutation(len(labels))
    columns = {"bytes": np.array(sizes)[order]} | ({"format": (told,) * len(labels)} if told else {})
    ids = numbered_ids("train", len(labels))
    split = Split.from_arrays(np.stack(images)[order], np.array(labels)[order], ids, columns)
    return Dataset("waves", ("broad", "fine"), {"train": split}, "made for a test")


@pytest.mark.parametrize("told", ["", "JPEG"])
def test_a_file_size_that_only_restates_the_content_is_no_shortcut(told: str) -> None:
    """Finer waves make larger files of one quality; saved at another quality, the class is given away."""
    same, other = found(waves((300, 100), (75, 75), told)), found(waves((300, 100), (75, 30), told))
    assert same.evidence["restates_content"] == ["bytes"]
    assert max(same.evidence["skill"]["bytes"], same.evidence["one_class"]["bytes"]["skill"]) < 0.4
    assert "The file size says nothing that the pictures do not show." in same.summary
    assert max(other.evidence["skill"]["bytes"], other.evidence["one_class"]["bytes"]["skill"]) > 0.4


def test_jpeg_files_are_never_held_against_their_size_as_png(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes fifty times as long and says less; where shards have measured it, it changes nothing."""
    train = waves((60, 60), (75, 75), "JPEG").train
    deviation = np.asarray(train.images).std(axis=(1, 2, 3)).astype(np.float32)
    from_shards, alone = ({"bytes": train.columns["bytes"]} for _ in range(2))
    known = block_sizes(np.asarray(train.images))
    asked = []
    save = Image.Image.save
    monkeypatch.setattr(Image.Image, "save", lambda *a: (asked.append(a[2]), save(*a))[1])
    assert without_content(train, deviation, alone) == ["bytes"]
    assert set(asked) == {"JPEG"}
    assert without_content(train, deviation, from_shards, known) == ["bytes"]
    np.testing.assert_array_equal(alone["bytes"], from_shards["bytes"])


def test_a_size_that_the_content_does_not_explain_stays_as_it_is() -> None:
    """Sizes that follow the class alone vary with nothing inside it: nothing is taken away."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    content = rng.normal(size=(200, 2))
    assert adjusted(5.0 + labels, content, labels) is None
    left = adjusted(3 * content[:, 0] + labels + rng.normal(0, 0.1, 200), content, labels)
    assert left is not None
    assert left[labels == 1].mean() - left[labels == 0].mean() == pytest.approx(1, abs=0.1)


def test_the_column_of_groups_is_no_shortcut_under_its_own_name() -> None:
    """Groups have one class each, and whole groups are held out: the column they came from is not judged."""
    names = tuple(f"p{label}" for label in CLOTHES.train.labels)
    train = replace(CLOTHES.train, columns={"group": names, "patient": names})
    finding = found(Dataset("clothes", CLOTHES.classes, {"train": train}, "made for a test"))
    assert "patient" not in finding.evidence["skill"]
    assert "group" not in finding.evidence["skill"]


@pytest.mark.parametrize("share", [0.5, 0.75, 0.95])
def test_a_figure_that_never_changes_tells_no_class_however_large_it_is(share: float) -> None:
    """Where most images are of one class, "yes" to all of them is a guess and no skill."""
    labels = (np.arange(2000) >= 2000 * share).astype(np.int64)
    assert np.abs(class_skills(np.zeros(2000), labels, 2)).max() < 0.1
    assert class_skills(labels, labels, 2).tolist() == [1.0, 1.0]
