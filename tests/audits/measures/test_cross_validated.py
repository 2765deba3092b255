"""What the reference classifier is allowed to claim."""

import numpy as np
import pytest

from assay.audits.measures import cross_validated
from assay.audits.measures.cross_validated import (
    NO_BETTER_THAN_CHANCE,
    judge,
    principal_components,
    tells_the_labels,
)
from assay.audits.registry import audit_dataset, measure_all
from assay.data.values import Dataset, Split, numbered_ids
from assay.estimators import ridge
from assay.estimators.exact_kernel import fit_kernel_map
from assay.estimators.logistic_calibration import fit_calibration, held_out
from assay.estimators.projections import fit_fourier
from planted import colored, with_images

COLORED = colored()
CHECKS = ("label-errors", "ambiguous-labels", "separability")


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_other_pictures_are_not_judged(seed: int):
    """Labels in random order: nothing goes with them, so none is suspected, and separability says why."""
    labels = np.random.default_rng(seed).permutation(COLORED.train.labels)
    mixed = with_images(COLORED, "train", COLORED.train.images, labels)
    found = audit_dataset(mixed, measure_all(mixed), CHECKS)
    assert [finding.verdict for finding in found.findings] == ["not evaluated", "not evaluated", "warn"]
    assert found.finding("label-errors").reason == NO_BETTER_THAN_CHANCE
    assert "no better than chance" in found.finding("separability").summary
    assert "same order" in found.finding("separability").fix
    assert found.issues == ()


def test_labels_that_are_mostly_of_other_pictures_are_judged():
    """Where a third of the labels still go with their pictures, that is more than chance."""
    rng = np.random.default_rng(0)
    labels = COLORED.train.labels.copy()
    rows = rng.permutation(len(labels))[: 2 * len(labels) // 3]
    labels[rows] = rng.permutation(labels[rows])
    judged = judge(with_images(COLORED, "train", COLORED.train.images, labels))
    assert judged.refusal == ""
    assert judged.accuracy["train"] > 0.4


def test_an_image_left_out_of_equal_ones_tells_nothing():
    """Class shares without the image: its own class scores lowest, for certain, and that is no knowledge."""
    labels = np.arange(60) % 3
    shares = (20 - np.eye(3)[labels]) / 59
    assert not tells_the_labels(shares, labels)
    assert tells_the_labels(np.eye(3)[labels], labels)


def test_one_group_tells_nothing():
    """Of white pictures, labels by coin, up to 15 of 100 were called wrong: rounding differs by the place of
    an image, and the mean of one group has no deviation."""
    labels = np.random.default_rng(0).integers(0, 3, 45)
    scores = np.eye(3)[labels]
    assert not tells_the_labels(scores, labels, np.zeros(45, np.int64))
    assert tells_the_labels(scores, labels, np.arange(45) // 3)
    white = Split.from_arrays(np.full((45, 3, 500, 1), 255, np.uint8), labels, numbered_ids("train", 45))
    judged = judge(Dataset("white", ("a", "b", "c"), {"train": white}, "made"), groups=np.zeros(45, np.int64))
    assert judged.refusal == NO_BETTER_THAN_CHANCE


def test_chance_is_counted_in_standard_errors():
    """Own scores 0.1 above the average, spread 1: seen in 10,000 images (10 errors), not in 100 (1)."""
    for n, told in ((10_000, True), (100, False)):
        labels = np.arange(n) % 2
        scores = np.zeros((n, 2))
        scores[np.arange(n), labels] = 0.2 + np.where(np.arange(n) // 2 % 2, 1.0, -1.0)
        assert tells_the_labels(scores, labels) == told


@pytest.mark.parametrize("below", [0, 1])
def test_random_waves_from_the_bound_on(below: int, monkeypatch: pytest.MonkeyPatch):
    """At the bound the answers are those of random Fourier features, one image below it those of the
    kernel, which differ by far more than rounding does."""
    train, k = COLORED.train, len(COLORED.classes)
    monkeypatch.setattr(cross_validated, "EXACT_BELOW", len(train) + below)
    components = principal_components(COLORED)["train"]
    inputs, penalties = fit_fourier(components, len(train) // 4 * 2), ridge.PENALTIES
    if below:
        inputs, penalties = fit_kernel_map(components, 2048, 0.7), ridge.FINE_PENALTIES
    fitted = ridge.fit(lambda: inputs.blocks(components), train.labels, k, None, penalties)
    scores = ridge.leave_one_out(fitted, lambda: inputs.blocks(components), train.labels)
    found = judge(COLORED).probabilities["train"]
    expected = held_out(fit_calibration(scores, train.labels), scores, train.labels)
    np.testing.assert_allclose(found, expected, atol=1e-5)
