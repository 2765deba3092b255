"""Predictions of a classifier with abstention: probabilities, confidence and out-of-distribution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.deployment.onnx_model import Answers, OnnxModel


@dataclass(frozen=True, eq=False)
class Judged:
    """probabilities: `(n, k)`, each row summing to 1. familiar, answered: bool `(n,)`; None where the model
    has no gate, or no rule."""

    probabilities: NDArray[np.float64] | NDArray[np.float32]
    familiar: NDArray[np.bool_] | None
    answered: NDArray[np.bool_] | None


def file_answers(file: OnnxModel, images: NDArray[np.uint8]) -> Answers:
    """All outputs of the file, asked about few images at a time."""
    parts = [file.run(part) for part in file.parts(images)] or [file.run(images)]
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def of_answers(file: OnnxModel, answers: Answers) -> Judged:
    """The file's outputs, without those that mean nothing where it has no gate or no rule."""
    ruled = file.metadata.max_risk is not None
    return Judged(answers.probabilities, file.familiar(answers), answers.answered if ruled else None)
