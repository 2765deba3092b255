"""Tiny and odd data: every check gives a verdict, or `not evaluated` with its reason, and never crashes."""

import numpy as np
import pytest

from assay.audits.registry import CHECKS, audit_dataset, measure_all
from assay.audits.values import Audit
from assay.data.values import Dataset, Split, numbered_ids


def dataset(labels: np.ndarray, images: np.ndarray, test: int = 0) -> Dataset:
    """Pictures with labels; the last `test` of them are the test split."""
    cut = len(labels) - test
    splits = {"train": Split.from_arrays(images[:cut], labels[:cut], numbered_ids("train", cut))}
    if test:
        splits["test"] = Split.from_arrays(images[cut:], labels[cut:], numbered_ids("test", test))
    classes = tuple(f"class {i}" for i in range(max(int(labels.max(initial=0)) + 1, 1)))
    return Dataset("odd", classes, splits, "made for a test")


def noise(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), np.uint8)


CASES = {
    "no image": dataset(np.zeros(0, np.int64), noise(0, 5, 5, 1)),
    "one image": dataset(np.zeros(1, np.int64), noise(1, 8, 8, 1)),
    "one class": dataset(np.zeros(60, np.int64), noise(60, 8, 8, 1), 10),
    "two images a class": dataset(np.arange(40) // 2, noise(40, 9, 9, 3), 0),
    "constant images": dataset(np.arange(60) % 3, np.full((60, 12, 12, 1), 128, np.uint8), 12),
    "1 x 1 images": dataset(np.arange(90) % 3, noise(90, 1, 1, 1), 30),
    "1 x 50 images": dataset(np.arange(90) % 3, noise(90, 1, 50, 3), 30),
    "two channels": dataset(np.arange(90) % 3, noise(90, 10, 10, 2), 30),
    "five channels": dataset(np.arange(90) % 3, noise(90, 10, 10, 5), 30),
    "a class missing in train": dataset(np.r_[np.arange(60) % 2, np.full(20, 2)], noise(80, 8, 8, 1), 20),
    "one picture many times": dataset(np.arange(80) % 4, np.repeat(noise(1, 16, 16, 1), 80, axis=0), 20),
}


#: Checks that have nothing to compare with in a single split, and those that a classifier stands behind.
ALONE = {"leakage", "drift"}
UNLEARNED = {"label-errors", "ambiguous-labels"}

#: The checks that are not evaluated; all others must give a verdict.
SILENT = {
    "no image": set(CHECKS) - {"identity", "unreadable", "exact-duplicates", "label-balance"},
    "one image": {*ALONE, *UNLEARNED, "class-similarity", "separability", "atypical", "shortcuts"},
    "one class": {*UNLEARNED, "class-similarity", "separability", "shortcuts"},
    "two images a class": {*ALONE, *UNLEARNED, "separability", "atypical", "shortcuts"},
    "constant images": {*UNLEARNED, "atypical", "shortcuts"},
    "1 x 1 images": {*UNLEARNED, "shortcuts"},
    "1 x 50 images": {*UNLEARNED, "shortcuts"},
    "two channels": {*UNLEARNED, "shortcuts"},
    "five channels": {*UNLEARNED, "shortcuts"},
    "a class missing in train": {*UNLEARNED, "shortcuts"},
    "one picture many times": {*UNLEARNED, "atypical", "shortcuts"},
    "ten thousand classes": {*ALONE, *UNLEARNED, "separability", "atypical"},
}


def check_answers(case: str, data: Dataset) -> Audit:
    """The audit by every check, each with a verdict and its bound, or its reason for giving none."""
    found = audit_dataset(data, measure_all(data))
    assert [finding.check for finding in found.findings] == list(CHECKS)
    silent = {finding.check for finding in found.findings if finding.verdict == "not evaluated"}
    assert silent == SILENT[case]
    for finding in found.findings:
        assert finding.reason
        if finding.check in silent:
            assert finding.summary == f"Not evaluated: {finding.reason}."
            assert (finding.count, finding.fix) == (0, "")
        else:
            assert finding.threshold
            assert bool(finding.fix) == (finding.verdict != "pass"), finding
    assert not {issue.check for issue in found.issues} & silent
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_check_answers(case: str):
    """Odd data give a finding per check, with verdict or reason, and issues that point to their images."""
    data = CASES[case]
    for issue in check_answers(case, data).issues:
        assert 0 <= issue.score <= 1
        assert data.splits[issue.split].ids[issue.index] == issue.id


def test_ten_thousand_classes():
    """Two images in each of 10,000 classes: label checks say why they do not judge, the others answer."""
    data = dataset(np.arange(20_000) // 2, noise(20_000, 3, 3, 1))
    found = check_answers("ten thousand classes", data)
    assert "at least 5 training images" in found.finding("label-errors").reason
    assert found.finding("exact-duplicates").verdict == "pass"


def test_many_learnable_classes():
    """Two hundred classes of six images are judged, with one slope of calibration for all."""
    rng = np.random.default_rng(0)
    labels = np.arange(1200) % 200
    images = np.random.default_rng(1).integers(0, 256, (200, 8, 8, 1), np.uint8)[labels]
    images = np.clip(images + rng.normal(0, 5, images.shape), 0, 255).astype(np.uint8)
    found = audit_dataset(dataset(labels, images), measure_all(dataset(labels, images)), ["label-errors"])
    assert found.findings[0].evidence["reference_accuracy"]["train"] > 0.9
    assert found.findings[0].count == 0
