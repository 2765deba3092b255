"""Every check of the table speaks on its planted fault and is silent on the clean twin."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from assay.audits.registry import CHECKS, audit_dataset, measure_all
from assay.audits.self_test import pixel_changes, planted_faults
from assay.audits.values import Audit
from assay.data.values import Dataset, LeftOut
from assay.workflow.load import load
from planted import colored, photograph, with_images, with_more

CLEAN = colored(train=200)


def audited(dataset: Dataset, *checks: str) -> Audit:
    return audit_dataset(dataset, measure_all(dataset), checks or None)


def _padded(dataset: Dataset) -> Dataset:
    """The end of train filled with zeros, as in a file cut and padded."""
    images = dataset.train.images.copy()
    images[-15:] = 0
    return with_images(dataset, "train", images)


def _unread(dataset: Dataset) -> Dataset:
    left_out = LeftOut("train/rings/x.png", "unreadable", "the file ends too early", "train", "rings")
    return replace(dataset, left_out=(left_out,))


def _repeated(split: str, change: pixel_changes.Change) -> Callable[[Dataset], Dataset]:
    """Ten training images once more at the end of a split."""

    def plant(dataset: Dataset) -> Dataset:
        images = change(dataset.train.images[:10], np.random.default_rng(0))
        return with_more(dataset, split, images, dataset.train.labels[:10])

    return plant


def _thinned(dataset: Dataset) -> Dataset:
    """One class with 20 images, the others with 200."""
    train = dataset.train
    rows = np.flatnonzero((train.labels != 1) | (np.cumsum(train.labels == 1) <= 20))
    few = replace(
        train,
        images=train.images[rows],
        labels=train.labels[rows],
        ids=[train.ids[row] for row in rows.tolist()],
        digests=train.digests[rows],
    )
    return replace(dataset, splits={**dataset.splits, "train": few}, fingerprints={})


def _two_classes_mixed(dataset: Dataset) -> Dataset:
    """Rings and blocks share their pictures: half of each go under the other's name."""
    labels = dataset.train.labels.copy()
    either = np.flatnonzero(labels > 0)
    labels[either] = 1 + np.random.default_rng(0).integers(0, 2, len(either))
    return with_images(dataset, "train", dataset.train.images, labels)


def _pixels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Dataset], Dataset]:
    """The pixels of all splits changed alike."""

    def plant(dataset: Dataset) -> Dataset:
        for name, split in dataset.splits.items():
            dataset = with_images(dataset, name, change(split.images).astype(np.uint8))
        return dataset

    return plant


def _vignetted(images: np.ndarray) -> np.ndarray:
    """Darker from left to right: the mean images of all classes show the same slope."""
    return images * np.linspace(1, 0.2, images.shape[2])[:, None]


def _foreign(dataset: Dataset) -> Dataset:
    """Three photographs among patterns."""
    images = dataset.train.images.copy()
    images[:3] = [photograph(np.random.default_rng(seed), 48)[:40] for seed in range(3)]
    return with_images(dataset, "train", images)


PLANTED: Mapping[str, Callable[[Dataset], Dataset]] = {
    "identity": _padded,
    "unreadable": _unread,
    "exact-duplicates": _repeated("train", pixel_changes.unchanged),
    "near-duplicates": _repeated("train", pixel_changes.noisy),
    "leakage": _repeated("test", pixel_changes.mirrored),
    "drift": lambda dataset: planted_faults.with_drift(dataset, 0).dataset,
    "label-balance": _thinned,
    "label-errors": lambda dataset: planted_faults.with_flips(dataset, 0.02, 0).dataset,
    "ambiguous-labels": _two_classes_mixed,
    "pixel-range": _pixels(lambda images: images // 8),
    "class-similarity": _pixels(_vignetted),
    "separability": _two_classes_mixed,
    "atypical": _foreign,
    "quality": lambda dataset: planted_faults.with_damages(dataset, 2, 0).dataset,
    "shortcuts": lambda dataset: planted_faults.with_shortcut(dataset).dataset,
}


@pytest.fixture(scope="module")
def clean() -> Audit:
    return audited(CLEAN)


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_is_silent_on_the_clean_twin(check: str, clean: Audit) -> None:
    """On sound data in balanced, distinct classes the verdict is pass, no image is flagged, nothing to do."""
    finding = clean.finding(check)
    assert (finding.verdict, finding.count, finding.fix) == ("pass", 0, ""), finding.summary
    assert [issue for issue in clean.issues if issue.check == check] == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_speaks_on_its_planted_fault(check: str) -> None:
    """The silence above is no deafness: with the check's own fault planted it warns or fails, with a fix."""
    finding = audited(PLANTED[check](CLEAN), check).finding(check)
    assert finding.verdict in ("warn", "fail"), finding.summary
    assert finding.fix


@pytest.fixture(scope="module")
def clothes() -> Audit:
    return audited(load("fashion-mnist-sample", offline=True))


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_that_speaks_on_published_data_says_why(check: str, clothes: Audit) -> None:
    """On real pictures a check passes with nothing to do, or names bound, reason and fix."""
    finding = clothes.finding(check)
    assert finding.summary
    assert finding.threshold
    assert finding.reason
    assert bool(finding.fix) == (finding.verdict != "pass"), finding.summary
