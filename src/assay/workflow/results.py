"""`Results`: what a run has found, handed to the files of its folder. Loads no matplotlib."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.audits.measures.pixel_sums import Measurements
from assay.audits.values import Audit
from assay.data.decisions import Decided
from assay.data.splitting.stratified import HoldOut
from assay.data.values import PURPOSES, Dataset
from assay.evaluation.values import Evaluation
from assay.training.classifier import Model


@dataclass(frozen=True, eq=False)
class Results:
    """What a run has found so far; the later values are None where it did not go so far.

    decided: what follows for these data from the decisions that the run was given. look_at: test images that
    the report is asked to show the model's looks at.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    audit: Audit
    decided: Decided
    held: HoldOut | None = None
    model: Model | None = None
    evaluation: Evaluation | None = None
    look_at: tuple[int, ...] = ()

    def headline(self) -> dict[str, Any]:
        """The figures that sum the run up."""
        figures: dict[str, Any] = {"areas": self.audit.area_verdicts()}
        if self.evaluation is not None:
            figures["accuracy"] = self.evaluation.accuracy
            figures["accuracy_ci95"] = list(self.evaluation.accuracy_ci95)
        return figures

    def partition(self) -> list[dict[str, Any]]:
        """The partition as used: `train` without what was held out for validation."""
        rows = self.dataset.partition_table()
        if self.held is None:
            return rows
        labels, k = self.decided.labelled("train", self.dataset.train).labels, len(self.dataset.classes)
        used = [
            {
                "split": name,
                "count": len(part),
                "per_class": np.bincount(labels[part], minlength=k).tolist(),
                "purpose": PURPOSES[name],
            }
            for name, part in (("train", self.held.train), ("validation", self.held.validation))
            if len(part)
        ]
        return used + [row for row in rows if row["split"] != "train"]
