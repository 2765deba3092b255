"""Which images have which flaw: constant, badly exposed, damaged, blurry, cropped."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.quality.damage import Flaw, Mask, damages
from assay.audits.checks.quality.exposure import bare, far_under_its_class, medians, saturated
from assay.audits.measures.image_stats import ImageStats
from assay.audits.measures.robust_z import by_class, robust_scores, tail_scores

#: Robust deviations from the class from which sharpness or saturation are unusual.
UNUSUAL: Final = 5.0

#: A picture is blurry where structure is this much weaker than at half the size (see `detail` in
#: data/decoding/original_stats.py): sharp photographs stay over 0.38, blur over 1.5 pixels gives less
#: (docs/experiments.md). Where the class is soft anyway, it must also be softer than the class by a quarter.
SOFT: Final = 0.36
SOFTER: Final = 0.75

#: An object is cut off where it covers at least CONTACT of the border, and more of it than 95 % of its
#: class do, by BEYOND times what these cover more than the median.
CONTACT: Final = 0.3
BEYOND: Final = 1.5

#: Where so many of a class in a split, and so large a share of it, are cut, they were taken from nearer than
#: those of train: that is no flaw of single files.
_NEARER: Final = 3
_NEARER_SHARE: Final = 0.1

#: Pixels a side under which neither sharpness nor what the border cuts is judged: all is border there.
SMALLEST: Final = 8


def flaws(context: CheckContext, name: str) -> list[tuple[Flaw, Mask]]:
    """Each kind of flaw, and the images that are under its bound, whether or not their class is like that."""
    look = context.stored_image_stats[name]
    sharp, bleached, cut = _unusual(context, name)
    none = np.zeros(len(look.mean), bool)
    constant = Flaw(
        "constant",
        look.reach == 0,
        np.ones(len(look.mean)),
        lambda i: f"every pixel is {look.mean[i]:.0f}",
    )
    touching = (cut > BEYOND) & (look.contact > CONTACT)
    cropped = Flaw(
        "cropped",
        touching & ~_taken_nearer(context, name, touching),
        look.contact,
        lambda i: f"covers {100 * look.contact[i]:.0f} % of the border",
    )
    judged = [(Flaw("blurry", *_blurry(context, name, sharp)), none), (cropped, touching & ~cropped.mask)]
    if min(context.dataset.shape[:2]) < SMALLEST:
        judged = []
    return [
        (constant, none),
        *bare(context, name),
        *((flaw, none) for flaw in damages(context, name)),
        saturated(context, name, bleached > UNUSUAL),
        *judged,
    ]


def _unusual(context: CheckContext, name: str) -> tuple[NDArray[np.float64], ...]:
    """How unusual sharpness, clipped pixels and a touched border are within the class, against train."""
    train, own = context.stored_image_stats["train"], context.stored_image_stats[name]
    labels, train_labels = context.dataset.splits[name].labels, context.dataset.train.labels
    return (
        by_class(robust_scores, _log_sharpness(own), labels, _log_sharpness(train), train_labels),
        by_class(robust_scores, own.clipped, labels, train.clipped, train_labels),
        by_class(tail_scores, own.contact, labels, train.contact, train_labels),
    )


def _taken_nearer(context: CheckContext, name: str, touching: Mask) -> Mask:
    """The images of classes of which many are cut in this split."""
    labels, classes = context.dataset.splits[name].labels, len(context.dataset.classes)
    cut, images = np.bincount(labels[touching], minlength=classes), np.bincount(labels, minlength=classes)
    nearer: Mask = (cut >= _NEARER) & (cut > _NEARER_SHARE * images)
    return nearer[labels]


def _blurry(
    context: CheckContext, name: str, sharp: NDArray[np.float64]
) -> tuple[Mask, NDArray[np.floating[Any]], Callable[[int], str]]:
    """Images far less sharp than their class, and those without detail at the size of the file.

    sharp: robust deviations of sharpness from the class.
    """
    look, train = context.stored_image_stats[name], context.stored_image_stats["train"]
    labels, train_labels = context.dataset.splits[name].labels, context.dataset.train.labels
    usual = by_class(medians, look.detail, labels, train.detail, train_labels)
    soft = (look.detail < SOFT) & (look.detail < SOFTER * usual)
    unsharp = (sharp < -UNUSUAL) & far_under_its_class(context, name, lambda s: s.sharpness * 1e3)
    score = np.where(soft, np.nan_to_num(1 - look.detail), _squashed(-sharp))

    def sentence(i: int) -> str:
        if unsharp[i]:
            return f"{-sharp[i]:.1f} deviations less sharp"
        return f"fine structure is {look.detail[i]:.2f} of that at half the size"

    return soft | unsharp, score, sentence


def _log_sharpness(look: ImageStats) -> NDArray[np.float64]:
    return np.log(np.maximum(look.sharpness.astype(np.float64), 1e-3))


def _squashed(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Robust deviations as a score in [0, 1): 0.5 at twice `UNUSUAL`."""
    positive = np.maximum(scores, 0)
    return positive / (positive + 2 * UNUSUAL)
