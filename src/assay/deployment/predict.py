"""Classifying picture files with a trained model."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.decoding.given import BATCH, Fitted, Picture, fitted
from assay.data.formats.signatures import OTHER_SUFFIXES
from assay.data.listing.names import natural_key
from assay.data.listing.walk import OF_NO_ACCOUNT, glance, in_order
from assay.deployment.judging import Judged, file_answers, of_answers
from assay.deployment.not_pictures import with_way_on
from assay.deployment.onnx_model import OnnxModel

if TYPE_CHECKING:
    from assay.deployment.quick import Quick
    from assay.training.classifier import Model

    Classifier: TypeAlias = Model | OnnxModel | Quick


@dataclass(frozen=True)
class Unread:
    """A picture that could not be read, and why."""

    file: str
    error: AssayError

    def as_record(self) -> dict[str, Any]:
        """As JSON types."""
        return {"file": self.file, "error": f"{self.error.code}: {self.error.what}"}


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture. probabilities: by class name, summing to 1.

    familiar: whether it is like the training images; None where the model cannot tell. answered: whether the
    model should answer at all (see `--max-risk`); None where no risk was named. It is sure enough of what it
    answers, and the picture is familiar. note: what of the file was not looked at (frames after the first).
    """

    file: str
    predicted: str
    probability: float
    probabilities: dict[str, float]
    familiar: bool | None = None
    answered: bool | None = None
    note: str = ""

    def as_record(self) -> dict[str, Any]:
        """The prediction as JSON types; `note` only where there is one."""
        return {key: value for key, value in vars(self).items() if key != "note" or value}


def predict_files(model: "Classifier", files: Picture | Iterable[Picture]) -> list[Prediction]:
    """Read each picture as training did and classify it; bytes are the content of a picture file.

    files: several pictures, or one. Raises AssayError `image-unreadable` or `file-missing` for the first that
    cannot be read.
    """
    alone = isinstance(files, str | bytes) or not isinstance(files, Iterable)
    predictions: list[Prediction] = []
    for found in predict_each(model, cast("Iterable[Picture]", [files] if alone else files)):
        if isinstance(found, Unread):
            raise found.error
        predictions.append(found)
    return predictions


def predict_each(model: "Classifier", files: Iterable[Picture]) -> Iterator[Prediction | Unread]:
    """The same, in order, and for a picture that cannot be read why not."""
    waiting = iter(files)
    while batch := list(islice(waiting, BATCH)):
        read = [_read(model, file) for file in batch]
        found = [one for one in read if not isinstance(one, Unread)]
        names = [_name(file) for file, one in zip(batch, read, strict=True) if not isinstance(one, Unread)]
        answers = iter(_predict_batch(model, found, names) if found else ())
        yield from (one if isinstance(one, Unread) else next(answers) for one in read)


def _untold(path: str, reason: str) -> None:
    """For those who do not ask what was left out."""


def pictures_below(files: Iterable[str], leave_out: Callable[[str, str], None] = _untold) -> Iterator[str]:
    """The files named, and of a folder all files in it and below, in natural order, as `folder/name`.

    A name with `*`, `?` or `[` that no file has is a pattern (`**` for any depth), and stands for what it
    matches. Hidden files, links in folders, and files that are no pictures by their name (texts, tables,
    archives) are left out. leave_out: told each of these but the hidden ones, with the reason. Raises
    AssayError `file-missing` where a pattern matches nothing.
    """
    for name in files:
        for file in _matching(name):
            folder = Path(file)
            if not folder.is_dir():
                yield file
                continue
            walk = in_order(glance(folder))
            for left in walk.left_out:
                if left.reason not in OF_NO_ACCOUNT:
                    leave_out(str(folder / left.id), left.reason)
            for below in walk.files:
                if Path(below).suffix.lower() not in OTHER_SUFFIXES:
                    yield str(folder / below)
                else:
                    leave_out(str(folder / below), "no picture by its name")


def _matching(name: str) -> list[str]:
    if not glob.has_magic(name) or os.path.lexists(name):
        return [name]
    found = sorted(glob.glob(name, recursive=True), key=natural_key)  # noqa: PTH207  as the user wrote it
    if not found:
        raise AssayError("file-missing", name, "no file matches the pattern", "Check the pattern.")
    return found


def _name(file: Picture) -> str:
    return str(file) if isinstance(file, str | Path) else "-"


def _read(model: "Classifier", file: Picture) -> Fitted | Unread:
    try:
        return fitted(file, model.preprocessing, _name(file))
    except AssayError as error:
        told = with_way_on(error, file) if isinstance(file, str | Path) else error
        return Unread(_name(file), told)


def _predict_batch(model: "Classifier", read: Sequence[Fitted], names: Sequence[str]) -> list[Prediction]:
    found = judged(model, np.stack([one.image for one in read]))
    familiar, answered = _each(found.familiar, len(names)), _each(found.answered, len(names))
    return [
        Prediction(
            file=name,
            predicted=model.classes[int(row.argmax())],
            probability=float(row.max()),
            probabilities=dict(zip(model.classes, row.tolist(), strict=True)),
            familiar=known,
            answered=given,
            note=one.lost,
        )
        for name, one, row, known, given in zip(
            names, read, found.probabilities, familiar, answered, strict=True
        )
    ]


def judged(classifier: "Classifier", images: NDArray[np.uint8]) -> Judged:
    """What the classifier says of images uint8 `(n, h, w, c)`. Raises AssayError as its `predict_proba`."""
    if isinstance(classifier, OnnxModel):
        return of_answers(classifier, file_answers(classifier, images))
    # Only now: a file is asked without loading what trains.
    from assay.deployment.quick import judged_by_model

    return judged_by_model(classifier, images)


def _each(answers: NDArray[np.bool_] | None, count: int) -> list[bool | None]:
    """One answer for each picture; None where the model has none to give."""
    return [None] * count if answers is None else list(answers.tolist())
