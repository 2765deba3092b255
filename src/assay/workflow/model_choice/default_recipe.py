"""The recipe for data where none is named, once they are read: asked of their training images."""

from collections.abc import Sequence

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, warn
from assay.data.splitting.stratified import hold_out
from assay.data.values import Dataset
from assay.features import backbones
from assay.features.choice import choose, worth_asking
from assay.training.recipes import Recipe, read_recipe
from assay.workflow.model_choice.model_grid import with_backbone
from assay.workflow.settings import Settings


def photo_recipe(
    dataset: Dataset, settings: Settings, recipes: Sequence[Recipe], on_event: OnEvent
) -> tuple[Recipe, ...]:
    """The recipes of a run: for photographs `pretrained` in place of an unnamed `cnn`, where it is better.

    Asked only where nothing was set that `cnn` alone has, of color images of at least 64 pixels. The labels
    of validation and test images are not looked at. Says what was chosen and why. Where the pretrained net
    is not installed, warns with the command that installs it.
    """
    given = settings.model or settings.recipe or settings.recipes or settings.warm_start
    if given or [recipe.name for recipe in recipes] != ["cnn"] or not worth_asking(dataset.shape):
        return tuple(recipes)
    backbone = backbones.named(settings.backbone)
    problem = backbones.missing(backbone)
    if problem is not None:
        _tell_missing(problem, on_event)
        return tuple(recipes)
    fraction = 0.0 if "validation" in dataset.splits else settings.validation
    rows = hold_out(dataset.train, fraction, settings.data_seed).train
    if len(set(dataset.train.labels[rows].tolist())) < 2:
        return tuple(recipes)
    choice = choose(dataset.train, rows, len(dataset.classes), backbone)
    pretrained = with_backbone(read_recipe("pretrained"), settings)
    chosen = pretrained if choice.takes_pretrained else recipes[0]
    other = "cnn" if choice.takes_pretrained else "pretrained"
    untold = "no cnn was trained for this comparison, --model cnn,pretrained trains both"
    text = f"recipe {chosen.name}, for {choice.sentence()}; the other: --model {other}; {untold}"
    on_event(Event("choice", "load", {"message": text, "recipe": chosen.name}))
    return (chosen,)


def _tell_missing(problem: AssayError, on_event: OnEvent) -> None:
    what = "on photographs a pretrained net is mostly better than one that begins from nothing"
    warn(on_event, "load", f"{problem.what}: trained is cnn; {what}. {problem.fix}")
