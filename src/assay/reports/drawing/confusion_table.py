"""The confusion matrix as a table of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.values import Evaluation
from assay.reports.drawing.sampling import MOST_CLASSES

#: Fainter tints are not drawn.
_FAINTEST: Final = 0.02


@dataclass(frozen=True)
class Cell:
    """One cell: labels of its row and column, images, how strong its tint is in [0, 1]."""

    label: int
    answer: int
    images: int
    tint: float

    @property
    def right(self) -> bool:
        """Whether the answers of this cell are right."""
        return self.label == self.answer


def most_confused(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels to draw, sorted: all, or those with most mistakes in their row and column."""
    trouble = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diag(matrix)
    return np.sort(np.argsort(-trouble, kind="stable")[:MOST_CLASSES])


def matrix_tints(matrix: NDArray[np.int64], shown: NDArray[np.int64]) -> NDArray[np.float64]:
    """How strong each shown cell's tint is: a hit by its share of the row, a mistake by its root.

    The square root makes one mistake in fifty visible beside one in two.
    """
    part = matrix[np.ix_(shown, shown)]
    shares = part / np.maximum(matrix[shown].sum(axis=1), 1)[:, None]
    right = np.diag(np.diag(shares))
    wrong = shares - right
    tints: NDArray[np.float64] = right + np.sqrt(wrong / max(float(wrong.max()), 1e-9))
    return tints


def matrix_rows(evaluation: Evaluation) -> Sequence[Sequence[Cell]]:
    """The cells of the matrix, row by row, of the classes that are drawn."""
    shown = most_confused(evaluation.confusion)
    tints = matrix_tints(evaluation.confusion, shown)
    return [
        [
            Cell(label, answer, int(evaluation.confusion[label, answer]), _tint(tints[row, column]))
            for column, answer in enumerate(shown.tolist())
        ]
        for row, label in enumerate(shown.tolist())
    ]


def _tint(strength: float) -> float:
    return round(float(strength), 3) if strength > _FAINTEST else 0.0
