"""Fitting a recipe: a net by gradient descent, or a classifier in closed form."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from assay.core.errors import AssayError
from assay.training import requirements
from assay.training.classifier import Model
from assay.training.closed_forms.values import Weights
from assay.training.fit_request import FitRequest
from assay.training.inference import blend
from assay.training.inference.any_model import summarize
from assay.training.inference.closed_form import fit_closed_form
from assay.training.recipes import NetRecipe


def fit(request: FitRequest) -> Model:
    """The classifier of a recipe, fitted to `rows.train`. Errors as in `training.loop.train`."""
    if isinstance(request.recipe, NetRecipe):
        return _fit_net(request, request.recipe)
    assert request.start is None, "refused by whoever asked for it: see warm_start.fitting_weights"
    if not request.finish:
        fix = "Go on with it: assay resume RUN."
        what = "is fitted at once, and that is not done yet"
        raise AssayError("no-epoch-finished", request.recipe.name, what, fix)
    return Model.of(fit_closed_form(request))


def _fit_net(request: FitRequest, recipe: NetRecipe) -> Model:
    requirements.require_torch()
    from assay.training.loop.train import train  # here: it loads torch

    recipe = blend.resolved(recipe, len(request.rows.train))
    with _kernel_ridge_in_background(request, recipe) as kernel_ridge:
        model = train(replace(request, recipe=recipe))
        weights = {**model.weights, **kernel_ridge()}
    layers = summarize(recipe, request.split.shape, len(request.classes))
    return Model.of(replace(model, weights=weights, layers=layers))


def _kernel_ridge_in_background(
    request: FitRequest, recipe: NetRecipe
) -> AbstractContextManager[Callable[[], Weights]]:
    """The weights of the kernel-ridge classifier blended with the net; none where the net answers alone."""
    class_count = len(request.classes)
    if not blend.share_of(recipe, class_count) or not request.place.wanted:
        return nullcontext(dict)
    return blend.fit_in_background(request.split, request.rows.train, class_count, recipe, request.seed)
