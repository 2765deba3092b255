"""Judging a model once on a split, and writing its answers down."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.data.values import Split
from assay.evaluation.values import Evaluation

#: Up to so many classes, predictions.csv has a column of probabilities for each; beyond, the top five.
_CLASS_COLUMNS = 100
_TOP = 5


class Classifier(Protocol):
    """What an evaluation needs of a model: class probabilities for images in their raw form."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the columns of probabilities."""

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """uint8 `(n, h, w, c)` to float64 `(n, k)`."""


def evaluate_split(
    model: Classifier,
    split: Split,
    classes: tuple[str, ...],
    fingerprint: str,
    model_record: dict[str, Any],
    groups: NDArray[np.int64] | None = None,
) -> Evaluation:
    """The model's probabilities for every image of a split, in source order, and the scores from them.

    groups: int64 `(n,)`, equal for images of one group; None where each stands alone.
    Raises AssayError `shape-mismatch` or `class-names` when the model was made for other data.
    """
    if model.classes != classes:
        raise AssayError(
            "class-names",
            "model",
            f"it knows the classes {_few(model.classes)}, the data have {_few(classes)}",
            "Evaluate on data with the same classes in the same order.",
        )
    blocks = [model.predict_proba(block) for block in split.blocks()]
    probabilities = np.concatenate(blocks) if blocks else np.zeros((0, len(classes)))
    return Evaluation(classes, split.labels, probabilities, model_record, fingerprint, groups=groups)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def predictions_csv(evaluation: Evaluation, split: Split, split_name: str) -> str:
    """The content of `predictions.csv`: one row per image, in source order, class names for numbers.

    Where images come in groups a column `group` numbers these.
    """
    header = ["split", "index", "id", "digest", "label", "predicted", "probability"]
    return csv_text(
        [
            *header,
            *_probability_header(evaluation.classes),
            *([] if evaluation.groups is None else ["group"]),
        ],
        (_prediction_row(evaluation, split, split_name, row) for row in range(len(split))),
    )


def _probability_header(classes: tuple[str, ...]) -> list[str]:
    if len(classes) <= _CLASS_COLUMNS:
        return [f"p:{name}" for name in classes]
    return [column for rank in range(2, _TOP + 1) for column in (f"top{rank}", f"p{rank}")]


def _prediction_row(evaluation: Evaluation, split: Split, split_name: str, row: int) -> list[object]:
    classes = evaluation.classes
    p = evaluation.probabilities[row]
    return [
        split_name,
        row,
        split.ids[row],
        split.hex_digest(row),
        classes[evaluation.labels[row]],
        classes[evaluation.predicted[row]],
        float(evaluation.confidence[row]),
        *_probability_cells(p, classes),
        *([] if evaluation.groups is None else [int(evaluation.groups[row])]),
    ]


def _probability_cells(p: NDArray[np.float64], classes: tuple[str, ...]) -> list[object]:
    if len(classes) <= _CLASS_COLUMNS:
        return list(p.tolist())
    best = np.argsort(-p, kind="stable")[1:_TOP]
    return [cell for label in best for cell in (classes[label], float(p[label]))]
