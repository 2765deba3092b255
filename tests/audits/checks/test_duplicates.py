"""Exact copies, near copies and leakage: every planted copy is found, nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.measures.pixel_sums import measure
from assay.audits.self_test.pixel_changes import NEAR_CHANGES
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.candidates import averaged_down
from assay.workflow.load import load
from planted import colored, with_images, with_more

COLORED = colored()
LARGE = colored(train=14, test=1, shape=(40, 40))


def context(dataset: Dataset) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()})


def fashion() -> Dataset:
    return load("fashion-mnist-sample", offline=True)


def with_change(dataset: Dataset, change: str, count: int, into: str) -> tuple[Dataset, np.ndarray]:
    """`count` changed train images at the end of a split; their sources."""
    rng = np.random.default_rng(5)
    sources = rng.choice(len(dataset.train), count, replace=False)
    copies = NEAR_CHANGES[change](np.asarray(dataset.train.images)[sources], rng)
    return with_more(dataset, into, copies, dataset.train.labels[sources]), sources


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


@pytest.mark.parametrize("change", NEAR_CHANGES)
@pytest.mark.parametrize("name", ["colored", "fashion"])
def test_every_near_copy_is_found_with_its_source(change: str, name: str):
    """Moved, mirrored, brightened, contrasted, compressed and noisy copies all lead to their originals."""
    clean = COLORED if name == "colored" else fashion()
    dataset, sources = with_change(clean, change, 40, "train")
    result = check_near_duplicates(context(dataset))
    related = {issue.index: issue.related_index for issue in result.issues}
    expected = {len(clean.train) + i: int(source) for i, source in enumerate(sources)}
    assert sum(related.get(i) == source for i, source in expected.items()) >= 40 * 0.99
    assert set(related) <= set(expected)
    assert result.finding.verdict == "warn"


@pytest.mark.parametrize("change", NEAR_CHANGES)
@pytest.mark.parametrize("working_size", [160, 64])
def test_near_copies_of_large_pictures_are_found(change: str, working_size: int):
    """Copies made of 160 x 160 pixels are found where these are kept, and where files were made smaller."""
    large = np.kron(LARGE.train.images, np.ones((1, 4, 4, 1), np.uint8))
    sources = np.arange(0, len(large), 2)
    copies = NEAR_CHANGES[change](large[sources], np.random.default_rng(6))
    images = averaged_down(np.concatenate([large, copies]), working_size)
    labels = np.concatenate([LARGE.train.labels, LARGE.train.labels[sources]])
    size = np.full(len(images), 160)
    split = Split.from_arrays(
        images, labels, numbered_ids("train", len(images)), {"width": size, "height": size}
    )
    result = check_near_duplicates(context(replace(LARGE, splits={"train": split}, fingerprints={})))
    related = {issue.index: issue.related_index for issue in result.issues}
    assert related == {len(large) + i: int(source) for i, source in enumerate(sources)}


def test_combined_changes_are_found():
    """A copy mirrored, moved and darkened at once is still the same picture."""
    rng = np.random.default_rng(1)
    sources = np.arange(30)
    copies = NEAR_CHANGES["mirrored"](COLORED.train.images[sources], rng)
    copies = np.rint(NEAR_CHANGES["moved"](copies, rng) * 0.75).astype(np.uint8)
    dataset = with_more(COLORED, "train", copies, COLORED.train.labels[sources])
    assert len(check_near_duplicates(context(dataset)).issues) >= 29


def test_near_copies_with_another_label_are_set_apart():
    """A near copy under another label is a conflict."""
    rng = np.random.default_rng(2)
    copies = NEAR_CHANGES["noisy"](COLORED.train.images[:5], rng)
    dataset = with_more(COLORED, "train", copies, (COLORED.train.labels[:5] + 1) % 3)
    issues = check_near_duplicates(context(dataset)).issues
    assert [issue.kind for issue in issues] == ["conflicting-labels"] * 5


def test_leakage_names_the_pair():
    """A test image with an exact or near copy in train is flagged with it; a copy within test is no leak."""
    rng = np.random.default_rng(3)
    test = COLORED.splits["test"]
    near = NEAR_CHANGES["brightened"](COLORED.train.images[[7]], rng)
    copies = np.concatenate([COLORED.train.images[[4]], near, test.images[[0]]])
    dataset = with_more(COLORED, "test", copies, np.array([0, 1, 2]))
    result = check_leakage(context(dataset))
    found = {(i.kind, i.split, i.index, i.related_split, i.related_index) for i in result.issues}
    m = len(test)
    assert found == {("exact", "test", m, "train", 4), ("near", "test", m + 1, "train", 7)}
    assert result.finding.verdict == "fail"
    assert all(issue.id and issue.related_id for issue in result.issues)


def test_leakage_into_validation_counts_too():
    """Validation images are judged like test images."""
    validation = COLORED.splits["test"]
    leaking = with_images(COLORED, "test", np.concatenate([COLORED.train.images[:1], validation.images[1:]]))
    splits = {"train": COLORED.train, "validation": leaking.splits["test"]}
    issues = check_leakage(context(replace(COLORED, splits=splits, fingerprints={}))).issues
    assert [(issue.split, issue.index, issue.kind) for issue in issues] == [("validation", 0, "exact")]


def test_leakage_without_another_split_is_not_evaluated():
    """With train alone there is nothing that could leak."""
    finding = check_leakage(context(replace(COLORED, splits={"train": COLORED.train}))).finding
    assert finding.verdict == "not evaluated"
    assert finding.reason


def test_many_copies_of_one_picture_do_not_hide_a_near_copy():
    """Exact copies count once in the search, so that they do not crowd out the near one."""
    rng = np.random.default_rng(4)
    crowd = np.repeat(COLORED.train.images[:1], 30, axis=0)
    near = NEAR_CHANGES["noisy"](COLORED.train.images[:1], rng)
    dataset = with_more(
        COLORED, "train", np.concatenate([crowd, near]), np.repeat(COLORED.train.labels[:1], 31)
    )
    issues = check_near_duplicates(context(dataset)).issues
    assert [issue.index for issue in issues] == [len(COLORED.train) + 30]


@pytest.mark.parametrize(("train", "told"), [(120, True), (3, False)])
def test_what_was_not_looked_for_is_said_where_nothing_was_found(train: int, told: bool) -> None:
    """By the bounds that the search has; a set too small for it says that instead."""
    summary = check_near_duplicates(context(colored(train=train, test=1))).finding.summary
    assert (
        "turned by more than 6 degrees, but for right angles, or moved by more than 8 %" in summary
    ) == told
    assert ("were not looked for: that needs 16 to 20,000 images" in summary) == (not told)
