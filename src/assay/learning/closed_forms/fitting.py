"""From a recipe in closed form to a `Model`, and from the model to its answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent
from assay.data.hold_out import HoldOut
from assay.data.preprocessing import fit_preprocessing
from assay.data.values import Split
from assay.learning.batching import equal_batches
from assay.learning.checks import check_labels, warn_of_constant_images, watched
from assay.learning.closed_forms import CLOSED_FORMS, ClosedForm
from assay.learning.closed_forms.values import Fitted, Shape, scored
from assay.learning.randomness import check_seed
from assay.learning.recipes import Recipe, validated
from assay.learning.values import EpochRecord, History, Model, ModelSummary
from assay.learning.versions import versions

_FLOAT_BYTES: Final = 4


def fit_at_once(
    split: Split,
    rows: HoldOut,
    classes: Sequence[str],
    recipe: Recipe,
    *,
    seed: int,
    validation: Split | None,
    fingerprints: Mapping[str, str] | None,
    on_event: OnEvent,
) -> Model:
    """The model of a recipe in closed form. Arguments and errors as in `assay.learning.train.train`.

    Nothing is chosen by the validation images. The one record of the history holds, for train, each
    image judged by a fit that did not see it. There is no checkpoint: begun again, it gives the same bits.
    """
    check_seed(seed)
    check_labels(split.labels[rows.train], classes, on_event)
    warn_of_constant_images(split, rows.train, on_event)
    recipe = resolved(recipe, len(rows.train))
    with memory_errors():
        fitted = closed_form(recipe).fit(split, rows.train, len(classes), seed, recipe.options)
    model = Model(
        weights=fitted.weights,
        recipe=recipe.as_record(),
        classes=tuple(classes),
        preprocessing=fit_preprocessing("minmax", split, rows.train),
        layers=summarize(recipe, split.shape, len(classes)),
        history=History(),
        fingerprints=dict(fingerprints or {}),
        versions=versions(torch=False),
    )
    record = _record(fitted, model, *watched(split, rows.validation, validation))
    on_event(Event("epoch", "train", {**asdict(record), "epochs": 1}))
    return replace(model, history=History((record,)), scores=record.scores())


def _record(fitted: Fitted, model: Model, split: Split, rows: NDArray[np.int64]) -> EpochRecord:
    loss = accuracy = None
    if len(rows):
        loss, accuracy = scored(predict_proba(model, split.blocks(rows)), split.labels[rows])
    return EpochRecord(1, None, fitted.loss, fitted.accuracy, loss, accuracy)


def predict_proba(model: Model, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` (see `Model.predict_proba`)."""
    form = closed_form(validated(model.recipe))
    batches = equal_batches(blocks, model.preprocessing)
    found = [form.probabilities(model.weights, batch)[:count] for batch, count in batches]
    return np.concatenate([np.empty((0, len(model.classes))), *found])


def closed_form(recipe: Recipe) -> ClosedForm:
    """What fits the recipe. Raises AssayError `bad-value` where nothing does."""
    if recipe.model not in CLOSED_FORMS:
        known = f"There are: {', '.join(CLOSED_FORMS)}."
        raise AssayError("bad-value", "model", f"{recipe.model!r} is not fitted in closed form", known)
    return CLOSED_FORMS[recipe.model]


def resolved(recipe: Recipe, count: int) -> Recipe:
    """The recipe as it will be used on `count` training images."""
    return recipe.model_copy(update={"options": closed_form(recipe).resolve(count, recipe.options)})


def weight_shapes(recipe: Recipe, shape: Shape, class_count: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the recipe's weights. Allocates nothing."""
    with _complete(recipe):
        return closed_form(recipe).weight_shapes(shape, class_count, recipe.options)


def summarize(recipe: Recipe, shape: Shape, class_count: int) -> ModelSummary:
    """The model table. Raises AssayError `recipe-does-not-fit` where an option is missing."""
    with _complete(recipe):
        rows = closed_form(recipe).layers(shape, class_count, recipe.options)
    parameters = sum(row.parameters for row in rows)
    multiply_adds = sum(row.multiply_adds for row in rows)
    return ModelSummary(rows, parameters, parameters, multiply_adds, parameters * _FLOAT_BYTES)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn an allocation that failed into AssayError `out-of-memory`."""
    try:
        yield
    except MemoryError as error:
        fix = "Use smaller images (--size), or another --model."
        raise AssayError("out-of-memory", "memory", "there is not enough of it", fix) from error


@contextmanager
def _complete(recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise AssayError(
            "recipe-does-not-fit", recipe.name, f"it lacks the option {error}", "Give it."
        ) from error
