"""Every file of a run folder, written from the values that the stages gave."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.audits.measure import Measurements
from assay.audits.values import Audit
from assay.core import durable
from assay.data.decisions import Decided
from assay.data.hold_out import HoldOut
from assay.data.values import PURPOSES, Dataset
from assay.evaluation.evaluate import predictions_csv
from assay.evaluation.values import Evaluation
from assay.learning.features import features_of
from assay.learning.values import Model
from assay.reports.html import write_report
from assay.reports.map_figure import MOST_FEATURES
from assay.reports.saliency import Saliency, look_where
from assay.reports.values import ReportContent


@dataclass(frozen=True, eq=False)
class Results:
    """What a run has found so far; the later values are None where it did not go so far.

    decided: what follows for these data from the decisions that the run was given.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    audit: Audit
    decided: Decided
    held: HoldOut | None = None
    model: Model | None = None
    evaluation: Evaluation | None = None

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


def write_results(folder: Path, results: Results, config: Mapping[str, Any]) -> None:
    """Write audit.json, issues.csv and, as far as the run went, model, history, scores, predictions;
    last the figures and the report."""
    results.audit.save(folder)
    if results.model is not None:
        results.model.save(folder / "model")
        durable.write_text(folder / "history.csv", results.model.history.csv())
    if results.evaluation is not None:
        durable.write_json(folder / "evaluation.json", results.evaluation.as_record())
        table = predictions_csv(results.evaluation, results.dataset.splits["test"], "test")
        durable.write_text(folder / "predictions.csv", table)
    write_report(folder, _report_content(results, config))


#: The surest mistakes whose images are covered place by place, to see what the model looked at.
LOOKED_AT = 12


def saliency(results: Results, count: int = LOOKED_AT) -> Saliency | None:
    """Where the model looked in its `count` surest mistakes; None without a model or a test split."""
    model, score = results.model, results.evaluation
    if model is None or score is None or "test" not in results.dataset.splits:
        return None
    total = results.measurements["train"]
    average = total.sums.sum(axis=0) / max(1, int(total.counts.sum()))
    test = results.dataset.splits["test"]
    return look_where(model.predict_proba, model.layers.multiply_adds, test, score, average, count)


def _features(results: Results) -> NDArray[np.float32] | None:
    """What the model computes for each test image before its last layer; None where that is too much."""
    if results.model is None or results.evaluation is None or "test" not in results.dataset.splits:
        return None
    _, blocks = features_of(results.model, results.dataset.splits["test"].blocks())
    first = next(blocks, None)
    if first is None or first.shape[1] > MOST_FEATURES:
        return None
    return np.concatenate([first, *blocks])


def _report_content(results: Results, config: Mapping[str, Any]) -> ReportContent:
    model = results.model
    return ReportContent(
        dataset=results.dataset,
        measurements=results.measurements,
        audit=results.audit,
        partition=results.partition(),
        preprocessing=model.preprocessing if model else None,
        layers=model.layers if model else None,
        history=model.history if model else None,
        evaluation=results.evaluation,
        saliency=saliency(results),
        features=_features(results),
        recipe=model.recipe if model else None,
        seed=config.get("seed") if model else None,
        config=config,
        commands=_commands(config),
    )


def _commands(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The shell line that repeats the run from its own configuration."""
    return (f"assay {config.get('command', 'run')} --config config.toml --out ANOTHER_FOLDER",)
