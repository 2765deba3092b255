"""Label errors and ambiguous labels."""

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.labels.ambiguous import check_ambiguous_labels
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset
from assay.workflow.load import load
from planted import CLASSES, colored, with_images, with_more

COLORED = colored(train=200)


def context(dataset: Dataset, **more) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()}, **more)


def flipped(dataset: Dataset, name: str, rows: np.ndarray) -> Dataset:
    labels = dataset.splits[name].labels.copy()
    labels[rows] = (labels[rows] + 1) % len(dataset.classes)
    return with_images(dataset, name, dataset.splits[name].images, labels)


def test_clean_labels_are_left_alone():
    """Where the classes can be told apart, at most one image in 200 is suspected."""
    assert len(check_label_errors(context(COLORED)).issues) <= len(COLORED.train) / 200


@pytest.mark.parametrize("name", ["train", "test"])
def test_flipped_labels_are_found_with_the_true_one_suggested(name: str):
    """Planted errors in any split are suspected, and the suggestion is the label they had."""
    rows = np.arange(0, 100, 10)
    dataset = flipped(COLORED, name, rows)
    issues = {i.index: i for i in check_label_errors(context(dataset)).issues if i.split == name}
    hits = [row for row in rows if row in issues]
    assert len(hits) >= 8
    for row in hits:
        issue = issues[row]
        assert issue.suggested == CLASSES[COLORED.splits[name].labels[row]]
        assert issue.suggested_probability > 0.5
        assert issue.kind == "likely-wrong"


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_suspect_comes_with_the_nearest_training_images_of_both_classes(name: str):
    """Beside it the nearest image of the suggested class, in words that of its own: row and id of both.

    Both are the nearest of all training images of that class but the suspect itself, by a plain search.
    """
    judged = context(flipped(COLORED, name, np.arange(0, 50, 10)))
    train = judged.dataset.train
    issues = [issue for issue in check_label_errors(judged).issues if issue.split == name]
    assert len(issues) >= 4
    for issue in issues:
        near = {}
        for label in (issue.suggested, issue.label):
            members = np.flatnonzero(train.labels == CLASSES.index(label))
            members = members[(members != issue.index) | (name != "train")]
            gaps = judged.components["train"][members] - judged.components[name][issue.index]
            near[label] = int(members[np.square(gaps).sum(axis=1).argmin()])
        related, own = near[issue.suggested], near[issue.label]
        assert (issue.related_split, issue.related_index) == ("train", related)
        assert issue.related_id == train.ids[related]
        assert issue.detail.endswith(f"; nearest image of its own label: train {own} ({train.ids[own]})")


def test_flips_rank_high_on_fashion_mnist():
    """Of 1 % flips among 2,000 images, most stand in a list twice their number."""
    clean = load("fashion-mnist-sample", offline=True)
    rows = np.random.default_rng(11).choice(len(clean.train), 20, replace=False)
    labels = clean.train.labels.copy()
    labels[rows] = (labels[rows] + np.random.default_rng(12).integers(1, 10, 20)) % 10
    dataset = with_images(clean, "train", np.asarray(clean.train.images), labels)
    probabilities = context(dataset).cross_validated.probabilities["train"]
    own = probabilities[np.arange(len(labels)), labels]
    listed = set(np.argsort(own)[:40].tolist())
    assert len(listed & set(rows.tolist())) >= 13


def test_the_users_features_take_the_place_of_ours():
    """Features that tell the true class find every flip, whatever the pictures show."""
    dataset = flipped(COLORED, "train", np.arange(20))
    rng = np.random.default_rng(0)
    features = {
        name: (np.eye(3)[COLORED.splits[name].labels] + rng.normal(0, 0.05, (len(split), 3))).astype(
            np.float32
        )
        for name, split in COLORED.splits.items()
    }
    found = {i.index for i in check_label_errors(context(dataset, features=features)).issues}
    assert found == set(range(20))


def test_pictures_between_two_classes_are_ambiguous_and_not_wrong():
    """An image that shows two classes at once is kept apart from likely errors."""
    rng = np.random.default_rng(0)
    points = {name: np.eye(3)[split.labels] for name, split in COLORED.splits.items()}
    features = {n: (p + rng.normal(0, 0.25, p.shape)).astype(np.float32) for n, p in points.items()}
    rows = np.arange(10)
    features["train"][rows] = [0.5, 0.5, 0.0]
    labels = COLORED.train.labels.copy()
    labels[rows] = rows % 2
    judged = context(with_images(COLORED, "train", COLORED.train.images, labels), features=features)
    ambiguous = {i.index for i in check_ambiguous_labels(judged).issues if i.split == "train"}
    wrong = {i.index for i in check_label_errors(judged).issues if i.split == "train"}
    assert len(ambiguous & set(rows.tolist())) >= 8
    assert not wrong & set(rows.tolist())


def test_a_class_too_small_to_learn_is_not_judged():
    """Images of a class with two members are never called wrong for being unknown."""
    rng = np.random.default_rng(0)
    strange = rng.integers(0, 256, (2, 40, 48, 3), np.uint8)
    wider = with_more(COLORED, "train", strange, np.array([3, 3]), (*CLASSES, "rare"))
    finding = check_label_errors(context(wider))
    assert not {i.index for i in finding.issues} & {len(COLORED.train), len(COLORED.train) + 1}
    assert finding.finding.evidence["classes_too_small"] == 1


def test_probabilities_of_train_do_not_know_the_own_label():
    """Changing one label changes that image's own leave-one-out probabilities only through the others."""
    judged, changed = (
        context(dataset).cross_validated.probabilities["train"][0]
        for dataset in (COLORED, flipped(COLORED, "train", np.array([0])))
    )
    np.testing.assert_allclose(judged, changed, atol=0.02)
