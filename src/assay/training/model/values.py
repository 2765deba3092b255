"""`History`, `LayerRow`, `ModelSummary` and `ModelData`: what training gives. Nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.table import figure_of, picture_html
from assay.core.text import counted, csv_text, html_table
from assay.data.preprocessing import Preprocessing
from assay.training.model.limits import Limits
from assay.training.model.own_net import OwnNet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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

    learning_rate: that of the epoch's last step; None for what is fitted in closed form.
    train_loss, train_accuracy: running figures over the epoch's batches, as the weights changed, the accuracy
    over all training images (one that the epoch did not show counts by when it was last seen); in closed form
    those of the training images, each judged by a fit that did not see it.
    """

    epoch: int
    learning_rate: float | None
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None

    def scores(self) -> dict[str, float | None]:
        """The four figures of how well the model does."""
        return {key: value for key, value in asdict(self).items() if key not in ("epoch", "learning_rate")}


@dataclass(frozen=True)
class History:
    """One record per epoch. validation_images: behind the figures of validation; None where not known."""

    records: tuple[EpochRecord, ...] = ()
    validation_images: int | None = None

    @property
    def closed_form(self) -> bool:
        """Whether the weights were computed at once: the one record is then no epoch."""
        return bool(self.records) and all(record.learning_rate is None for record in self.records)

    def plot(self) -> "Figure":
        """Loss and accuracy per epoch, as a matplotlib figure."""
        return figure_of("results", "plot_curves", self)

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

    def __repr__(self) -> str:
        if not self.records:
            return "History(no epochs)"
        last = self.records[-1]
        known = {key: value for key, value in last.scores().items() if value is not None}
        course = "closed form" if self.closed_form else counted(len(self.records), "epoch", "epochs")
        return f"History({course}, {', '.join(f'{k} {v:.4f}' for k, v in known.items())})"

    def _repr_html_(self) -> str:
        rows = [["" if v is None else f"{v:.4g}" for v in asdict(r).values()] for r in self.records]
        table = html_table(HISTORY_COLUMNS, rows, "Training history")
        return table + (picture_html(self.plot(), f"Loss and accuracy. {self!r}") if len(rows) > 1 else "")


@dataclass(frozen=True)
class LayerRow:
    """One line of the model table: `output_shape` begins with None for the batch."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    multiply_adds: int
    purpose: str


#: Kinds of rows that stand for a whole convolutional net with weights from elsewhere, which are not trained.
PRETRAINED_KINDS: Final = frozenset({"EfficientNet-Lite0", "EfficientNet-Lite2", "FrozenBlocks"})


_SUMMARY_HEADER: Final = ("Layer", "Kind", "Output shape", "Parameters", "Multiply-adds", "What it does")


def _summary_cells(row: LayerRow) -> tuple[str, ...]:
    shape = str(row.output_shape)
    return row.name, row.kind, shape, f"{row.parameters:,}", f"{row.multiply_adds:,}", row.purpose


@dataclass(frozen=True)
class ModelSummary:
    """The model table and its totals. `bytes`: the weights as float32."""

    layers: tuple[LayerRow, ...]
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    bytes: int

    def text(self) -> str:
        """The table, its totals, and what each layer does, as plain text narrow enough for a terminal."""
        rows = [_SUMMARY_HEADER[:-1], *(_summary_cells(row)[:-1] for row in self.layers)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "-" * max(map(len, lines)))
        totals = (
            f"Total parameters: {self.parameters:,} ({self.bytes / 1024:,.2f} KB)",
            f"Trainable parameters: {self.trainable_parameters:,}",
            f"Multiply-adds per image: {self.multiply_adds:,}",
        )
        purposes = [f"{row.name}: {row.purpose}" for row in self.layers if row.purpose]
        return "\n".join([*lines, lines[1], *totals, "", *purposes])

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
class ModelData:
    """What a trained classifier consists of: plain arrays and everything needed to use them again.

    weights: name to float32 array; of a net named as in the torch module.
    recipe: the resolved recipe as JSON types (its `name`, model, options, training settings).
    fingerprints: of the data it was trained on, by split. versions: of the libraries that made it.
    scores: figures known at the end of training (last epoch), not the test score.
    limits: how sure it may sound, when it should not answer, what is familiar to it.
    own_net: the net that its user brought, which no record describes; None for Assay's own.
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
    limits: Limits = field(default_factory=Limits)
    own_net: OwnNet | None = None

    def costs(self) -> dict[str, Any]:
        """What a prediction costs: the `model` of `evaluation.json`."""
        table = self.layers.as_record()
        return {"recipe": self.recipe["name"], **{key: table[key] for key in table if key != "layers"}}

    def __repr__(self) -> str:
        size = f"{self.layers.parameters:,} parameters"
        return f"Model({self.recipe['name']}, {size}, {len(self.classes)} classes)"

    def summary(self) -> str:
        """The model table as plain text."""
        return self.layers.text()

    def _repr_html_(self) -> str:
        rows = [_summary_cells(row) for row in self.layers.layers]
        title = f"{self.recipe['name']}: {self.layers.parameters:,} parameters"
        return html_table(_SUMMARY_HEADER, rows, title)
