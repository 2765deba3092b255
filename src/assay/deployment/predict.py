"""Classifying picture files with a trained model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.text import csv_text
from assay.data.decoding.image import fit_image, read_image
from assay.training.classifier import Model

#: Pictures held in memory at a time.
_BATCH = 256


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture. probabilities: by class name, summing to 1.

    familiar: whether it is like the training images; None where the model cannot tell. answered: whether the
    model should answer at all (see `--max-risk`); None where no risk was named. It is sure enough of what it
    answers, and the picture is familiar.
    """

    file: str
    predicted: str
    probability: float
    probabilities: dict[str, float]
    familiar: bool | None = None
    answered: bool | None = None

    def as_record(self) -> dict[str, Any]:
        """The prediction as JSON types."""
        return dict(vars(self))


def predict_files(model: Model, files: Iterable[str | Path | bytes]) -> list[Prediction]:
    """Read each picture as training did and classify it; bytes are the content of a picture file.

    Raises AssayError `image-unreadable` or `file-missing` for the first that cannot be read.
    """
    chosen = list(files)
    predictions: list[Prediction] = []
    for start in range(0, len(chosen), _BATCH):
        predictions += _predict_batch(model, chosen[start : start + _BATCH])
    return predictions


def _predict_batch(model: Model, files: Sequence[str | Path | bytes]) -> list[Prediction]:
    sources = [file if isinstance(file, bytes) else Path(file) for file in files]
    images = np.stack([fit_image(read_image(source), model.preprocessing) for source in sources])
    names = ["-" if isinstance(file, bytes) else str(file) for file in files]
    found, distances = model.predict_proba(images), model.distances(images)
    familiar = _each(model.limits.familiar(distances), len(names))
    answered = _each(model.limits.answered(found.max(axis=1), distances), len(names))
    return [
        Prediction(
            file=name,
            predicted=model.classes[int(row.argmax())],
            probability=float(row.max()),
            probabilities=dict(zip(model.classes, row.tolist(), strict=True)),
            familiar=known,
            answered=given,
        )
        for name, row, known, given in zip(names, found, familiar, answered, strict=True)
    ]


def _each(answers: NDArray[np.bool_] | None, count: int) -> list[bool | None]:
    """One answer for each picture; None where the model has none to give."""
    return [None] * count if answers is None else list(answers.tolist())


def predictions_text(predictions: Sequence[Prediction], classes: Sequence[str]) -> str:
    """The predictions as CSV: `file,predicted,probability,p:<class>...`.

    Where a risk was named a last column `answer` holds the class once more, or nothing where the model does
    not know.
    """
    header = ["file", "predicted", "probability", *(f"p:{name}" for name in classes)]
    ruled = any(p.answered is not None for p in predictions)
    return csv_text(header + ["answer"] * ruled, (_row(p) for p in predictions))


def _row(p: Prediction) -> list[object]:
    answer = [] if p.answered is None else [p.predicted if p.answered else None]
    return [p.file, p.predicted, p.probability, *p.probabilities.values(), *answer]
