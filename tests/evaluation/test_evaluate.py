"""Judging a model: source order, class names, and what the files say."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import read_csv_text
from assay.data.values import Split, numbered_ids
from assay.evaluation.evaluate import evaluate_split, predictions_csv


@dataclass(frozen=True)
class Brightness:
    """A classifier that answers the class of an image's first pixel, with probability 0.9 (0.1 / k else)."""

    classes: tuple[str, ...]

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        k = len(self.classes)
        p = np.full((len(images), k), 0.1 / (k - 1))
        p[np.arange(len(images)), images[:, 0, 0, 0].astype(int) % k] = 0.9
        return p


def _split(first_pixels: list[int], labels: list[int]) -> Split:
    images = np.zeros((len(labels), 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = first_pixels
    return Split.from_arrays(images, np.array(labels, np.int64), numbered_ids("test", len(labels)))


def test_scores_by_hand() -> None:
    """Three of four right: every figure of the record follows from the counts."""
    classes = ("a", "b")
    split = _split([0, 0, 1, 1], [0, 1, 1, 1])
    score = evaluate_split(Brightness(classes), split, classes, "f", {"parameters": 0})
    record = score.as_record()["test"]
    assert (record["n"], record["accuracy"], record["confusion"]) == (4, 0.75, [[1, 0], [1, 2]])
    assert record["per_class"]["a"]["precision"] == 0.5
    assert record["per_class"]["b"]["recall"] == pytest.approx(2 / 3)
    assert record["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert record["loss"] == pytest.approx(-(3 * np.log(0.9) + np.log(0.1)) / 4)
    assert score.mistakes().tolist() == [1]


def test_predictions_are_in_source_order_with_class_names() -> None:
    """Row i of predictions.csv is image i of the split; its text cells come back as they were."""
    classes = ("=cmd()", 'b,\n"c"')
    split = _split([1, 0, 1], [1, 1, 0])
    score = evaluate_split(Brightness(classes), split, classes, "f", {})
    header, rows = read_csv_text(predictions_csv(score, split, "test"))
    assert header[:7] == ["split", "index", "id", "digest", "label", "predicted", "probability"]
    assert header[7:] == ["p:=cmd()", 'p:b,\n"c"']
    assert [row[1] for row in rows] == ["0", "1", "2"]
    assert [row[4] for row in rows] == [classes[1], classes[1], classes[0]]
    assert [row[5] for row in rows] == [classes[1], classes[0], classes[1]]
    assert [row[3] for row in rows] == [split.hex_digest(i) for i in range(3)]


def test_over_a_hundred_classes_only_the_top_five_are_written() -> None:
    """Beyond 100 classes the columns are top2,p2 ... top5,p5."""
    classes = tuple(f"class {i}" for i in range(101))
    split = _split([7, 8], [7, 7])
    score = evaluate_split(Brightness(classes), split, classes, "f", {})
    header, rows = read_csv_text(predictions_csv(score, split, "test"))
    assert header[7:] == ["top2", "p2", "top3", "p3", "top4", "p4", "top5", "p5"]
    assert rows[0][5] == "class 7"
    assert rows[0][7] == "class 0"


def test_a_huge_confusion_matrix_is_written_by_its_cells() -> None:
    """Over 1,000 classes only cells that are not 0 are listed, as [true, predicted, count]; the sum is n."""
    classes = tuple(f"class {i}" for i in range(1001))
    split = _split([7, 8, 8], [7, 7, 7])
    record = evaluate_split(Brightness(classes), split, classes, "f", {}).test
    assert record["confusion"] is None
    assert record["confusion_reason"]
    assert record["confusion_cells"] == [[7, 7, 1], [7, 8, 2]]


def test_a_model_of_other_classes_is_refused() -> None:
    """Class order is part of the contract: the same names in another order are other classes."""
    split = _split([0], [0])
    with pytest.raises(AssayError, match="class-names"):
        evaluate_split(Brightness(("b", "a")), split, ("a", "b"), "f", {})


def test_block_size_does_not_matter() -> None:
    """More images than one block holds are judged alike and in order."""
    labels = list(np.random.default_rng(0).integers(0, 2, 5000))
    split = _split(labels, labels)
    score = evaluate_split(Brightness(("a", "b")), split, ("a", "b"), "f", {})
    assert score.accuracy == 1
    assert score.probabilities.shape == (5000, 2)
