"""`Evaluation`: the probabilities a model gave for a split, and every score made from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.table import Table, figure_of, picture_html
from assay.core.text import html_table
from assay.evaluation import metrics
from assay.evaluation.adjusted_accuracy import ENTRIES, AdjustedAccuracy
from assay.evaluation.calibration import Calibration
from assay.evaluation.grouped import effective_images, share_interval
from assay.evaluation.intervals import macro_intervals
from assay.evaluation.json_types import record_of
from assay.evaluation.ood import OutOfDistribution
from assay.evaluation.selective import Abstention
from assay.evaluation.slices import Slices

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Up to so many classes `evaluation.json` holds the whole confusion matrix; beyond, its zeros are left out.
_FULL_CONFUSION: Final = 1000

_NO_MACRO: Final = "the images come in groups: drawing single ones again has not been shown to hold"

_PARTS: Final = ("honest", "calibration", "abstention", "out_of_distribution", "slices")


def _equal(one: NDArray[np.int64] | None, other: NDArray[np.int64] | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A model judged on one split.

    classes: class names in label order.
    labels: int64 `(n,)`; probabilities: float64 `(n, k)`, rows in source order, each summing to 1.
    model: recipe, parameters, trainable_parameters, multiply_adds, bytes (see `evaluation.json`).
    fingerprint: of the split that was judged.
    honest, calibration, abstention, out_of_distribution, slices: what else is to be known of the score (see
        docs/score.md); None where only the answers were judged.
    labels_only: the classes answered are known and no probabilities: each row is 1 for one class.
    groups: int64 `(n,)`, equal for images of one group (a patient, a video, copies); None where each image
        stands alone. Intervals then allow for it that images of one group are answered alike.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    model: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    honest: AdjustedAccuracy | None = None
    calibration: Calibration | None = None
    abstention: Abstention | None = None
    out_of_distribution: OutOfDistribution | None = None
    slices: Slices | None = None
    labels_only: bool = False
    groups: NDArray[np.int64] | None = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Evaluation)
            and (self.classes, self.fingerprint) == (other.classes, other.fingerprint)
            and dict(self.model) == dict(other.model)
            and self.parts == other.parts
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.probabilities, other.probabilities)
            and _equal(self.groups, other.groups)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by value, not hashable

    @property
    def parts(self) -> dict[str, Any]:
        """What is known besides the plain scores, by its key in `evaluation.json`."""
        return {name: getattr(self, name) for name in _PARTS if getattr(self, name) is not None}

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """int64 `(n,)`: the most probable class of each image; the first one on a tie."""
        best: NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64)
        return best

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """float64 `(n,)`: the probability of the predicted class."""
        best: NDArray[np.float64] = self.probabilities.max(axis=1)
        return best

    @cached_property
    def predictions(self) -> Table:
        """A row for each image, in source order: label, answer, its probability, and `p:<class>` for each."""
        names = np.array(self.classes, dtype=object)
        columns: dict[str, Any] = {
            "index": list(range(len(self.labels))),
            "label": names[self.labels].tolist(),
            "predicted": names[self.predicted].tolist(),
            "probability": self.confidence.tolist(),
            "right": (self.labels == self.predicted).tolist(),
        }
        each = {f"p:{name}": self.probabilities[:, k].tolist() for k, name in enumerate(self.classes)}
        return Table({**columns, **each}, "Predictions")

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """int64 `(k, k)`: row = true class, column = predicted class."""
        return metrics.confusion_matrix(self.labels, self.predicted, len(self.classes))

    @property
    def accuracy(self) -> float:
        """Share of images whose predicted class is their label."""
        return metrics.accuracy(self.confusion)

    @property
    def accuracy_ci95(self) -> tuple[float, float]:
        """95 % interval of the accuracy: Wilson's, of the effective number where images have groups."""
        return share_interval(self.labels == self.predicted, self.groups)

    @property
    def group_count(self) -> int | None:
        """How many groups the images come in; None where each image stands alone."""
        return None if self.groups is None else len(np.unique(self.groups))

    @cached_property
    def test(self) -> dict[str, Any]:
        """The scores under `test` in `evaluation.json`, as JSON types."""
        return {
            "n": len(self.labels),
            "accuracy": self.accuracy,
            "accuracy_ci95": list(self.accuracy_ci95),
            **self._group_record(),
            **self._loss(),
            **metrics.macro_scores(self.confusion),
            **self._macro_intervals(),
            "per_class": self._per_class(),
            **self._confusion_record(),
        }

    def _loss(self) -> dict[str, Any]:
        if self.labels_only:
            return {"loss": None, "loss_reason": "the classes answered are known, and no probabilities"}
        return {"loss": metrics.log_loss(self.probabilities, self.labels)}

    def _group_record(self) -> dict[str, Any]:
        if self.groups is None:
            return {}
        effective = effective_images(self.labels == self.predicted, self.groups)
        return {"groups": self.group_count, "effective_images": effective}

    def _per_class(self) -> dict[str, Any]:
        scores = dict(zip(self.classes, metrics.per_class_scores(self.confusion), strict=True))
        if self.groups is not None:
            for label in np.unique(self.labels).tolist():
                rows = np.flatnonzero(self.labels == label)
                interval = share_interval(self.predicted[rows] == label, self.groups[rows])
                scores[self.classes[label]]["recall_ci95"] = list(interval)
        return scores

    def _macro_intervals(self) -> dict[str, Any]:
        found, reason = macro_intervals(self.confusion) if self.groups is None else (None, _NO_MACRO)
        names = ("macro_precision", "macro_recall", "macro_f1")
        intervals = {f"{name}_ci95": list(found[name]) if found else None for name in names}
        return {**intervals, "macro_ci95_reason": reason}

    def _confusion_record(self) -> dict[str, Any]:
        if len(self.classes) <= _FULL_CONFUSION:
            return {"confusion": self.confusion.tolist()}
        true, predicted = np.nonzero(self.confusion)
        cells = np.stack([true, predicted, self.confusion[true, predicted]], axis=1)
        return {
            "confusion": None,
            "confusion_reason": f"over {_FULL_CONFUSION:,} classes only the cells that are not 0 are written",
            "confusion_cells": cells.tolist(),
        }

    def as_record(self) -> dict[str, Any]:
        """The content of `evaluation.json`."""
        return {
            "schema": 1,
            "classes": list(self.classes),
            "fingerprint": self.fingerprint,
            "model": dict(self.model),
            "test": self.test,
            **{name: record_of(part) for name, part in self.parts.items()},
        }

    def mistakes(self, limit: int | None = None) -> NDArray[np.int64]:
        """Rows of wrongly predicted images, the most confident first, at most `limit`."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")][:limit]

    def plot_confusion(self) -> "Figure":
        """The confusion matrix, as a matplotlib figure."""
        return figure_of("results", "plot_confusion", self)

    def __repr__(self) -> str:
        low, high = self.accuracy_ci95
        return (
            f"Evaluation(n={len(self.labels):,}, accuracy={self.accuracy:.4f}, "
            f"95 % interval {low:.4f}-{high:.4f})"
        )

    def _repr_html_(self) -> str:
        rows = [
            (name, *(metrics.shown(s[key]) for key in ("precision", "recall", "f1")), s["support"])
            for name, s in self.test["per_class"].items()
        ]
        by_class = html_table(("class", "precision", "recall", "F1", "images"), rows, repr(self))
        drawn = picture_html(self.plot_confusion(), f"Confusion matrix. {self!r}")
        return by_class + self._honest_html() + drawn

    def _honest_html(self) -> str:
        if self.honest is None:
            return ""
        entries = {name: getattr(self.honest, name) for name in ENTRIES}
        rows = [
            (name.replace("_", " "), metrics.shown(e.accuracy, 4), f"{e.n:,}")
            for name, e in entries.items()
            if e is not None
        ]
        return html_table(("test images", "accuracy", "images"), rows, "The score without doubtful images")
