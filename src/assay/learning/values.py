"""`History`, `LayerRow`, `ModelSummary` and `Model`: what training gives. Nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.text import csv_text, html_table
from assay.data.preprocessing import Preprocessing

#: The columns of `history.csv`, in order.
HISTORY_COLUMNS: Final = (
    "epoch",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
)


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, counted from 1. Losses are means per image; without a validation split its two are None.

    train_loss, train_accuracy: running figures over the epoch's batches, as the weights changed.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True)
class History:
    """One record per epoch."""

    records: tuple[EpochRecord, ...] = ()

    def csv(self) -> str:
        """The content of `history.csv`."""
        rows = [[getattr(r, column) for column in HISTORY_COLUMNS] for r in self.records]
        return csv_text(HISTORY_COLUMNS, rows)

    def as_record(self) -> list[dict[str, Any]]:
        """The records as JSON types."""
        return [asdict(record) for record in self.records]

    @classmethod
    def from_record(cls, records: Sequence[Mapping[str, Any]]) -> "History":
        """The history that `as_record` described."""
        return cls(tuple(EpochRecord(**record) for record in records))

    def _repr_html_(self) -> str:
        rows = [["" if v is None else f"{v:.4g}" for v in asdict(r).values()] for r in self.records]
        return html_table(HISTORY_COLUMNS, rows, "Training history")


@dataclass(frozen=True)
class LayerRow:
    """One line of the model table: `output_shape` begins with None for the batch."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    multiply_adds: int
    purpose: str


@dataclass(frozen=True)
class ModelSummary:
    """The model table and its totals. `bytes`: the weights as float32."""

    layers: tuple[LayerRow, ...]
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    bytes: int

    def as_record(self) -> dict[str, Any]:
        """The summary as JSON types."""
        record = asdict(self)
        record["layers"] = [{**asdict(row), "output_shape": list(row.output_shape)} for row in self.layers]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ModelSummary":
        """The summary that `as_record` described."""
        layers = tuple(
            LayerRow(**{**row, "output_shape": tuple(row["output_shape"])}) for row in record["layers"]
        )
        return cls(**{**record, "layers": layers})


@dataclass(frozen=True, eq=False)
class Model:
    """A trained classifier: plain arrays and everything needed to use them again.

    weights: name to float32 array, named as in the torch module.
    recipe: the resolved recipe as JSON types (its `name`, model, options, training settings).
    fingerprints: of the data it was trained on, by split. versions: of the libraries that made it.
    scores: figures known at the end of training (last epoch), not the test score.
    """

    weights: Mapping[str, NDArray[np.float32]]
    recipe: Mapping[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    layers: ModelSummary
    history: History
    fingerprints: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
