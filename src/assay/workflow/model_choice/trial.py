"""Trial of a net trained from scratch against the pretrained one, on validation images.

The net is trained for a part of its epochs on pictures made small; while the two cannot be told apart and it
is not far behind, it is trained anew for twice as long, to half of its epochs at most: successive halving
(Jamieson and Talwalkar, 2016) of two candidates, one of which is fitted at once. The first of several looks
that differs is taken, so each must show more (Bonferroni): the time is that of looks that end at p < .05.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.core.arrays import Rows, Shape, spread_rows
from assay.core.events import Event, OnEvent, progress
from assay.data.decoding.resize import resized
from assay.data.splitting.stratified import HoldOut, left_out_together
from assay.data.splitting.validation import validation_rows
from assay.data.values import Dataset, Split
from assay.estimators.mcnemar import groups_test
from assay.features.choice import SIGNIFICANT, groups_ahead, name_of_p
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.any_model import resolved
from assay.training.recipes import NetRecipe, Recipe
from assay.workflow.settings import Settings

#: The shorter side of the pictures that the net is tried on, pixels: on photographs and drawings 64 pixels
#: brought it no more, and 32 took a fifth less time (docs/decisions/0171-a-trial-by-validation-images.md).
TRIAL_SIDE: Final = 48

#: The part of its epochs that the net is trained for at first, and beyond which it is not.
_FIRST: Final = 1 / 8
_LAST: Final = 1 / 2

#: What more training may bring: from an eighth of the epochs to all of them it brought .05 (0171).
_REACH: Final = 0.1

#: Images that both learn from, evenly spread: of more the pretrained net alone would take over four minutes.
_MOST_FITTED: Final = 10_000

#: Images that both are judged on: enough to tell a difference of a few hundredths.
_MOST_JUDGED: Final = 1_000


@dataclass(frozen=True)
class Trial:
    """Two classifiers on the same validation images.

    images, groups: how many there are, and how many groups of them (copies and images of one group are right
    or wrong together). cnn, pretrained: the share that each answered rightly. only_cnn, only_pretrained: in
    how many groups one did better. p: of a difference in accuracy, by `groups_test`. fitted: images that both
    learned from. size: height and width of the pictures that the net saw. epochs, whole: how many it was
    trained for, and how many its recipe has.
    """

    images: int
    groups: int
    cnn: float
    pretrained: float
    only_cnn: int
    only_pretrained: int
    p: float
    looks: int
    fitted: int
    size: tuple[int, int]
    epochs: int
    whole: int

    @property
    def takes_pretrained(self) -> bool:
        """Is the pretrained net right as often at least? It takes less time, and the other gets no credit."""
        return self.pretrained >= self.cnn

    @property
    def told_apart(self) -> bool:
        """Do they differ beyond chance?"""
        return self.p < SIGNIFICANT

    @property
    def out_of_reach(self) -> bool:
        """Is the net so far behind that more training is not worth its time?"""
        return self.pretrained - self.cnn > _REACH

    def sentence(self) -> str:
        """Both figures and how they came about, in words."""
        units = "them" if self.groups == self.images else f"{self.groups:,} groups of them"
        chance = "" if self.told_apart else ", which may be chance"
        looks = f", corrected for {self.looks} looks" if self.looks > 1 else ""
        return (
            f"of {self.images:,} validation images pretrained gets {100 * self.pretrained:.1f} % right and "
            f"cnn {100 * self.cnn:.1f} % (pretrained alone is right for {self.only_pretrained:,} of {units}, "
            f"cnn alone for {self.only_cnn:,}: {name_of_p(self.images, self.groups)}{self.p:.2g}{looks}"
            f"{chance}); cnn was tried for "
            f"{self.epochs:,} of its {self.whole:,} epochs on {self.fitted:,} pictures of "
            f"{self.size[0]} x {self.size[1]} pixels"
        )


def tried(
    dataset: Dataset, rows: HoldOut, net: NetRecipe, known: Recipe, settings: Settings, on_event: OnEvent
) -> Trial | None:
    """A net and a recipe on pretrained features, fitted to training rows and judged on validation images.

    rows: of train; where the data have a split `validation`, the images of it that train does not know are
    judged on. None where there are none. They take no part in the training. Errors as of `training.fit.fit`.
    """
    train = dataset.train
    fitted = rows.train[spread_rows(len(rows.train), _MOST_FITTED)]
    asked, judged = validation_rows(train, rows, dataset)
    judged = judged[spread_rows(len(judged), _MOST_JUDGED)]
    if not len(judged):
        return None
    labels, groups = asked.labels[judged], left_out_together(asked)[judged]
    progress(on_event, "load", 0, len(fitted) + len(judged), "pictures seen by the pretrained net")
    model = fit(_request(dataset, train, fitted, known, settings))
    theirs = model.predict_proba(asked.blocks(judged)).argmax(axis=1) == labels
    size = _trial_size(train.shape)
    few, small = _shrunk(train, fitted, size), _shrunk(asked, judged, size)
    in_full = resolved(net, len(fitted), watched=True)
    assert isinstance(in_full, NetRecipe)
    whole = in_full.epochs
    planned = _planned_epochs(whole)
    for epochs in planned:
        # No validation images are shown to it, so there is nothing that it could stop by.
        part = in_full.model_copy(update={"epochs": epochs, "patience": 0})
        request = _request(dataset, few, np.arange(len(few)), part, settings)
        model = fit(replace(request, on_event=_counting(epochs, on_event)))
        ours = model.predict_proba(small.blocks()).argmax(axis=1) == labels
        only_ours, only_theirs, units = groups_ahead(ours, theirs, groups)
        p = groups_test(ours, theirs, groups)
        found = Trial(
            images=len(labels),
            groups=units,
            cnn=float(ours.mean()),
            pretrained=float(theirs.mean()),
            only_cnn=only_ours,
            only_pretrained=only_theirs,
            p=min(1.0, len(planned) * p),
            looks=len(planned),
            fitted=len(fitted),
            size=size,
            epochs=epochs,
            whole=whole,
        )
        if p < SIGNIFICANT or found.out_of_reach:
            break
    return found


def _planned_epochs(whole: int) -> list[int]:
    """How many epochs the net is trained for at each look, were none to end the trial."""
    planned = [max(1, int(whole * _FIRST))]
    while 2 * planned[-1] <= whole * _LAST:
        planned.append(2 * planned[-1])
    return planned


def _request(dataset: Dataset, split: Split, rows: Rows, recipe: Recipe, settings: Settings) -> FitRequest:
    return FitRequest(
        split=split,
        rows=HoldOut(rows, np.zeros(0, np.int64)),
        classes=dataset.classes,
        recipe=recipe,
        seed=settings.seed,
        device=settings.device,
        threads=settings.threads,
    )


def _counting(epochs: int, on_event: OnEvent) -> OnEvent:
    """What the training of a trial tells: how many epochs are done."""

    def tell(event: Event) -> None:
        if event.event == "epoch":
            progress(on_event, "load", event.figures["epoch"], epochs, "epochs of a trial of cnn")

    return tell


def _trial_size(shape: Shape) -> tuple[int, int]:
    """Height and width of a picture whose shorter side is `TRIAL_SIDE` at most."""
    height, width, _ = shape
    scale = min(1.0, TRIAL_SIDE / min(height, width))
    return round(height * scale), round(width * scale)


def _shrunk(split: Split, rows: Rows, size: tuple[int, int]) -> Split:
    """Some images of a split, made smaller, and which of them hang together."""
    groups = split.columns.get("group")
    pictures = (resized(image, *size, "stretch") for block in split.blocks(rows) for image in block)
    images = np.stack(list(pictures))
    return Split(
        images=images,
        labels=split.labels[rows],
        ids=tuple(split.ids[row] for row in rows),
        digests=split.digests[rows],
        columns={} if groups is None else {"group": tuple(str(groups[row]) for row in rows)},
        together=None if split.together is None else split.together[rows],
    )
