"""Classifying picture files with a trained model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assay.core.text import csv_text
from assay.data.images import fit_image, read_image
from assay.learning.values import Model

#: Pictures held in memory at a time.
_BATCH = 256


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture. probabilities: by class name, summing to 1."""

    file: str
    predicted: str
    probability: float
    probabilities: dict[str, float]

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
    return [
        Prediction(
            file=name,
            predicted=model.classes[int(row.argmax())],
            probability=float(row.max()),
            probabilities=dict(zip(model.classes, row.tolist(), strict=True)),
        )
        for name, row in zip(names, model.predict_proba(images), strict=True)
    ]


def predictions_text(predictions: Sequence[Prediction], classes: Sequence[str]) -> str:
    """The predictions as CSV: `file,predicted,probability,p:<class>...`."""
    header = ["file", "predicted", "probability", *(f"p:{name}" for name in classes)]
    rows = ([p.file, p.predicted, p.probability, *p.probabilities.values()] for p in predictions)
    return csv_text(header, rows)
