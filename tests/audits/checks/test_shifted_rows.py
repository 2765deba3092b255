"""Labels that belong to other images from a row on: told also where single ones are not judged."""

from functools import cache

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, images_of, numbered_ids
from assay.workflow.load import load

N, TEST = 800, 200


@cache
def clothes() -> tuple[np.ndarray, np.ndarray]:
    train = load("fashion-mnist-sample").train
    rows = np.arange(N + TEST)
    return images_of(train, rows), train.labels[rows]


def audited(labels: np.ndarray) -> Checked:
    """800 training and 200 test images with these labels."""
    images = clothes()[0]
    parts = {"train": slice(0, N), "test": slice(N, N + TEST)}
    splits = {
        name: Split.from_arrays(images[rows], labels[rows], numbered_ids(name, len(labels[rows])))
        for name, rows in parts.items()
    }
    dataset = Dataset("toy", tuple("abcdefghij"), splits, "a test")
    return check_label_errors(CheckContext(dataset, {n: measure(s, 10) for n, s in splits.items()}))


@pytest.mark.parametrize(("first", "judged"), [(400, False), (680, True)])
def test_a_line_that_was_lost_is_told_by_its_row(first: int, judged: bool):
    """All labels from there on are those of the next image; half of them wrong, nothing else is judged."""
    labels = clothes()[1].copy()
    labels[first:N] = np.roll(labels[first:N], -1)
    finding = audited(labels).finding
    (rows,) = finding.evidence["out_of_order"]
    assert rows["split"] == "train"
    assert abs(rows["first"] - first) <= 10
    assert N - rows["last"] <= 10
    assert rows["shift"] == -1
    assert finding.verdict == "fail"
    assert finding.summary.startswith(f"The labels of {rows['images']} images of train in a row")
    assert "the label of each image stands in the row before it" in finding.summary
    assert finding.fix.startswith("Find out where the order of the labels breaks")
    assert ("too weak" in finding.summary) is not judged


def test_a_test_split_in_another_order_is_told_as_that():
    """And not as classes that somebody mixed up; its labels may be sorted as well."""
    labels = clothes()[1].copy()
    for order in (np.random.default_rng(3).permutation(labels[N:]), np.sort(labels[N:])):
        labels[N:] = order
        finding = audited(labels).finding
        (rows,) = finding.evidence["out_of_order"]
        assert (rows["split"], rows["first"], rows["last"], rows["shift"]) == ("test", 0, TEST - 1, 0)
        assert finding.verdict == "fail"
        assert "The labels of test go with the pictures no better than chance" in finding.summary
        assert "mixed up" not in finding.summary


def test_right_and_noisy_labels_are_in_order():
    """A tenth of wrong labels, spread over all rows, is no order; the threshold says what would be told."""
    labels = clothes()[1].copy()
    wrong = np.random.default_rng(5).permutation(N)[: N // 10]
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + 3) % 10
    for given in (labels, noisy):
        finding = audited(given).finding
        assert finding.evidence["out_of_order"] == []
        assert "labels in another order from a row on are told where about" in finding.threshold
