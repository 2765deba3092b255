"""Assessment of predictions: calibration, abstention, OOD gate, slices and adjusted accuracies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.data.values import Column
from assay.evaluation.adjusted_accuracy import FlaggedTestImages, adjusted_accuracy, nothing_flagged
from assay.evaluation.calibration import Calibration, calibrate
from assay.evaluation.ood import Gate, OutOfDistribution
from assay.evaluation.selective import Abstention, Rule, count_answered, risk_coverage
from assay.evaluation.slices import slice_scores
from assay.evaluation.values import Evaluation


@dataclass(frozen=True, eq=False)
class Evidence:
    """What others know of the model and of the images judged, in their order.

    temperature: that the probabilities were made with, fitted on so many validation images, or the reason
    why on none. rule, gate: as they stand in the model, `rule` without its figures on the test images.
    familiar: bool `(n,)`, which images the gate lets through; None without a gate.
    figures: float `(n,)` by name, measured on the images. columns: their metadata.
    """

    temperature: float = 1.0
    temperature_reason: str = ""
    fitted_images: int = 0
    flagged_test: FlaggedTestImages = field(default_factory=lambda: nothing_flagged("no audit was given"))
    rule: Rule | None = None
    rule_reason: str = ""
    gate: Gate | None = None
    gate_reason: str = ""
    familiar: NDArray[np.bool_] | None = None
    figures: Mapping[str, NDArray[np.floating[Any]]] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)


def assess(evaluation: Evaluation, evidence: Evidence, seed: int = 0) -> Evaluation:
    """The evaluation with all that follows from the evidence. n >= 1."""
    labels, predicted = evaluation.labels, evaluation.predicted
    right = labels == predicted
    return replace(
        evaluation,
        honest=adjusted_accuracy(
            labels, predicted, len(evaluation.classes), evidence.flagged_test, seed, evaluation.groups
        ),
        calibration=None if evaluation.labels_only else _calibration(evaluation, evidence),
        abstention=None if evaluation.labels_only else _abstention(evaluation, right, evidence),
        out_of_distribution=OutOfDistribution(evidence.gate, evidence.gate_reason),
        slices=slice_scores(
            right, labels, evaluation.classes, evidence.figures, evidence.columns, evaluation.groups
        ),
    )


def _calibration(evaluation: Evaluation, evidence: Evidence) -> Calibration:
    return calibrate(
        evaluation.probabilities,
        evaluation.labels,
        evidence.temperature,
        evidence.temperature_reason,
        evidence.fitted_images,
        evaluation.groups,
    )


def _abstention(evaluation: Evaluation, right: NDArray[np.bool_], evidence: Evidence) -> Abstention:
    confidence = evaluation.confidence
    curve, mean_risk = risk_coverage(confidence, right)
    rule = evidence.rule
    if rule is not None:
        usable = with_ood_last(confidence, evidence.familiar)
        rule = replace(rule, test=count_answered(usable, right, rule.threshold, evaluation.groups))
    return Abstention(curve, mean_risk, rule, evidence.rule_reason)


def with_ood_last(confidence: NDArray[np.float64], familiar: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """The confidences, those of strange images -1: they are never answered, however sure the model is."""
    return confidence if familiar is None else np.where(familiar, confidence, -1.0)
