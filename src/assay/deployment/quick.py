"""Fast prediction through the ONNX form of a model: that loads in 0.2 s, torch in 1.5.

The file's answers differ from the model's in the last digits. Where these could decide anything - two classes
as probable as each other, a confidence or a distance at its threshold - the model itself is asked.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.export.proof import DISTANCE_TOLERANCE, tolerance_of
from assay.deployment.judging import Judged, file_answers, of_answers
from assay.deployment.onnx_model import Answers, OnnxModel
from assay.training.classifier import Model
from assay.training.closed_forms import CLOSED_FORMS, WITH_TORCH
from assay.training.recipes import validated


@dataclass(frozen=True, eq=False)
class Quick:
    """A model, and the file that it would be exported to."""

    model: Model
    file: OnnxModel

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the probabilities."""
        return self.model.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes an image."""
        return self.model.preprocessing


def quick(model: Model) -> Model | Quick:
    """The model as it answers soonest in a new process: by a file where it would load torch."""
    recipe = validated(model.recipe)
    by_numpy = recipe.model in CLOSED_FORMS and recipe.model not in WITH_TORCH
    if by_numpy or any(find_spec(name) is None for name in ("onnx", "onnxruntime")):
        return model
    try:
        return Quick(model, OnnxModel.of(onnx_bytes(model), recipe.name))
    except AssayError as error:
        if error.code != "recipe-does-not-fit":
            raise
        return model  # a net of somebody's own, with a layer that has no rule


def judged_by_model(model: Model | Quick, images: NDArray[np.uint8]) -> Judged:
    """What the model says of images uint8 `(n, h, w, c)`. Raises AssayError as `Model.predict_proba`."""
    if isinstance(model, Model):
        return _by_itself(model, images)
    answers = file_answers(model.file, images)
    found, near = of_answers(model.file, answers), near_a_boundary(model.model, answers)
    return _with_rows(found, near, _by_itself(model.model, images[near])) if near.any() else found


def _by_itself(model: Model, images: NDArray[np.uint8]) -> Judged:
    probabilities, distances = model.predict_proba(images), model.distances(images)
    familiar = model.limits.familiar(distances)
    return Judged(probabilities, familiar, model.limits.answered(probabilities.max(axis=1), distances))


def near_a_boundary(model: Model, answers: Answers) -> NDArray[np.bool_]:
    """Images of which the last digits could decide something, bool `(n,)`."""
    limits, tolerance = model.limits, tolerance_of(model)
    highest = np.sort(answers.probabilities, axis=1)[:, -2:]
    # Not `<=`: what is no number is near everything. Of two probabilities both may be off.
    near: NDArray[np.bool_] = ~(highest[:, -1] - highest[:, 0] > 2 * tolerance)
    if limits.rule is not None and limits.rule.threshold is not None:
        near |= ~(np.abs(highest[:, -1] - limits.rule.threshold) > tolerance)
    if limits.gate is not None:
        near |= ~(np.abs(answers.ood_score / limits.gate.threshold - 1) > DISTANCE_TOLERANCE)
    return near


def _with_rows(found: Judged, rows: NDArray[np.bool_], own: Judged) -> Judged:
    """The answers, those of some rows replaced."""

    def joined(old: Any, new: Any) -> Any:
        if old is None or new is None:
            return new
        whole = old.copy()
        whole[rows] = new
        return whole

    names = ("probabilities", "familiar", "answered")
    return Judged(*(joined(getattr(found, name), getattr(own, name)) for name in names))
