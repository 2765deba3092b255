"""From a recipe in closed form to a `Model`, and from the model to its answers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.data.preprocessing import fit_preprocessing
from assay.data.values import Split
from assay.training.closed_forms import CLOSED_FORMS, WITH_TORCH, ClosedForm
from assay.training.closed_forms.values import Fitted, scored
from assay.training.fit_request import FitRequest
from assay.training.inference.batching import checked_blocks, equal_batches
from assay.training.label_checks import check_labels, warn_of_constant_images, watched
from assay.training.model.values import PRETRAINED_KINDS, EpochRecord, History, ModelData, ModelSummary
from assay.training.model.versions import versions
from assay.training.optim.seeding import check_seed
from assay.training.recipes import Recipe, validated

_FLOAT_BYTES: Final = 4


def fit_closed_form(request: FitRequest) -> ModelData:
    """The model of a recipe in closed form. Errors as in `training.loop.train`.

    Nothing is chosen by the validation images. The one record of the history holds, for train, each
    image's prediction by a fit that did not see it. There is no checkpoint: begun again, it gives the same
    bits.
    """
    split, rows, classes = request.split, request.rows, request.classes
    check_seed(request.seed)
    check_labels(split.labels[rows.train], classes, request.on_event)
    warn_of_constant_images(split, rows.train, request.on_event)
    recipe = resolved(request.recipe, len(rows.train))
    with memory_errors():
        fitted = closed_form(recipe).fit(split, rows.train, len(classes), request.seed, recipe.options)
    model = ModelData(
        weights=fitted.weights,
        recipe=recipe.as_record(),
        classes=tuple(classes),
        preprocessing=fit_preprocessing("minmax", split, rows.train),
        layers=summarize(recipe, split.shape, len(classes)),
        history=History(),
        fingerprints=dict(request.fingerprints),
        versions=versions(torch=recipe.model in WITH_TORCH),
    )
    record = _record(fitted, model, *watched(split, rows.validation, request.validation))
    request.on_event(Event("epoch", "train", {**asdict(record), "epochs": 1}))
    return replace(model, history=History((record,)), scores=record.scores())


def _record(fitted: Fitted, model: ModelData, split: Split, rows: NDArray[np.int64]) -> EpochRecord:
    loss = accuracy = None
    if len(rows):
        loss, accuracy = scored(predict_proba(model, split.blocks(rows)), split.labels[rows])
    return EpochRecord(1, None, fitted.loss, fitted.accuracy, loss, accuracy)


def predict_proba(model: ModelData, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` (see `Model.predict_proba`)."""
    recipe = validated(model.recipe)
    form = closed_form(recipe)
    if recipe.model in WITH_TORCH:  # it computes each picture alone
        checked = checked_blocks(blocks, model.preprocessing)
        found = [form.probabilities(model.weights, block) for block in checked]
    else:
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
    trained = sum(row.parameters for row in rows if row.kind not in PRETRAINED_KINDS)
    return ModelSummary(rows, parameters, trained, multiply_adds, parameters * _FLOAT_BYTES)


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
