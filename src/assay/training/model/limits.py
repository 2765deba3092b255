"""Limits of a model, fitted on validation images: temperature, abstention rule, out-of-distribution gate.

None of them changes which class the model answers.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.estimators.mahalanobis import OodSpace

#: Share of familiar pictures that the gate may turn away: one in a hundred.
FALSE_REFUSALS: Final = 0.01

NO_VALIDATION: Final = "no images were held out for validation"
NONE_UNKNOWN: Final = "every validation image is a copy of a training image, or of the same group as one"
NO_WISH: Final = "no --max-risk was given"
OLDER: Final = "the model was saved before there were limits"


@dataclass(frozen=True)
class Temperature:
    """Probabilities are `p ** (1 / value)`, summing to 1 again. images: that it was fitted on.

    reason: why it is 1 without having been fitted; empty where it was. right: how many of these images the
    whole model answers rightly; None in models saved before it was counted.
    """

    value: float = 1.0
    images: int = 0
    reason: str = NO_VALIDATION
    right: int | None = None


@dataclass(frozen=True)
class AnswerRule:
    """Answer where the confidence is at least `threshold`; None: never, and the reason.

    max_risk: the share of answers that may be wrong. n, answered, wrong: of the validation images.
    risk_ci95: the 95 % interval of their share; None without an answer, and in models saved before it was.
    """

    max_risk: float
    threshold: float | None
    reason: str
    n: int
    answered: int
    wrong: int
    risk_ci95: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class OodGate:
    """A picture farther than `threshold` from the training images is strange.

    layer: whose inputs are the features of `space`; `pixels` for models without layers. look: the space of
    features that need no training, for a net hardly sees what it was not trained to tell apart; the larger of
    both distances counts. None in models saved before there were two. false_refusal_rate: the share of
    familiar pictures that it calls strange. n, refused: of the validation images.
    """

    layer: str
    threshold: float
    false_refusal_rate: float
    n: int
    refused: int
    space: OodSpace
    look: OodSpace | None = None


@dataclass(frozen=True, eq=False)
class Limits:
    """rule, gate: None, and the reason, where there is none."""

    temperature: Temperature = field(default_factory=Temperature)
    rule: AnswerRule | None = None
    rule_reason: str = NO_WISH
    gate: OodGate | None = None
    gate_reason: str = NO_VALIDATION

    def familiar(self, distances: NDArray[np.float32] | None) -> NDArray[np.bool_] | None:
        """Which pictures the gate lets through, bool `(n,)`; None without a gate."""
        if self.gate is None or distances is None:
            return None
        return distances <= self.gate.threshold

    def answered(
        self, confidence: NDArray[np.float64], distances: NDArray[np.float32] | None
    ) -> NDArray[np.bool_] | None:
        """Which pictures the model should answer, bool `(n,)`; None without a rule.

        Those that it is sure enough of and, where there is a gate, that are familiar.
        """
        if self.rule is None:
            return None
        familiar = self.familiar(distances)
        if self.rule.threshold is None:
            return np.zeros(len(confidence), bool)
        sure = confidence >= self.rule.threshold
        return sure if familiar is None else sure & familiar


def unknown_limits() -> Limits:
    """Those of a model that was saved before there were any."""
    return Limits(Temperature(reason=OLDER), rule_reason=OLDER, gate_reason=OLDER)
