"""Exact copies, near copies and leakage: every planted copy is found, nothing else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.measures.pixel_sums import measure
from assay.audits.self_test.pixel_changes import NEAR_CHANGES
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.candidates import averaged_down
from assay.workflow.load import load
from planted import colored, with_images, with_more

COLORED = colored()
SMALL = colored(train=20, test=7)
LARGE = colored(train=28, test=1, shape=(40, 40))


def context(dataset: Dataset) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()})


def fashion() -> Dataset:
    return load("fashion-mnist-sample", offline=True)


#: Changed copies of each kind, each of another picture: one search finds those of all kinds.
EACH = 40


@cache
def planted(name: str) -> tuple[dict[str, dict[int, int]], Checked]:
    """A set with copies of every kind at the end of train, the source of each by its place, the findings."""
    clean, rng = COLORED if name == "colored" else fashion(), np.random.default_rng(5)
    sources = rng.choice(len(clean.train), (len(NEAR_CHANGES), EACH), replace=False)
    images = np.asarray(clean.train.images)
    copies = [change(images[rows], rng) for change, rows in zip(NEAR_CHANGES.values(), sources, strict=True)]
    places = len(clean.train) + np.arange(sources.size).reshape(sources.shape)
    kinds = {
        change: dict(zip(mine.tolist(), rows.tolist(), strict=True))
        for change, mine, rows in zip(NEAR_CHANGES, places, sources, strict=True)
    }
    dataset = with_more(clean, "train", np.concatenate(copies), clean.train.labels[sources.ravel()])
    return kinds, check_near_duplicates(context(dataset))


@cache
def planted_large(working_size: int) -> tuple[dict[str, dict[int, int]], Checked]:
    """The same of pictures of 160 x 160 pixels, of which all are copied once."""
    large = np.kron(LARGE.train.images, np.ones((1, 4, 4, 1), np.uint8))
    kinds, copies = dict[str, dict[int, int]](), list[np.ndarray]()
    for number, (change, make) in enumerate(NEAR_CHANGES.items()):
        sources = np.arange(number, len(large), len(NEAR_CHANGES))
        first = len(large) + sum(map(len, copies))
        kinds[change] = {first + i: int(source) for i, source in enumerate(sources)}
        copies.append(make(large[sources], np.random.default_rng(6)))
    images = averaged_down(np.concatenate([large, *copies]), working_size)
    sources = [source for mine in kinds.values() for source in mine.values()]
    labels = np.concatenate([LARGE.train.labels, LARGE.train.labels[sources]])
    size = np.full(len(images), 160)
    split = Split.from_arrays(
        images, labels, numbered_ids("train", len(images)), {"width": size, "height": size}
    )
    return kinds, check_near_duplicates(context(replace(LARGE, splits={"train": split}, fingerprints={})))


def test_clean_data_have_no_copies():
    """On data without copies the three checks pass and flag nothing."""
    for dataset in (COLORED, fashion()):
        judged = context(dataset)
        for check in (check_exact_duplicates, check_near_duplicates, check_leakage):
            result = check(judged)
            assert (result.finding.verdict, result.issues) == ("pass", ()), result.finding.summary


def test_exact_copies_are_found_within_and_across_splits():
    """Each copy is flagged once, with the first of its group; conflicting labels are set apart."""
    images, labels = COLORED.train.images, COLORED.train.labels
    dataset = with_more(
        COLORED, "train", images[[3, 3, 8]], np.array([labels[3], labels[3], (labels[8] + 1) % 3])
    )
    dataset = with_more(dataset, "test", images[[20]], labels[[20]])
    result = check_exact_duplicates(context(dataset))
    n, m = len(COLORED.train), len(COLORED.splits["test"])
    found = {(i.kind, i.split, i.index, i.related_split, i.related_index) for i in result.issues}
    assert found == {
        ("within-split", "train", n, "train", 3),
        ("within-split", "train", n + 1, "train", 3),
        ("conflicting-labels", "train", n + 2, "train", 8),
        ("across-splits", "test", m, "train", 20),
    }
    assert result.finding.verdict == "fail"
    assert result.finding.evidence["groups"] == 3


def test_empty_pictures_are_equal_and_in_no_conflict() -> None:
    """Six white pictures of two classes; a copy of one that shows something is a conflict."""
    images = np.full((6, *SMALL.shape), 255, np.uint8)
    real = np.asarray(SMALL.train.images[:1])
    label = SMALL.train.labels[0]
    with_empty = with_more(SMALL, "train", images, np.array([0, 1, 0, 1, 0, 1]))
    found = check_exact_duplicates(context(with_empty))
    assert {(issue.kind, issue.detail) for issue in found.issues} == {
        ("within-split", "both of one value everywhere")
    }
    told = "5 of them have one value everywhere at"
    assert (found.finding.verdict, told in found.finding.summary) == ("warn", True)
    assert "which label is right" not in found.finding.fix
    both = check_exact_duplicates(context(with_more(with_empty, "train", real, np.array([1 - label]))))
    assert sum(issue.kind == "conflicting-labels" for issue in both.issues) == 1
    assert (both.finding.verdict, both.finding.evidence["empty"]) == ("fail", 5)
    across = check_exact_duplicates(context(with_more(with_empty, "test", images[:1], np.array([1]))))
    assert [issue.kind for issue in across.issues].count("across-splits") == 1


@pytest.mark.parametrize("change", NEAR_CHANGES)
@pytest.mark.parametrize("name", ["colored", "fashion"])
def test_every_near_copy_is_found_with_its_source(change: str, name: str):
    """Moved, mirrored, brightened, contrasted, compressed and noisy copies all lead to their originals."""
    kinds, result = planted(name)
    related = {issue.index: issue.related_index for issue in result.issues}
    assert sum(related.get(i) == source for i, source in kinds[change].items()) >= EACH * 0.99
    assert set(related) <= {i for mine in kinds.values() for i in mine}
    assert result.finding.verdict == "warn"


@pytest.mark.parametrize("change", NEAR_CHANGES)
@pytest.mark.parametrize("working_size", [160, 64])
def test_near_copies_of_large_pictures_are_found(change: str, working_size: int):
    """Copies made of 160 x 160 pixels are found where these are kept, and where files were made smaller."""
    kinds, result = planted_large(working_size)
    related = {issue.index: issue.related_index for issue in result.issues}
    assert {i: related.get(i) for i in kinds[change]} == kinds[change]
    assert set(related) <= {i for mine in kinds.values() for i in mine}


def test_combined_changes_are_found():
    """A copy mirrored, moved and darkened at once is still the same picture."""
    rng = np.random.default_rng(1)
    sources = np.arange(30)
    copies = NEAR_CHANGES["mirrored"](SMALL.train.images[sources], rng)
    copies = np.rint(NEAR_CHANGES["moved"](copies, rng) * 0.75).astype(np.uint8)
    dataset = with_more(SMALL, "train", copies, SMALL.train.labels[sources])
    assert len(check_near_duplicates(context(dataset)).issues) >= 29


def test_near_copies_with_another_label_are_set_apart():
    """A near copy under another label is a conflict."""
    rng = np.random.default_rng(2)
    copies = NEAR_CHANGES["noisy"](SMALL.train.images[:5], rng)
    dataset = with_more(SMALL, "train", copies, (SMALL.train.labels[:5] + 1) % 3)
    issues = check_near_duplicates(context(dataset)).issues
    assert [issue.kind for issue in issues] == ["conflicting-labels"] * 5


def test_leakage_names_the_pair():
    """A test image with an exact or near copy in train is flagged with it; a copy within test is no leak."""
    rng = np.random.default_rng(3)
    test = SMALL.splits["test"]
    near = NEAR_CHANGES["brightened"](SMALL.train.images[[7]], rng)
    copies = np.concatenate([SMALL.train.images[[4]], near, test.images[[0]]])
    dataset = with_more(SMALL, "test", copies, np.array([0, 1, 2]))
    result = check_leakage(context(dataset))
    found = {(i.kind, i.split, i.index, i.related_split, i.related_index) for i in result.issues}
    m = len(test)
    assert found == {("exact", "test", m, "train", 4), ("near", "test", m + 1, "train", 7)}
    assert result.finding.verdict == "fail"
    assert all(issue.id and issue.related_id for issue in result.issues)


def test_leakage_into_validation_counts_too():
    """Validation images are judged like test images."""
    validation = SMALL.splits["test"]
    leaking = with_images(SMALL, "test", np.concatenate([SMALL.train.images[:1], validation.images[1:]]))
    splits = {"train": SMALL.train, "validation": leaking.splits["test"]}
    issues = check_leakage(context(replace(SMALL, splits=splits, fingerprints={}))).issues
    assert [(issue.split, issue.index, issue.kind) for issue in issues] == [("validation", 0, "exact")]


def test_leakage_without_another_split_is_not_evaluated():
    """With train alone there is nothing that could leak."""
    finding = check_leakage(context(replace(SMALL, splits={"train": SMALL.train}))).finding
    assert finding.verdict == "not evaluated"
    assert finding.reason


def test_many_copies_of_one_picture_do_not_hide_a_near_copy():
    """Exact copies count once in the search, so that they do not crowd out the near one."""
    rng = np.random.default_rng(4)
    crowd = np.repeat(SMALL.train.images[:1], 30, axis=0)
    near = NEAR_CHANGES["noisy"](SMALL.train.images[:1], rng)
    dataset = with_more(SMALL, "train", np.concatenate([crowd, near]), np.repeat(SMALL.train.labels[:1], 31))
    issues = check_near_duplicates(context(dataset)).issues
    assert [issue.index for issue in issues] == [len(SMALL.train) + 30]


@pytest.mark.parametrize(("train", "told"), [(20, True), (3, False)])
def test_what_was_not_looked_for_is_said_where_nothing_was_found(train: int, told: bool) -> None:
    """By the bounds that the search has; a set too small for it says that instead."""
    summary = check_near_duplicates(context(colored(train=train, test=1))).finding.summary
    assert (
        "turned by more than 6 degrees, but for right angles, or moved by more than 8 %" in summary
    ) == told
    assert ("were not looked for: that needs 16 to 20,000 images" in summary) == (not told)


@pytest.mark.parametrize(("side", "copied"), [(8, 0), (8, 3), (19, 0), (20, 0)])
def test_small_pictures_have_copies_that_are_missed(side: int, copied: int) -> None:
    """Said whether some copies are found or none: of digits of 8 pixels that were made smaller none is."""
    images = np.random.default_rng(0).integers(0, 256, (40, side, side, 1)).astype(np.uint8)
    parts = {"train": images[:30], "test": np.concatenate([images[30:], images[:copied]])}
    splits = {
        name: Split.from_arrays(pixels, np.arange(len(pixels)) % 2, numbered_ids(name, len(pixels)))
        for name, pixels in parts.items()
    }
    judged = context(Dataset("small", ("a", "b"), splits, "made"))
    said = "made smaller and brought back, are missed"
    for check in (check_near_duplicates, check_leakage):
        assert (said in check(judged).finding.summary) == (side < 20)
    assert said not in check_exact_duplicates(judged).finding.summary


def glyphs(side: int = 24) -> np.ndarray:
    """Each letter and digit of the font of Pillow: symbols, all much alike."""
    font, drawn = ImageFont.load_default(side * 0.8), []
    for text in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":
        picture = Image.new("L", (side, side))
        ImageDraw.Draw(picture).text((side / 2, side / 2), text, 255, font, anchor="mm")
        drawn.append(np.asarray(picture))
    return np.stack(drawn)[..., None]


def test_drawings_that_are_mirrored_may_be_no_copies() -> None:
    """Among symbols, three of which are in test mirrored: near copies, with the other reading in both checks.
    Photographs that were copied have it in none."""
    images = glyphs()
    parts = {"train": images, "test": images[[5, 11, 32], :, ::-1]}
    splits = {
        name: Split.from_arrays(
            np.ascontiguousarray(pixels), np.arange(len(pixels)) % 2, numbered_ids(name, len(pixels))
        )
        for name, pixels in parts.items()
    }
    judged = context(Dataset("symbols", ("a", "b"), splits, "made"))
    assert judged.copies.limits == (0, 0)
    for check in (check_near_duplicates, check_leakage):
        assert "an icon in two colors or directions" in check(judged).finding.summary
    assert check_leakage(judged).finding.evidence["may_be_no_copies"]
    near = NEAR_CHANGES["noisy"](SMALL.train.images[:1], np.random.default_rng(4))
    copied = context(with_more(SMALL, "test", near, SMALL.train.labels[:1]))
    for check in (check_near_duplicates, check_leakage):
        found = check(copied).finding
        assert found.count == 1
        assert "icon" not in found.summary
    assert not check_leakage(copied).finding.evidence["may_be_no_copies"]


def test_forms_from_one_template_are_told_as_what_they_may_be() -> None:
    """Each is the template but for a number: near copies, and a sentence that says when they are none."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(150):
        form = Image.new("L", (64, 64), 250)
        draw = ImageDraw.Draw(form)
        for field in ((2, 2, 61, 61), (6, 6, 40, 14), (6, 20, 58, 30), (6, 34, 30, 44)):
            draw.rectangle(field, outline=70)
        draw.text((8, 50), "Total", 40)
        draw.text((8, 20), str(rng.integers(10, 99)), 30)
        images.append(np.asarray(form) + rng.normal(0, 1.5, (64, 64)))
    images = np.clip(np.stack(images), 0, 255).astype(np.uint8)
    split = Split.from_arrays(images[..., None], np.arange(150) % 2, numbered_ids("train", 150))
    found = check_near_duplicates(context(Dataset("forms", ("a", "b"), {"train": split}, "made"))).finding
    assert found.count > 15
    assert "made from one template" in found.summary
    few = check_near_duplicates(context(with_images(SMALL, "train", SMALL.train.images))).finding
    assert "template" not in few.summary
