"""Label quality in Python: a table as `label_quality.csv` has it, and weights for scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import assay
import planted
from assay.audits.measures.label_quality import label_quality_lines
from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.sklearn import label_quality_weight


@pytest.fixture(scope="module")
def noisy():
    """Colored pictures, five of whose labels are wrong; and which."""
    data = planted.colored(train=60, test=10, shape=(16, 16))
    labels = data.train.labels.copy()
    wrong = np.arange(5) * 7
    labels[wrong] = (labels[wrong] + 1) % 3
    return planted.with_images(data, "train", data.train.images, labels), wrong


def test_the_table_is_the_file(noisy) -> None:
    """`audit.labels()` has the columns and cells of label_quality.csv, and goes to pandas."""
    data, _ = noisy
    audit = assay.audit(data, checks=["label-errors"])
    table = audit.labels()
    assert len(table) == 3 * 70
    rows = zip(*table.columns.values(), strict=True)
    assert csv_text(tuple(table.columns), rows) == "".join(label_quality_lines(audit.label_quality, data))
    assert list(table.to_pandas().columns) == list(table.columns)


def test_an_audit_that_judged_no_label_says_so(noisy) -> None:
    """No table of nothing."""
    audit = assay.audit(noisy[0], checks=["identity"])
    with pytest.raises(AssayError, match="label-errors did not run"):
        audit.labels()


@pytest.mark.parametrize("names", [False, True])
def test_wrong_labels_weigh_less(noisy, names: bool) -> None:
    """The planted five weigh less than the others; the weights are those of the audit."""
    data, wrong = noisy
    images, labels = data.train.images, data.train.labels
    given = np.array(["a", "b", "c"])[labels] if names else labels
    weights = label_quality_weight(images, given)
    assert weights.shape == (180,)
    assert weights.min() >= 0
    assert weights.max() <= 1
    right = np.setdiff1d(np.arange(180), wrong)
    assert np.median(weights[wrong]) < 0.5 * np.median(weights[right])
    LogisticRegression(max_iter=1000).fit(np.zeros((180, 2)) + labels[:, None], given, sample_weight=weights)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((9, 4), np.uint8), np.zeros(9, int)),
        (np.full((9, 4), np.nan), np.arange(9) % 3),
        (np.zeros((9, 4), np.uint8), np.arange(8) % 3),
    ],
)
def test_what_cannot_be_judged_is_refused(images, labels) -> None:
    """One class, NaN, another length: a ValueError, as scikit-learn has it."""
    with pytest.raises(ValueError, match=r"."):
        label_quality_weight(images, labels)
