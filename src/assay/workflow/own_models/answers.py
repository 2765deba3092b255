"""What a model that Assay did not train answers to the test images, brought into one form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import detached, unmasked
from assay.core.errors import AssayError
from assay.core.memory import is_short
from assay.core.text import one_line, plain_cell
from assay.data.answers.class_columns import refuse_other_order
from assay.data.answers.class_probabilities import read_probabilities
from assay.data.foreign_code import FAILURES, told
from assay.data.named_rows import named_index, names_of_rows, rows_by_name
from assay.data.values import Dataset, Split
from assay.workflow.own_models.other_pixels import refuse_other_pixels

#: What a model is called that was trained elsewhere and has no name.
FOREIGN: Final = "own-model"


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers to the test images. probabilities: float64 `(n, k)`; labels_only: 1 for one class each."""

    name: str
    probabilities: NDArray[np.float64]
    labels_only: bool = False


#: A model that is right for so many test images is given its pixels as it wants them: it is asked no more.
_GOOD: Final = 0.9


class _Named:
    """Probabilities with the names of their columns, as a data frame has them."""

    def __init__(self, values: NDArray[Any], columns: Sequence[str]) -> None:
        self._values, self.columns = values, tuple(columns)

    def to_numpy(self) -> NDArray[Any]:
        """The numbers."""
        return self._values


def named_columns(probabilities: NDArray[np.float64], classes: Sequence[str]) -> _Named:
    """The probabilities as something whose columns have names."""
    return _Named(probabilities, classes)


def answers_of(model: Any, predictions: Any, probabilities: Any, dataset: Dataset) -> Answered:
    """The answers that were given, or those of a model with `predict_proba`.

    model: such an object; beside answers the name of their model, or None. Raises AssayError.
    """
    if predictions is None and probabilities is None:
        return _ask(model, dataset)
    if model is not None and not isinstance(model, str):
        raise AssayError("bad-value", "model", "a model and answers were given", "Give one of the two.")
    name = model or FOREIGN
    chosen = None if predictions is None else _numbers(predictions, dataset)
    if probabilities is None:
        assert chosen is not None
        return Answered(name, np.eye(len(dataset.classes))[chosen], labels_only=True)
    rows = read_probabilities(probabilities, dataset, "test", "probabilities").by_split["test"]
    if chosen is not None:
        differ = np.flatnonzero(rows.max(axis=1) > rows[np.arange(len(rows)), chosen])
        if len(differ):
            what = f"{len(differ):,} answers are not the most probable class (test image {differ[0]} first)"
            fix = "Give one of the two, or correct the order of rows or columns."
            raise AssayError("bad-arrays", "predictions", what, fix)
    return Answered(name, rows)


def _numbers(predictions: Any, dataset: Dataset) -> NDArray[np.int64]:
    """Answers, names or numbers, as class numbers. Raises AssayError `bad-arrays`, `class-names`."""
    plain = predictions.to_numpy() if hasattr(predictions, "to_numpy") else predictions
    given = np.asarray(unmasked(detached(plain), "predictions"))
    split, classes = dataset.splits["test"], dataset.classes
    given = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
    if given.shape != (len(split),):
        what = f"they are {given.shape}, there are {len(split):,} test images"
        raise AssayError("bad-arrays", "predictions", what, "Give one answer per test image, in order.")
    rows = names_of_rows(named_index(predictions, "predictions"), split.ids, classes)
    if rows is not None:
        given = given[rows_by_name(rows, split.ids, "predictions")]
    if given.dtype.kind == "f" and (given == np.floor(given)).all():
        given = given.astype(np.int64)
    if given.dtype.kind not in "iu" or not _counts_classes(given, classes):
        return _named(given, classes)
    found = given.astype(np.int64)
    way_on = "give the answers as names, numpy.array(data.classes)[predictions]"
    refuse_other_order(found, split.labels, classes, "predictions", "the numbers of the answers", way_on)
    return found


def _named(given: NDArray[Any], classes: Sequence[str]) -> NDArray[np.int64]:
    """Answers that are names, as class numbers."""
    number = {name: label for label, name in enumerate(classes)}
    texts = (name.decode() if isinstance(name, bytes) else str(name) for name in given.tolist())
    # A run's predictions.csv, read by other programs, has an apostrophe before names such as -x.
    names = [name if name in number else plain_cell(name) for name in texts]
    unknown = next((name for name in names if name not in number), None)
    if unknown is not None:
        fix = f"The classes are {', '.join(classes[:10])}."
        raise AssayError("class-names", "predictions", f"{unknown!r} is no class of the data", fix)
    return np.array([number[name] for name in names], np.int64)


