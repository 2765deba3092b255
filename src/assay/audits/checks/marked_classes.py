"""One class whose pictures were made otherwise: grain, compression, softness, lines, tint, a stamp."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.measures.class_skill import FEWEST_OF_CLASS, class_skills
from assay.audits.measures.hidden_marks import Stamp, stamps, traces
from assay.audits.measures.restated_content import adjusted
from assay.core.arrays import Rows

#: Skill from which a figure tells a class, as in the check `shortcuts`.
_TELLS: Final = 0.4

#: Robust deviations of the other classes from which one class lies apart, of how many classes at least, and
#: the least deviation: these figures are logarithms, and 2 % are nothing.
APART: Final = 4.0
FEWEST_CLASSES: Final = 4
_LEAST: Final = 0.02

#: Pixels a side below which these figures tell what is shown: a stroke is a pixel wide there.
SMALLEST: Final = 16

RULE: Final = (
    f"noise, grain, sharpness, blocks, lines and tint, from {SMALLEST} pixels a side on, where one class of "
    f"{FEWEST_CLASSES} or more lies {APART:g} robust deviations from the others; a spot of one value in most "
    "images of a class, and in hardly any other"
)


class Mark(NamedTuple):
    """A figure that tells the class, or one class: how far of the way from guessing to always right."""

    figure: str
    skill: float
    label: str = ""


def marked_classes(context: CheckContext) -> list[Mark]:
    """Classes that such a figure tells, and that lie apart from all other classes by it; and stamped ones.

    What differs from class to class anyway is content: only a class that differs from the others as they do
    not among themselves was marked. Of fewer than `FEWEST_CLASSES` classes, or of pictures under `SMALLEST`
    pixels a side, stamps alone are found.
    """
    train, names = context.dataset.train, context.dataset.classes
    found = [
        Mark(
            f"spot of {stamp.size} pixels at row {stamp.row}, column {stamp.column}",
            skill,
            names[stamp.label],
        )
        for stamp in stamps(train, len(names), FEWEST_OF_CLASS)
        if (skill := _skill(stamp, context)) > _TELLS
    ]
    known = np.flatnonzero(train.counts(len(names)) >= FEWEST_OF_CLASS)
    if len(known) < FEWEST_CLASSES or min(train.shape[:2]) < SMALLEST:
        return found
    for name, values in _figures(context).items():
        skills = class_skills(values, train.labels, len(names), context.named_groups)
        for label, distance in zip(known.tolist(), apart(values, train.labels, known), strict=True):
            if skills[label] > _TELLS and distance > APART:
                found.append(Mark(name, float(skills[label]), names[label]))
    return found


def _skill(stamp: Stamp, context: CheckContext) -> float:
    train, count = context.dataset.train, len(context.dataset.classes)
    return float(class_skills(stamp.there, train.labels, count, context.named_groups)[stamp.label])


def _figures(context: CheckContext) -> dict[str, NDArray[np.floating[Any]]]:
    return {
        "noise": np.log1p(context.texture["train"].noise),
        "sharpness": _sharpness(context),
        **traces(context.dataset.train),
    }


def _sharpness(context: CheckContext) -> NDArray[np.floating[Any]]:
    """The logarithm of the sharpness, less what brightness and contrast explain of it within the classes.

    A thin stroke on an empty ground is sharper than a broad one: that is what it shows.
    """
    look = context.image_stats["train"]
    sharpness = np.log(np.nan_to_num(look.sharpness).astype(np.float64) + 0.01)
    shown = np.log1p(np.column_stack([look.mean, look.deviation]).astype(np.float64))
    left = adjusted(sharpness, shown, context.dataset.train.labels)
    return sharpness if left is None else left


def apart(values: NDArray[np.floating[Any]], labels: Rows, known: Rows) -> list[float]:
    """For each class how far its median lies from those of the others, in their robust deviation."""
    members = [values[labels == label].astype(np.float64) for label in known]
    middles = np.array([float(np.median(own)) for own in members])
    within = float(np.median([_deviation(own) for own in members]))
    distances = []
    for i, middle in enumerate(middles):
        others = np.delete(middles, i)
        spread = max(_deviation(others), within / 2, _LEAST)
        distances.append(abs(middle - float(np.median(others))) / spread)
    return distances


def _deviation(values: NDArray[np.float64]) -> float:
    """The standard deviation of normal values, by their median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
