"""One class whose pictures were made otherwise: grain, compression, softness, lines, tint, a stamp."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.measures.class_skill import FEWEST_OF_CLASS, accuracy_from, class_skills
from assay.audits.measures.marks.border_lines import LINES, has_edge, is_one_value, line_quartiles
from assay.audits.measures.marks.stamps import Stamp, stamps
from assay.audits.measures.marks.traces import traces
from assay.audits.measures.restated_content import adjusted
from assay.core.arrays import Rows

#: Skill from which a figure tells a class, as in the check `shortcuts`.
_TELLS: Final = 0.4

#: Robust deviations of the other classes from which one class lies apart, of how many classes at least, and
#: the least deviation: these figures are logarithms, and 2 % are nothing.
APART: Final = 4.0
FEWEST_CLASSES: Final = 4
FEWEST_OF_TEMPLATES: Final = 3
_SIZE: Final = 0.75
_LEAST: Final = 0.02

#: Figures of what a picture shows. A shortcut by them is certain where they are one value in the class that
#: they tell: a frame, a backdrop, a patch in the corners. How bright its pictures are may be what a class is.
_SHOWN_BY_PICTURES: Final = ("mean brightness", "corner color", *LINES)
_BRIGHTNESS: Final = "mean brightness"
_AS_WELL: Final = 0.05

#: Pixels a side below which these figures tell what is shown: a stroke is a pixel wide there.
SMALLEST: Final = 16

RULE: Final = (
    f"noise, grain, sharpness, blocks, lines and tint, from {SMALLEST} pixels a side on, where one class of "
    f"{FEWEST_CLASSES} or more lies {APART:g} robust deviations from the others; a spot of one value in most "
    "images of a class, and in hardly any other"
)

#: The figure that no picture shows by itself: JPEG works in squares that start at a corner.
_MADE: Final = "JPEG blocks"

_SPOT: Final = "spot of"


class Mark(NamedTuple):
    """A figure that tells the class, or one class: how far of the way from guessing to always right.

    made: whether it is from how the pictures were made, for certain; else it may be what they show.
    """

    figure: str
    skill: float
    label: str = ""
    made: bool = False


def marked_classes(context: CheckContext) -> list[Mark]:
    """Classes that such a figure tells, and that lie apart from all other classes by it; and stamped ones.

    What differs from class to class anyway is content: only a class that differs from the others as they do
    not among themselves was marked. Of fewer than `FEWEST_CLASSES` classes, or of pictures under `SMALLEST`
    pixels a side, stamps alone are found.
    """
    train, names = context.dataset.train, context.dataset.classes
    known = np.flatnonzero(train.counts(len(names)) >= FEWEST_OF_CLASS)
    spots = stamps(train, len(names), FEWEST_OF_CLASS)
    templates = _are_templates(spots, len(known))
    found = [
        Mark(_spot(stamp), skill, names[stamp.label], made=not (templates or stamp.shown))
        for stamp in spots
        if (skill := _skill(stamp, context)) > _TELLS
    ]
    if len(known) < FEWEST_CLASSES or min(train.shape[:2]) < SMALLEST:
        return found
    laid = laid_out(found, names)
    for name, values in _figures(context).items():
        skills = class_skills(values, train.labels, len(names), context.named_groups)
        for label, distance in zip(known.tolist(), apart(values, train.labels, known), strict=True):
            if skills[label] > _TELLS and distance > APART:
                found.append(
                    Mark(
                        name,
                        float(skills[label]),
                        names[label],
                        made=name == _MADE and names[label] not in laid,
                    )
                )
    return found


def laid_out(marks: Sequence[Mark], classes: Sequence[str]) -> set[str]:
    """The classes with a layout of their own, by `marked_classes`: a spot that is a part of what they show.

    All classes where more than half have one.
    """
    found = {mark.label for mark in marks if mark.figure.startswith(_SPOT) and not mark.made}
    return set(classes) if len(found) > len(classes) / 2 else found


def _spot(stamp: Stamp) -> str:
    return f"{_SPOT} {stamp.size} pixels at row {stamp.row}, column {stamp.column}"


def _are_templates(spots: Sequence[Stamp], classes: int) -> bool:
    """Whether more than half of three or more classes have a spot, most of them one of their own.

    Then the classes are laid out otherwise, as forms, screens and codes are: that is what they show. A mark
    that was put on every class is at one place, or of one size.
    """
    unlike: list[Stamp] = []
    for spot in spots:
        if not any(_are_one_mark(spot, other) for other in unlike):
            unlike.append(spot)
    return classes >= FEWEST_OF_TEMPLATES and len(spots) > classes / 2 and len(unlike) > len(spots) / 2


def _are_one_mark(one: Stamp, other: Stamp) -> bool:
    same_place = (one.row, one.column) == (other.row, other.column)
    return same_place or min(one.size, other.size) > _SIZE * max(one.size, other.size)


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


def made_figures(
    context: CheckContext, figures: Mapping[str, NDArray[np.generic]], laid: Collection[str], sure: float
) -> set[str]:
    """Figures that tell of how pictures were made, and not of what they show.

    laid: classes with a layout of their own, of which corners may be a part. sure: skill from which a figure
    tells a class for certain.
    """
    shown = set(figures).intersection(_SHOWN_BY_PICTURES)
    bright = class_skills_of(figures[_BRIGHTNESS], context)
    free = np.array([name not in laid for name in context.dataset.classes])
    laid_over = (
        name
        for name in shown - {_BRIGHTNESS}
        if _is_laid_over(name, figures[name], np.where(free, bright, np.inf), context, sure)
    )
    return set(figures).difference(shown).union(laid_over)


def _is_laid_over(
    name: str,
    values: NDArray[np.generic],
    bright: NDArray[np.float64],
    context: CheckContext,
    sure: float,
) -> bool:
    """Whether a line or the corners tell a class, and are one value in it, as a frame or a backdrop is.

    But where brightness tells it as well, as it does night, and of classes with a layout of their own, only a
    line that ends inside the picture does. bright: `(k,)`, how well brightness tells each class; infinite of
    classes with a layout.
    """
    skills = class_skills_of(values, context)
    told = np.flatnonzero(skills > sure).tolist()
    if not told:
        return False
    train = context.dataset.train
    sides = line_quartiles(train, name) if name in LINES else (values,)
    of_sides = np.min([class_skills_of(side, context) for side in sides], axis=0)
    for number in told:
        own = train.labels == number
        if of_sides[number] > sure and all(is_one_value(side, own) for side in sides):
            if bright[number] <= skills[number] - _AS_WELL:
                return True
            if name in LINES and has_edge(train, name, own):
                return True
    return False


def class_skills_of(values: NDArray[np.generic], context: CheckContext) -> NDArray[np.float64]:
    """How well a figure tells each class, `(k,)`; 0 of classes of too few images."""
    train, k = context.dataset.train, len(context.dataset.classes)
    skills = class_skills(values, train.labels, k, context.named_groups)
    return np.where(train.counts(k) >= FEWEST_OF_CLASS, skills, 0.0)


def skill_of(values: NDArray[np.generic], context: CheckContext) -> float:
    """How far of the way from guessing to always right a figure goes."""
    labels = context.dataset.train.labels
    chance = float(np.bincount(labels).max() / len(labels))
    return (accuracy_from(values, labels, context.named_groups) - chance) / (1 - chance)


def without_objects(
    context: CheckContext, skills: dict[str, float], told: dict[str, tuple[str, float]]
) -> dict[str, float]:
    """Replace skills of border lines that only objects give away, and return what they were.

    A frame, a backdrop or the light changes the whole line, and both of its quartiles tell the class. An
    object that reaches the border covers a part of the line: that boots are tall is what boots are.
    """
    reached = {}
    for name in LINES:
        before = max(skills.get(name, 0.0), told[name][1] if name in told else 0.0)
        if before <= _TELLS:
            continue
        quartiles = line_quartiles(context.dataset.train, name)
        both = min(skill_of(values, context) for values in quartiles)
        one = min((easiest_class(values, context) for values in quartiles), key=lambda pair: pair[1])
        if max(both, one[1]) <= _TELLS:
            reached[name] = before
            skills[name], told[name] = min(skills[name], both), min(told[name], one, key=lambda pair: pair[1])
    return reached


def easiest_class(values: NDArray[np.generic], context: CheckContext) -> tuple[str, float]:
    """The class that a figure tells best from all others, and how well."""
    skills = class_skills_of(values, context)
    best = int(skills.argmax())
    return context.dataset.classes[best], float(skills[best])
