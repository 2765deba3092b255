"""Blend of a net and the kernel-ridge classifier: a weighted mean of logarithms of probabilities.

The two see other things, learned filters and fixed waves over edges, and so they err on other images. Their
answers are joined as a logarithmic opinion pool (Genest and Zidek 1986). The reference is fitted on a thread
of its own while the net learns: beside a net on one core of two it costs little time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from assay.core.arrays import spread_rows
from assay.data.values import Split
from assay.estimators.softmax import softmax
from assay.training.closed_forms import kernel_ridge
from assay.training.closed_forms.values import Weights
from assay.training.inference import closed_form as closed
from assay.training.model.values import LayerRow, ModelData, ModelSummary
from assay.training.recipes import NetRecipe, Recipe, read_recipe

#: What the names of the reference's weights and layers begin with.
_PREFIX: Final = "reference."

#: With more classes the net answers alone: a least-squares fit to so many is dearer than the net itself.
_MOST_CLASSES: Final = 1_000

#: Of more training images so many, evenly spread, are enough for the reference.
_MOST_IMAGES: Final = 100_000

_TOGETHER: Final = "joins the answers of the net and of the reference, each with its share in the recipe"

Value = TypeVar("Value")


def share_of(recipe: Recipe, class_count: int) -> float:
    """The reference's share in the answers; 0 where a net answers alone."""
    return recipe.reference if isinstance(recipe, NetRecipe) and class_count <= _MOST_CLASSES else 0.0


def of_net(named: Mapping[str, Value]) -> dict[str, Value]:
    """Without what belongs to the reference."""
    return {name: value for name, value in named.items() if not name.startswith(_PREFIX)}


def of_reference(named: Mapping[str, Value]) -> dict[str, Value]:
    """What belongs to the reference, named as in a model of its own."""
    own = {name: value for name, value in named.items() if name.startswith(_PREFIX)}
    return {name.removeprefix(_PREFIX): value for name, value in own.items()}


def _prefixed(named: Mapping[str, Value]) -> dict[str, Value]:
    return {_PREFIX + name: value for name, value in named.items()}


def reference_of(recipe: NetRecipe) -> Recipe:
    """The recipe of the reference that answers beside this net."""
    return read_recipe("reference", {"fourier_features": recipe.reference_features})


def resolved(recipe: NetRecipe, count: int) -> NetRecipe:
    """The recipe with as many features of the reference as `count` training images bear."""
    if not recipe.reference:
        return recipe
    features = closed.resolved(reference_of(recipe), count).options["fourier_features"]
    return recipe.model_copy(update={"reference_features": features})


def weight_shapes(
    recipe: NetRecipe, shape: tuple[int, int, int], class_count: int
) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the reference's weights; none where the net answers alone."""
    if not share_of(recipe, class_count):
        return {}
    return _prefixed(closed.weight_shapes(reference_of(recipe), shape, class_count))


def summarize(recipe: NetRecipe, net: ModelSummary, shape: tuple[int, int, int], k: int) -> ModelSummary:
    """The net's table with the reference below it."""
    if not share_of(recipe, k):
        return net
    own = closed.summarize(reference_of(recipe), shape, k)
    rows = [replace(row, name=_PREFIX + row.name) for row in own.layers]
    together = LayerRow("together", "Pool", (None, k), 0, 0, _TOGETHER)
    return ModelSummary(
        layers=(*net.layers, *rows, together),
        parameters=net.parameters + own.parameters,
        trainable_parameters=net.trainable_parameters + own.trainable_parameters,
        multiply_adds=net.multiply_adds + own.multiply_adds,
        bytes=net.bytes + own.bytes,
    )


class _AbandonedError(Exception):
    """Nobody waits for the fit any more."""


@contextmanager
def fit_in_background(
    split: Split, rows: NDArray[np.int64], class_count: int, recipe: NetRecipe, seed: int
) -> Iterator[Callable[[], Weights]]:
    """Fit the reference on another thread; what is given waits for its weights, or raises what went wrong.

    Where the block is left early the fit ends with its next step. One thread a product: the same bits on any
    number of cores.
    """
    abandoned = Event()

    def go_on() -> None:
        if abandoned.is_set():
            raise _AbandonedError

    def work() -> Weights:
        some = rows[spread_rows(len(rows), _MOST_IMAGES)]
        options = reference_of(recipe).options
        with closed.memory_errors(), threadpool_limits(1, "blas"):
            return _prefixed(kernel_ridge.fit_in_steps(split, some, class_count, seed, options, go_on))

    with ThreadPoolExecutor(1, "assay-reference") as pool:
        fitted = pool.submit(work)
        try:
            yield fitted.result
        finally:
            abandoned.set()


def predict_proba(
    model: ModelData,
    recipe: NetRecipe,
    blocks: Iterable[NDArray[np.uint8]],
    net: Callable[[ModelData, Iterable[NDArray[np.uint8]]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` of the model; those of its net come from `net`."""
    own = replace(model, recipe=reference_of(recipe).as_record(), weights=of_reference(model.weights))
    heard = [np.empty((0, len(model.classes)))]

    def overheard() -> Iterator[NDArray[np.uint8]]:
        for block in blocks:
            heard.append(closed.predict_proba(own, [block]))
            yield block

    answers = net(model, overheard())
    return pooled(answers, np.concatenate(heard), recipe.reference)


def pooled(net: NDArray[np.float64], other: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Probabilities `(n, k)` whose logarithms are the weighted means of both: `share` of `other`."""
    smallest = np.finfo(np.float64).tiny
    logs = (1 - share) * np.log(np.maximum(net, smallest)) + share * np.log(np.maximum(other, smallest))
    return softmax(logs)
