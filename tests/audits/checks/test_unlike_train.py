"""Labels of pictures that the reference does not know: disputed, and not called wrong."""

from functools import cache

import numpy as np

from assay.audits.checks.context import CheckContext
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.audits.values import Finding
from assay.data.values import Dataset, Split, images_of, numbered_ids
from assay.reports.findings.caveats import mixed_up_pairs, out_of_order
from assay.workflow.load import load

N, TEST = 600, 200


@cache
def clothes() -> tuple[np.ndarray, np.ndarray]:
    train = load("fashion-mnist-sample").train
    rows = np.arange(N + TEST)
    return images_of(train, rows), train.labels[rows]


def audited(test: np.ndarray, labels: np.ndarray, wrong: int = 0) -> Finding:
    """600 training images, so many with a wrong label, and 200 test images."""
    images, train = clothes()[0][:N], clothes()[1][:N].copy()
    rows = np.random.default_rng(6).permutation(N)[:wrong]
    train[rows] = (train[rows] + 3) % 10
    splits = {
        name: Split.from_arrays(np.ascontiguousarray(pixels), of, numbered_ids(name, len(of)))
        for name, pixels, of in (("train", images, train), ("test", test, labels))
    }
    dataset = Dataset("toy", tuple("abcdefghij"), splits, "a test")
    measured = {name: measure(split, 10) for name, split in splits.items()}
    return check_label_errors(CheckContext(dataset, measured)).finding


def test_labels_of_pictures_upside_down_are_disputed_and_not_called_wrong():
    """The reference never saw trousers that stand on their waist; nobody mixed up two classes either."""
    images, labels = clothes()
    upset = audited(images[N:, ::-1], labels[N:])
    assert upset.evidence["unlike_train"] == ["test"]
    assert upset.evidence["suspects"]["test"] > 60
    assert upset.verdict == "warn"
    assert " are disputed" in upset.summary
    assert "The pictures of test are not like those of train" in upset.summary
    for claim in ("likely wrong", "expected to be wrong", "mixed up"):
        assert claim not in upset.summary
    assert mixed_up_pairs([upset]) == []


def test_wrong_labels_of_train_are_told_as_ever_beside_them():
    images, labels = clothes()
    found = audited(images[N:, ::-1], labels[N:], wrong=60)
    assert found.verdict == "fail"
    assert " of other splits (roughly " in found.summary


def test_wrong_labels_of_test_are_wrong():
    """Pictures as in train of which a third has another label."""
    images, labels = clothes()
    given = labels[N:].copy()
    given[::3] = (given[::3] + 3) % 10
    found = audited(images[N:], given)
    assert found.evidence["unlike_train"] == []
    assert found.verdict == "fail"
    assert " are likely wrong: more likely wrong than right" in found.summary


def test_right_labels_of_pictures_on_their_side_need_no_new_order():
    """The reference tells nothing of them, which says as little of their labels as of those upside down: the
    report asks for no new order of labels. In another order the labels of pictures as in train do."""
    images, labels = clothes()
    turned = audited(np.rot90(images[N:], 1, (1, 2)), labels[N:])
    (rows,) = turned.evidence["out_of_order"]
    assert (rows["images"], rows["may_be_right"]) == (TEST, True)
    assert turned.verdict == "warn"
    assert "not like those of train (see drift), or their labels in another order" in turned.summary
    assert "order" not in turned.fix
    assert out_of_order([turned])
    assert not out_of_order([turned], sure=True)
    shuffled = audited(images[N:], np.random.default_rng(3).permutation(labels[N:]))
    (rows,) = shuffled.evidence["out_of_order"]
    assert (shuffled.verdict, rows["may_be_right"]) == ("fail", False)
    assert out_of_order([shuffled], sure=True)