def _counts_classes(given: NDArray[Any], classes: Sequence[str]) -> bool:
    """Whether numbers count the classes from 0; else they are the names of classes, as 1 to 5 may be.

    Raises AssayError `bad-arrays` where they are neither, or may be both.
    """
    named = all(str(number) in classes for number in np.unique(given).tolist())
    out = np.flatnonzero((given < 0) | (given >= len(classes)))
    if len(out) and not named:
        what = f"answer {out[0]} is {given[out[0]]}; classes count from 0 to {len(classes) - 1}"
        raise AssayError("bad-arrays", "predictions", what, "Give class numbers from 0, or names.")
    differs = next((n for n in given.tolist() if not len(out) and classes[n] != str(n)), None)
    if named and differs is not None:
        what = (
            f"the answer {differs} may be the class called {differs}, "
            f"or number {differs} counted from 0, the class called {one_line(classes[differs])}"
        )
        fix = (
            "Give names as text, numpy.array(predictions).astype(str), "
            "or of numbers the names, numpy.array(data.classes)[predictions]."
        )
        raise AssayError("bad-arrays", "predictions", what, fix)
    return not len(out)


def _ask(model: Any, dataset: Dataset) -> Answered:
    """Give a model the test images, block by block."""
    predict = getattr(model, "predict_proba", None)
    if predict is None:
        what = "there is no model with predict_proba, and no answers were given"
        fix = "Give a model, probabilities=..., or predictions=..."
        raise AssayError("bad-value", "model", what, fix)
    split = dataset.splits["test"]
    names = _classes_of(model, dataset)
    flat = _wants_rows(model, split)
    blocks = [_block(predict, _as_asked(model, block, split) if flat else block) for block in split.blocks()]
    values = np.concatenate(blocks)
    if values.shape[1] != len(names):
        what = f"predict_proba gives {values.shape[1]} columns, the model names {len(names)} classes"
        raise AssayError("bad-arrays", "model", what, "Give a model with one column per class.")
    rows = read_probabilities(_Named(values, names), dataset, "test", "model.predict_proba").by_split["test"]
    if (rows.argmax(axis=1) == split.labels).mean() < _GOOD and "train" in dataset.splits:
        order = np.array([dataset.classes.index(name) for name in names])
        refuse_other_pixels(lambda pixels: order[_block(predict, pixels).argmax(axis=1)], dataset.train, flat)
    return Answered(type(model).__name__, rows)


@contextmanager
def _model_errors(doing: str) -> Iterator[None]:
    """Turn what the user's model raises into AssayError `net-refused`: what was being done, and its words."""
    try:
        yield
    except FAILURES as error:
        if is_short(error):
            raise
        raise AssayError("net-refused", "model", f"{doing}: {told(error)}", "Correct the model.") from error


def _block(predict: Callable[[Any], Any], images: NDArray[np.uint8]) -> NDArray[Any]:
    doing = f"its predict_proba raised, given {len(images):,} images of shape {images.shape[1:]}"
    with _model_errors(doing):
        given = predict(images)
    values = np.asarray(unmasked(detached(given), "model"))
    if values.ndim != 2 or len(values) != len(images):
        what = f"predict_proba gave {values.shape} for {len(images):,} images"
        raise AssayError("bad-arrays", "model", what, "It must give one row per image.")
    return values


def _wants_rows(model: Any, split: Split) -> bool:
    """Whether it takes flat rows, as scikit-learn's do; not one that was fitted on images of a shape.

    Of images `(n, h, w)` scikit-learn notes h as the number of features, as of a pipeline that flattens them.
    """
    if not hasattr(model, "n_features_in_") or not getattr(model, "flat_", True):
        return False
    height, width, channels = split.shape
    return bool(model.n_features_in_ != height or width * channels == 1)


def _as_asked(model: Any, block: NDArray[np.uint8], split: Split) -> NDArray[np.uint8]:
    """The images as flat rows, of the length that the model says."""
    wanted = model.n_features_in_
    flat = block.reshape(len(block), -1)
    if flat.shape[1] != wanted:
        height, width, channels = split.shape
        what = f"it takes {wanted:,} values, an image has {height} x {width} x {channels} = {flat.shape[1]:,}"
        raise AssayError("shape-mismatch", "model", what, "Wrap it in an object that prepares the images.")
    return flat


def _classes_of(model: Any, dataset: Dataset) -> tuple[str, ...]:
    """The names of the model's columns; class numbers count from 0."""
    with _model_errors("its classes cannot be asked for"):
        there = [name for name in ("classes_", "classes") if hasattr(model, name)]
        found = getattr(model, there[0]) if there else None
    if found is None:
        return dataset.classes
    classes = dataset.classes
    known: Mapping[Any, str] = dict(enumerate(classes))
    values = np.asarray(found)
    numbers = values.dtype.kind in "iu" and not set(map(str, values)) <= set(classes)
    names = tuple(known.get(int(v), str(v)) for v in values) if numbers else tuple(map(str, values))
    if set(names) != set(classes):
        missing = [name for name in classes if name not in names]
        what = f"it knows {len(names)} classes and not {', '.join(missing[:5]) or 'these'} of {len(classes)}"
        fix = "Fit it on images of every class, named or numbered as in the data."
        raise AssayError("class-names", "model", what, fix)
    return names
