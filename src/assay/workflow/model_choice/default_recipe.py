"""The default recipe where none is named, chosen by the training images."""

from collections.abc import Sequence

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, warn
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Dataset
from assay.features import backbones
from assay.features.choice import LEAST_SIDE, choose, worth_asking
from assay.training.recipes import NetRecipe, Recipe, read_recipe
from assay.workflow.model_choice.model_grid import with_backbone
from assay.workflow.model_choice.trial import tried
from assay.workflow.settings import Settings


def photo_recipe(
    dataset: Dataset, settings: Settings, recipes: Sequence[Recipe], on_event: OnEvent
) -> tuple[tuple[Recipe, ...], str]:
    """The recipes of a run, and why, where the data were asked: for photographs `pretrained` in place of an
    unnamed `cnn`, where it is better.

    Asked only where nothing was set that `cnn` alone has, of color images of at least 64 pixels. Chosen by
    validation images (see `trial`), or without any by leave-one-out on those of train against hand-made
    features; test images are not looked at. Says what was chosen and why. Where the pretrained net is not
    installed, warns with the command that installs it.
    """
    given = settings.model or settings.recipe or settings.recipes or settings.warm_start
    if given or [recipe.name for recipe in recipes] != ["cnn"] or not worth_asking(dataset.shape):
        return tuple(recipes), ""
    backbone = backbones.named(settings.backbone)
    problem = backbones.missing(backbone)
    if problem is not None:
        _tell_missing(problem, on_event)
        return tuple(recipes), ""
    if (settings.workers or 1) > 1:
        text = f"recipe cnn, which {settings.workers} workers can train; pretrained is fitted by one process"
        on_event(Event("choice", "load", {"message": text, "recipe": "cnn"}))
        return tuple(recipes), text
    fraction = 0.0 if "validation" in dataset.splits else settings.validation
    rows = hold_out(dataset.train, fraction, settings.data_seed)
    if len(set(dataset.train.labels[rows.train].tolist())) < 2:
        return tuple(recipes), ""
    pretrained = with_backbone(read_recipe("pretrained"), settings)
    takes_pretrained, reason = _compared(dataset, rows, recipes[0], pretrained, settings, on_event)
    chosen = pretrained if takes_pretrained else recipes[0]
    other = "cnn" if takes_pretrained else "pretrained"
    text = f"recipe {chosen.name}: {reason}; the other: --model {other}; both: --model cnn,pretrained"
    side = min(dataset.shape[:2])
    if chosen is recipes[0] and side > LEAST_SIDE:
        text += f"; --size {LEAST_SIDE} trains it in about 1/{(side / LEAST_SIDE) ** 2:.1f} of the time"
    on_event(Event("choice", "load", {"message": text, "recipe": chosen.name}))
    return (chosen,), text


def _compared(
    dataset: Dataset,
    rows: HoldOut,
    net: Recipe,
    pretrained: Recipe,
    settings: Settings,
    on_event: OnEvent,
) -> tuple[bool, str]:
    """Is `pretrained` taken, and why: by validation images, or without any by those it learns from."""
    assert isinstance(net, NetRecipe)
    trial = tried(dataset, rows, net, pretrained, settings, on_event)
    if trial is not None:
        return trial.takes_pretrained, trial.sentence()
    choice = choose(dataset.train, rows.train, len(dataset.classes), backbones.named(settings.backbone))
    untold = "no cnn was tried, for there are no validation images that train does not hold"
    return choice.takes_pretrained, f"{choice.sentence()}; {untold}"


def _tell_missing(problem: AssayError, on_event: OnEvent) -> None:
    what = "on photographs a pretrained net is mostly better than one that begins from nothing"
    warn(on_event, "load", f"{problem.what}: trained is cnn; {what}. {problem.fix}")
