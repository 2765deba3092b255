"""The planted faults are what they say, and the self-test counts them right."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.issues import Issue
from assay.audits.registry import measure_all
from assay.audits.run import run_checks
from assay.audits.self_test import everyday_faults, pixel_changes, planted_faults
from assay.audits.self_test.recall import (
    NOT_PLANTED,
    TOO_FEW,
    auroc,
    count_flips,
    found_in_twice,
    image_recall,
    most_similar_classes,
    self_test,
    verdict_recall,
)
from assay.audits.values import Finding
from assay.data.values import Dataset, Split, numbered_ids
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
    moved = pixel_changes.moved(image, rng)[0, 2:-2, 2:-2]
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
    for change in pixel_changes.NEAR_CHANGES:
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


def test_recall_is_unknown_where_the_check_spoke_before_anything_was_planted():
    """A shortcut that the data have already hides whether another one would be found: no figure, no 1.0."""
    given = planted_faults.with_shortcut(COLORED).dataset
    clean = CheckContext(given, measure_all(given))
    row = verdict_recall(check_shortcuts, clean, planted_faults.with_shortcut(given), "once more")
    assert (row.recall, row.precision, row.planted, row.found, row.before) == (None, None, 0, 0, 1)


def test_recall_is_unknown_where_the_check_cannot_be_made():
    """What is not evaluated has not missed anything."""
    few = colored(train=20, test=5)
    row = verdict_recall(
        check_shortcuts, CheckContext(few, measure_all(few)), planted_faults.with_shortcut(few), "marks"
    )
    assert (row.recall, row.planted) == (None, 0)


def test_images_that_were_flagged_before_are_not_counted_as_found():
    """A fault in a picture that the check had flagged for something else is neither found nor missed."""

    def flagged(*rows: int) -> Checked:
        issues = tuple(Issue("quality", "dark", 1.0, "train", row, f"{row}", "", "x") for row in rows)
        return Checked(Finding("quality", "warn", "", {}, "", ""), issues)

    planted = planted_faults.Planted(COLORED, {("dark", "train"): np.array([1, 2, 3])})
    row = image_recall(flagged(1, 2, 9), flagged(1, 7), planted, "dark")
    assert (row.planted, row.found, row.recall, row.false_alarms) == (2, 1, 0.5, 1)
    nothing = image_recall(flagged(1, 2, 3), flagged(1, 2, 3), planted, "dark")
    assert (nothing.planted, nothing.recall) == (0, None)


def test_the_most_similar_class_is_the_one_with_the_nearest_mean_image():
    """By hand: means 0, 10, 40; the empty class is nobody's nearest."""
    images = np.repeat([0, 10, 40], 4).astype(np.uint8).reshape(12, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
    split = Split.from_arrays(images, np.repeat([0, 1, 3], 4), numbered_ids("train", 12))
    dataset = Dataset("means", ("a", "b", "none", "c"), {"train": split}, "made for a test")
    found = most_similar_classes(CheckContext(dataset, measure_all(dataset)))
    assert found[[0, 1, 3]].tolist() == [1, 0, 1]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [1, 16, 31])
def test_everyday_faults_keep_the_form_of_every_kind_of_picture(channels: int, side: int):
    """Any size and number of channels comes back as it was, as bytes, with the sources untouched."""
    images = np.random.default_rng(0).integers(0, 256, (2, side, side + 1, channels), np.uint8)
    before = images.copy()
    for table in (everyday_faults.COPIES, everyday_faults.DAMAGES, everyday_faults.SHORTCUTS):
        for kind, change in table.items():
            changed = change(images, np.random.default_rng(1))
            assert (changed.shape, changed.dtype) == (images.shape, np.uint8), kind
            assert side == 1 or not np.array_equal(changed, images) or channels == 1, kind
    np.testing.assert_array_equal(images, before)


def test_damage_that_changes_nothing_is_not_counted():
    """Exchanged channels of gray pictures are no fault, and a set of one channel is not asked."""
    gray = np.repeat(COLORED.train.images[..., :1], 3, axis=3)
    planted = planted_faults.with_damages(with_images(COLORED, "train", gray), 5, 0)
    assert len(planted.faults["channels exchanged", "train"]) == 0
    one = planted_faults.with_damages(with_images(COLORED, "train", gray[..., :1]), 5, 0)
    assert ("channels exchanged", "train") not in one.faults


def test_what_is_not_planted_is_said_beside_the_rows(results):
    """The kinds that people's data have are among the rows, and what is not stands in a sentence."""
    faults = {row.fault for row in results}
    assert faults >= {*everyday_faults.COPIES, *everyday_faults.DAMAGES}
    assert faults >= {f"{kind} on one class alone" for kind in everyday_faults.SHORTCUTS}
    assert "screenshots" in NOT_PLANTED


def test_a_self_test_that_was_not_made_says_so():
    """Too few images: no row, and the reason."""
    few = colored(train=10, test=5)
    found = run_checks(few, measure_all(few), ["identity"], self_test_seed=1)
    assert (found.statistics["self_test"], found.statistics["self_test_left_out"]) == ([], TOO_FEW)
