"""A share of one class that has the label of one other class: single labels stand out little."""

from functools import cache

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, images_of, numbered_ids
from assay.workflow.load import load

#: Sneakers that are labelled sandals.
TRUE, LABEL = 7, 5


@cache
def clothes() -> tuple[np.ndarray, np.ndarray]:
    """2,000 images, so 200 of each class."""
    train = load("fashion-mnist-sample").train
    rows = np.arange(min(2_000, len(train)))
    return images_of(train, rows), train.labels[rows]


def audited(images: np.ndarray, labels: np.ndarray, group: np.ndarray | None = None) -> Checked:
    columns = {} if group is None else {"group": group}
    split = Split.from_arrays(images, labels, numbered_ids("train", len(labels)), columns)
    dataset = Dataset("toy", tuple("abcdefghij"), {"train": split}, "a test")
    return check_label_errors(CheckContext(dataset, {"train": measure(split, 10)}))


def mixed_up(labels: np.ndarray, true: int, label: int, share: float) -> np.ndarray:
    rows = np.flatnonzero(labels == true)
    given = labels.copy()
    given[np.random.default_rng(4).permutation(rows)[: round(share * len(rows))]] = label
    return given


def test_right_labels_name_no_pair():
    """Shirts and T-shirts are alike, and a fifth of them is taken for the other; no label is wrong."""
    found = audited(*clothes())
    assert found.finding.evidence["mixed_up"]["pairs"] == []
    assert "mixed up" not in found.finding.summary
    assert "were given to one other class are told from about" in found.finding.threshold


def test_a_third_of_a_class_that_bears_another_label_is_told():
    """Both classes, about how many, no pass; and the ranking begins with those images."""
    images, labels = clothes()
    given = mixed_up(labels, TRUE, LABEL, 0.35)
    wrong = given != labels
    found = audited(images, given)
    (told,) = found.finding.evidence["mixed_up"]["pairs"]
    assert (told["class"], told["label"]) == ("abcdefghij"[TRUE], "abcdefghij"[LABEL])
    low, high = told["expected_wrong_range"]
    assert low <= wrong.sum() <= high
    assert found.finding.verdict in ("warn", "fail")
    assert f"images of {told['class']} are labelled {told['label']}" in found.finding.summary
    assert "or their pictures do not show what parts them" in found.finding.summary
    assert "Ask who labelled" in found.finding.fix
    listed = [issue for issue in found.issues if wrong[issue.index]]
    assert {issue.suggested for issue in listed} == {told["class"]}  # another class looks likelier of some
    assert all(f" if images of {told['class']} were given this label" in issue.detail for issue in listed)
    assert not [i for i in found.issues if i.label != told["label"] and "were given" in i.detail]
    assert found.label_quality is not None
    right = np.array(found.label_quality["train"].right)
    first = np.argsort(right, kind="stable")[: 2 * int(wrong.sum())]
    assert wrong[first].mean() > 0.4


def test_one_group_is_one_observation():
    """The same labels where all wrong ones are of one group: that is one labeller, asked once."""
    images, labels = clothes()
    given = mixed_up(labels, TRUE, LABEL, 0.35)
    group = np.where(given != labels, "one", np.arange(len(labels)).astype(str)).astype(object)
    assert audited(images, given, group).finding.evidence["mixed_up"]["pairs"] == []


def test_classes_too_small_to_tell_are_said():
    """Nine images a class: no share could be told, and the finding says so instead of nothing."""
    images, labels = clothes()
    rows = np.sort(np.concatenate([np.flatnonzero(labels == label)[:9] for label in range(10)]))
    found = audited(images[rows], labels[rows])
    assert "classes are too small" in found.finding.threshold
