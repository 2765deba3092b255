"""Rows of arrays without a label: -1, NaN, empty text, as in tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4), np.uint8)
LABELS = np.arange(12) % 3
GONE = [1, 5, 6]


def unlabelled(kind: str) -> Any:
    """Twelve labels of three classes, of which three say that there is none."""
    if kind == "text":
        labels = np.array(["cat", "dog", "fox"])[LABELS].astype(object)
        labels[GONE] = ["", None, "nan"]
        return labels
    labels = LABELS.astype(np.float64 if kind == "nan" else np.int16)
    labels[GONE] = np.nan if kind == "nan" else -1
    return labels[:, None] if kind == "column" else labels


@pytest.mark.parametrize("kind", ["minus one", "column", "nan", "text"])
def test_rows_without_a_label_are_refused_or_left_out(kind: str) -> None:
    """Refused with the way out; with it the others keep their names, pictures and labels."""
    with pytest.raises(AssayError) as caught:
        load(arrays=(IMAGES, unlabelled(kind)))
    assert kind == "text" or "--skip-unlabelled" in caught.value.fix
    data = load(arrays=(IMAGES, unlabelled(kind)), skip_unlabelled=True)
    rows = [row for row in range(12) if row not in GONE]
    assert list(data.train.ids) == [f"train/{row:02}" for row in rows]
    assert np.array_equal(data.train.images[..., 0], IMAGES[rows])
    assert data.train.labels.tolist() == LABELS[rows].tolist()
    assert [(item.id, item.kind) for item in data.left_out] == [
        (f"train/{row:02}", "unlabelled") for row in GONE
    ]
    assert "3 images of train without a label left out" in data.notes


@pytest.mark.parametrize("none", [-1, np.nan])
def test_a_split_without_any_label_is_set_aside(none: float, tmp_path: Path) -> None:
    """A test split of -1 alone has no labels, as in Parquet; nothing need be said."""
    np.savez(tmp_path / "a.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:4], y_test=np.full(4, none))
    data = load(tmp_path / "a.npz")
    assert list(data.splits) == ["train"]
    assert len(data.left_out) == 4
    assert any("the test split has no labels" in note for note in data.notes)


def test_one_and_minus_one_are_two_classes() -> None:
    """As in tables. Beside a third number -1 is no class."""
    data = load(arrays=(IMAGES, np.where(LABELS, 1, -1)))
    assert data.classes == ("-1", "1")
    assert data.train.labels.tolist() == [int(label > 0) for label in LABELS.tolist()]
    with pytest.raises(AssayError):
        load(arrays=(IMAGES, np.where(LABELS == 2, -1, LABELS)))


def test_other_numbers_that_are_no_classes_are_refused_in_any_case() -> None:
    """-2, and 0.5 beside NaN, are mistakes; so is a train split without any label."""
    for labels in (np.where(LABELS, LABELS, -2), np.where(LABELS, 0.5, np.nan), np.full(12, -1)):
        with pytest.raises(AssayError):
            load(arrays=(IMAGES, labels), skip_unlabelled=True)


def test_labels_that_are_all_there_are_read_as_before() -> None:
    """The option changes nothing where nothing is missing."""
    given, skipped = (load(arrays=(IMAGES, LABELS), skip_unlabelled=skip) for skip in (False, True))
    assert given.fingerprint == skipped.fingerprint
    assert given.notes == skipped.notes
    assert given.left_out == skipped.left_out == ()
