"""Whatever a recipe makes - a net or a fit in closed form - seen from outside: the same four functions.

Only what a recipe needs is loaded: a fit in closed form does without torch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.hold_out import HoldOut
from assay.data.values import Split
from assay.learning import beside, requirements
from assay.learning.closed_forms import fitting as closed
from assay.learning.closed_forms.values import Weights
from assay.learning.recipes import NetRecipe, Recipe, validated
from assay.learning.schedule import lengthened
from assay.learning.values import Model, ModelSummary

Shape = tuple[int, int, int]


def fit(
    split: Split,
    rows: HoldOut,
    classes: Sequence[str],
    recipe: Recipe,
    *,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    validation: Split | None = None,
    fingerprints: Mapping[str, str] | None = None,
    start: Model | None = None,
    checkpoints: Path | None = None,
    checkpoint_minutes: float | None = None,
    accept_changes: bool = False,
    finish: bool = True,
    on_event: OnEvent = ignore,
) -> Model:
    """The model of a recipe, made from `rows.train`. Arguments and errors as in `assay.learning.train.train`.

    Device, threads and checkpoints are for nets: a fit in closed form takes seconds and begins anew.
    """
    if not isinstance(recipe, NetRecipe):
        assert start is None, "refused by whoever asked for it: see warm_start.fitting_weights"
        if not finish:
            fix = "Go on with it: assay resume RUN."
            raise AssayError(
                "no-epoch-finished", recipe.name, "is fitted at once, and that is not done yet", fix
            )
        return closed.fit_at_once(
            split,
            rows,
            classes,
            recipe,
            seed=seed,
            validation=validation,
            fingerprints=fingerprints,
            on_event=on_event,
        )
    requirements.require_torch()
    from assay.learning.train import train

    recipe = beside.resolved(recipe, len(rows.train))
    with _reference_meanwhile(split, rows, len(classes), recipe, seed) as reference:
        model = train(
            split,
            rows,
            classes,
            recipe,
            seed=seed,
            device=device,
            threads=threads,
            validation=validation,
            fingerprints=fingerprints,
            start=start,
            checkpoints=checkpoints,
            checkpoint_minutes=checkpoint_minutes,
            accept_changes=accept_changes,
            finish=finish,
            on_event=on_event,
        )
        weights = {**model.weights, **reference()}
    return replace(model, weights=weights, layers=summarize(recipe, split.shape, len(classes)))


def _reference_meanwhile(
    split: Split, rows: HoldOut, class_count: int, recipe: NetRecipe, seed: int
) -> AbstractContextManager[Callable[[], Weights]]:
    """The weights of the reference that answers beside the net; none where the net answers alone."""
    if not beside.share_of(recipe, class_count):
        return nullcontext(dict)
    return beside.fitted_meanwhile(split, rows.train, class_count, recipe, seed)


def resolved(recipe: Recipe, count: int) -> Recipe:
    """The recipe as it will be used on `count` training images."""
    if not isinstance(recipe, NetRecipe):
        return closed.resolved(recipe, count)
    return beside.resolved(lengthened(recipe, count), count)


def summarize(recipe: Recipe, shape: Shape, class_count: int) -> ModelSummary:
    """The table of what the recipe makes for images of `shape`. Raises AssayError `recipe-does-not-fit`."""
    if not isinstance(recipe, NetRecipe):
        return closed.summarize(recipe, shape, class_count)
    requirements.require_torch()
    from assay.learning.summary import summarize

    return beside.summarize(recipe, summarize(recipe, shape, class_count), shape, class_count)


def weight_shapes(recipe: Recipe, shape: Shape, class_count: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the weights of what the recipe makes. Allocates nothing."""
    if not isinstance(recipe, NetRecipe):
        return closed.weight_shapes(recipe, shape, class_count)
    requirements.require_torch()
    from assay.learning.network import empty_network, floating_state

    network = empty_network(recipe, shape, class_count)
    own = {name: tuple(tensor.shape) for name, tensor in floating_state(network).items()}
    return own | beside.weight_shapes(recipe, shape, class_count)


def predict_proba(model: Model, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` of blocks of images (see `Model.predict_proba`)."""
    recipe = validated(model.recipe)
    if not isinstance(recipe, NetRecipe):
        return closed.predict_proba(model, blocks)
    requirements.require_torch()
    from assay.learning.predict import predict_proba

    if not beside.share_of(recipe, len(model.classes)):
        return predict_proba(model, blocks)
    return beside.predict_proba(model, recipe, blocks, predict_proba)
