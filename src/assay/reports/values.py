"""`Results`: what a run found, from stages to files. `Figure` and `Table`: one picture, and its data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
from assay.audits.values import Audit
from assay.data.decisions import Decision
from assay.data.preprocessing import Preprocessing
from assay.data.values import Dataset
from assay.evaluation.values import Evaluation
from assay.training.model.values import History, ModelSummary


@dataclass(frozen=True, eq=False)
class Saliency:
    """Which places the model's answers to some test images rest on.

    rows: int64 `(n,)`, of the test split. maps: float64 `(n, h, w)`: by how much the logarithm of the odds of
    the answer against the label (of a right answer: against the next best) falls where a place is covered; on
    average over the covers that touch it.
    """

    rows: NDArray[np.int64]
    maps: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Results:
    """What a run has found so far; of an audit alone the later values are None.

    The one value that goes from the stages to the files, the report and the end of the command: a new figure
    or finding takes what it needs from here.

    measurements: per split name, over the whole split.
    partition: rows `split, count, per_class, purpose` as they were used, the validation split among
        them; empty: the data set's own splits.
    saliency: where the model looked in its most confident mistakes. asked: in images that somebody asked for.
    features: what the model computes for each test image before its last layer, `(n, d)`.
    decisions: what a person decided before this run, which was given them. look_at: test images that the
        report is asked to show the model's looks at.
    seed, recipe, config: what was asked for, as JSON types. reason: why the data chose or changed
        the recipe. commands: shell lines that repeat the run.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    audit: Audit
    partition: Sequence[Mapping[str, Any]] = ()
    preprocessing: Preprocessing | None = None
    layers: ModelSummary | None = None
    history: History | None = None
    evaluation: Evaluation | None = None
    saliency: Saliency | None = None
    asked: Saliency | None = None
    features: NDArray[np.float32] | None = None
    recipe: Mapping[str, Any] | None = None
    reason: str = ""
    seed: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    look_at: tuple[int, ...] = ()

    def headline(self) -> dict[str, Any]:
        """The figures that sum the run up."""
        figures: dict[str, Any] = {"areas": self.audit.area_verdicts()}
        if self.evaluation is not None:
            figures["accuracy"] = self.evaluation.accuracy
            figures["accuracy_ci95"] = list(self.evaluation.accuracy_ci95)
        return figures


@dataclass(frozen=True)
class Table:
    """A table for people: every cell is already the text to show. note: how to read it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture, in words too.

    svg: for the page; its colors are the page's, so it can be read in light and dark. png: on white.
    narrow: the same drawn for a phone; empty where `svg` rearranges itself.
    alt: the picture in one sentence, for those who do not see it.
    shows, reveals, found: what it shows, which problem it would reveal, what was found in these data.
    table: the data behind it. left_out: what was too much to draw; empty where all is drawn.
    record: figures that no other file of the run has, as JSON types, for `report.json`.
    """

    name: str
    title: str
    svg: str
    png: bytes
    alt: str
    shows: str
    reveals: str
    found: str
    table: Table
    left_out: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    narrow: str = ""
