"""The planted faults are what they say, and the self-test counts them right."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.audits.checks.context import CheckContext
from assay.audits.registry import measure_all
from assay.audits.self_test import planted_faults
from assay.audits.self_test.recall import auroc, count_flips, found_in_twice, self_test
from planted import colored, with_images

COLORED = colored()


def test_copies_lie_where_the_plan_says():
    """Exact copies equal their source's digest; near copies differ from every image; nothing else changed."""
    planted = planted_faults.with_copies(COLORED, 4, seed=1)
    digests = {digest.tobytes() for split in COLORED.splits.values() for digest in split.digests}
    for (kind, name), rows in planted.faults.items():
        split = planted.dataset.splits[name]
        known = [split.digests[row].tobytes() in digests for row in rows]
        assert all(known) if kind == "exact" else not any(known)
        assert (rows >= len(COLORED.splits[name])).all()
    for name, split in COLORED.splits.items():
        np.testing.assert_array_equal(planted.dataset.splits[name].digests[: len(split)], split.digests)


def test_flips_change_exactly_the_rows_they_name():
    """A flipped label is never the old one, and all other labels stay."""
    planted = planted_faults.with_flips(COLORED, 0.1, seed=2)
    changed = np.flatnonzero(planted.dataset.train.labels != COLORED.train.labels)
    np.testing.assert_array_equal(changed, planted.faults["flipped", "train"])
    assert len(changed) == 36


def test_flips_stay_among_the_rows_given():
    """`among` keeps tuning rows and judging rows apart."""
    among = np.arange(1, len(COLORED.train), 2)
    for planted in (
        planted_faults.with_flips(COLORED, 0.2, 3, among=among),
        planted_faults.with_damages(COLORED, 5, 3, among=among),
    ):
        for rows in planted.faults.values():
            assert np.isin(rows, among).all()


def test_a_moved_picture_is_the_picture_moved():
    """Its inner part is found again in the original, at a shift of at most 2 pixels and not 0."""
    rng = np.random.default_rng(0)
    image = COLORED.train.images[:1]
    moved = planted_faults.moved(image, rng)[0, 2:-2, 2:-2]
    shifts = [
        (y, x)
        for y in range(5)
        for x in range(5)
        if np.array_equal(image[0, y : y + moved.shape[0], x : x + moved.shape[1]], moved)
    ]
    assert len(shifts) == 1
    assert shifts != [(2, 2)]


def test_auroc_equals_scikit_learns():
    """With ties too."""
    rng = np.random.default_rng(0)
    scores, faulty = rng.integers(0, 20, 500).astype(float), rng.random(500) < 0.1
    assert auroc(scores, faulty) == pytest.approx(roc_auc_score(faulty, scores))
    assert auroc(scores, np.zeros(500, bool)) is None


def test_found_in_twice_by_hand():
    """Two faulty images, one of them among the four highest scores: one half."""
    scores = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 1.0])
    assert found_in_twice(scores, np.array([False, True, False, False, False, True])) == 0.5


@pytest.fixture(scope="module")
def results():
    return self_test(COLORED, seed=3)


def test_self_test_finds_what_the_checks_promise(results):
    """On colored pictures: every copy, damage, drift and the shortcut; no false alarm among the copies."""
    by_fault = {(r.check, r.fault): r for r in results}
    assert by_fault["exact-duplicates", "exact"].recall == 1
    for change in planted_faults.NEAR_CHANGES:
        assert by_fault["near-duplicates", change].recall == 1
        assert by_fault["near-duplicates", change].false_alarms == 0
        assert by_fault["leakage", change].recall == 1
    for kind in ("constant", "blank", "dark", "bright", "low-contrast"):
        assert by_fault["quality", kind].recall == 1
    assert by_fault["drift", "test 15 % brighter, fewer of one class"].recall == 1
    assert by_fault["shortcuts", "corner marks that tell the class"].recall == 1
    assert by_fault["label-errors", "5% of labels to any class"].auroc > 0.97


def test_self_test_leaves_the_data_alone(results):
    """The planted faults are in copies: the fingerprint of the data is what it was."""
    assert results
    assert COLORED.fingerprint == colored().fingerprint


def test_too_few_images_are_not_tested():
    """Under 50 training images there is nothing to count: an empty result."""
    assert self_test(colored(train=10, test=5)) == ()


def test_flips_that_hide_what_the_pictures_tell_are_counted_as_missed():
    """Where so much is wrong that the reference has nothing left to judge by, none of it counts as found."""
    labels = np.random.default_rng(0).permutation(COLORED.train.labels)
    mixed = with_images(COLORED, "train", COLORED.train.images, labels)
    flipped = np.flatnonzero(labels != COLORED.train.labels)
    planted = planted_faults.Planted(mixed, {("flipped", "train"): flipped})
    clean = CheckContext(COLORED, measure_all(COLORED))
    found = count_flips(clean, planted, np.arange(len(labels)), "all in random order")
    assert (found.fault, found.planted, found.found) == ("all in random order", len(flipped), 0)
    assert (found.recall, found.precision, found.auroc) == (0, None, None)
