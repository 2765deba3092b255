"""Every file of a run folder, written from the values that the stages gave."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.label_quality import label_quality_lines
from assay.core import durable
from assay.core.errors import AssayError
from assay.data.decisions import decided_in
from assay.evaluation.evaluate import predictions_csv
from assay.evaluation.values import Evaluation
from assay.reports.figures.embedding import MOST_FEATURES
from assay.reports.findings.occlusion import affordable, look_where
from assay.reports.page.html import write_report
from assay.reports.values import Results, Saliency
from assay.training.classifier import Model
from assay.training.inference.features import features_of


def write_results(folder: Path, results: Results, model: Model | None) -> None:
    """Write audit.json, issues.csv and, as far as the run went, model, history, scores, predictions;
    last the figures and the report."""
    results = replace(_looked_into(results, model), decisions=decided_in(folder))
    save_audit(folder, results)
    if model is not None:
        model.save(folder / "model")
        durable.write_text(folder / "history.csv", model.history.csv())
    if results.evaluation is not None:
        durable.write_json(folder / "evaluation.json", results.evaluation.as_record())
        table = predictions_csv(results.evaluation, results.dataset.splits["test"], "test")
        durable.write_text(folder / "predictions.csv", table)
    write_report(folder, results)


def save_audit(folder: Path, results: Results) -> None:
    """Write audit.json, issues.csv and, where labels were to be judged, label_quality.csv."""
    results.audit.save(folder)
    if results.audit.label_quality is not None:
        lines = label_quality_lines(results.audit.label_quality, results.dataset)
        with durable.create(folder / "label_quality.csv") as file:
            while some := "".join(islice(lines, _LINES)):
                file.write(durable.utf_8(some))


#: Lines of a table that are written at once.
_LINES: Final = 4096


#: The surest mistakes whose images are covered place by place, to see what the model looked at.
LOOKED_AT = 12

#: Images that somebody can ask for.
MOST_ASKED = 48


def _looked_into(results: Results, model: Model | None) -> Results:
    """With what the model makes of single test images; as it is without a model that was tested here."""
    score, asked = results.evaluation, asked_rows(results)
    if model is None or score is None or "test" not in results.dataset.splits:
        return results
    unasked = score.mistakes(min(LOOKED_AT, affordable(model.layers.multiply_adds)))
    return replace(
        results,
        saliency=saliency(results, model, score, unasked),
        asked=saliency(results, model, score, asked) if results.look_at else None,
        features=_features(results, model),
    )


def saliency(results: Results, model: Model, score: Evaluation, rows: NDArray[np.int64]) -> Saliency:
    """Where the model looked in some test images."""
    total = results.measurements["train"]
    average = total.sums.sum(axis=0) / max(1, int(total.counts.sum()))
    test = results.dataset.splits["test"]
    return look_where(model.predict_proba, model.layers.multiply_adds, test, score, average, rows)


def asked_rows(results: Results) -> NDArray[np.int64]:
    """The test images asked for. Raises AssayError `bad-value` where there are no such, or too many."""
    asked = results.look_at
    count = len(results.evaluation.labels) if results.evaluation else 0
    unknown = [row for row in asked if not 0 <= row < count]
    if unknown or len(asked) > MOST_ASKED:
        what = f"there is no test image {unknown[0]}" if unknown else f"{len(asked)} images are asked for"
        fix = f"Name up to {MOST_ASKED} by their index in predictions.csv, which counts from 0."
        raise AssayError("bad-value", "--look-at", what, fix)
    return np.array(asked, np.int64)


def _features(results: Results, model: Model) -> NDArray[np.float32] | None:
    """What the model computes for each test image before its last layer; None where that is too much."""
    _, blocks = features_of(model, results.dataset.splits["test"].blocks())
    first = next(blocks, None)
    if first is None or first.shape[1] > MOST_FEATURES:
        return None
    return np.concatenate([first, *blocks])
