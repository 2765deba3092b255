"""A split that counts its classes in another order than train: its labels are wrong class by class."""

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, images_of, numbered_ids
from assay.workflow.load import load

CLASSES = tuple("abcdefghij")


def audited(order: dict[int, int], each: int = 20, split: str = "test") -> Checked:
    """1,000 clothes to learn from, and `each` of every class in a split whose labels `order` renames."""
    found = load("fashion-mnist-sample").train
    images, labels = images_of(found, np.arange(2_000)), found.labels[:2_000]
    others = np.concatenate([np.flatnonzero(labels[1_000:] == label)[:each] for label in range(10)]) + 1_000
    given = np.array([order.get(label, label) for label in labels[others].tolist()])
    splits = {
        "train": Split.from_arrays(images[:1_000], labels[:1_000], numbered_ids("train", 1_000)),
        split: Split.from_arrays(images[others], given, numbered_ids(split, len(others))),
    }
    dataset = Dataset("toy", CLASSES, splits, "a test")
    return check_label_errors(CheckContext(dataset, {n: measure(s, 10) for n, s in splits.items()}))


def test_two_classes_that_were_exchanged_are_told_by_name():
    found = audited({1: 8, 8: 1}).finding
    assert [(one["label"], one["looks_like"]) for one in found.evidence["renamed"]] == [
        ("b", "i"),
        ("i", "b"),
    ]
    for one in found.evidence["renamed"]:
        assert one["split"] == "test"
        assert 16 <= one["moved"] <= one["units"] == 20
    assert found.verdict == "fail"
    assert found.summary.startswith(
        "Classes bear each other's names: in test b looks like i, i looks like b. "
    )
    assert found.fix.startswith("Find out in which order that split counts its classes")


def test_labels_that_count_from_one_in_a_circle():
    """Every class has the name of the next one; of a validation split as of a test split."""
    found = audited({label: (label + 1) % 10 for label in range(10)}, split="validation").finding
    told = {one["label"]: one["looks_like"] for one in found.evidence["renamed"]}
    assert len(told) >= 8  # shirts are taken for T-shirts and coats too, which may part the circle
    assert all(CLASSES.index(label) == (CLASSES.index(other) + 1) % 10 for label, other in told.items())


def test_exchanged_classes_are_not_told_with_other_numbers():
    """Both classes whole: no sentence counts a part of them as mixed up with each other."""
    summary = audited({1: 8, 8: 1}).finding.summary
    assert "in test about" not in summary


def test_a_class_that_gave_all_its_images_to_another_is_told():
    """In a split that train teaches to see it; where no class has gone, nothing is said."""
    found = audited({1: 8}).finding
    (gone,) = found.evidence["gone"]
    assert (gone["split"], gone["class"], gone["label"]) == ("test", "b", "i")
    assert 16 <= gone["images"] <= 22
    told = f"No image of test has the label b, and {gone['images']} with the label i look like it"
    assert told in found.summary
    assert audited({}).finding.evidence["gone"] == []
    assert "looks like a class of two kinds" in found.threshold  # of train nothing can be seen


def test_right_names_and_single_wrong_labels_are_no_exchange():
    """Shirts that are taken for T-shirts, and one class of which all images bear another's name."""
    assert audited({}).finding.evidence["renamed"] == []
    one_way = audited({1: 8}).finding
    assert one_way.evidence["renamed"] == []
    assert "each other's names" not in one_way.summary
