"""Images whose label is likely wrong, as issues, each with its nearest training images."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import flagged
from assay.audits.checks.labels.judge_reliability import known_labels
from assay.audits.issues import Issue
from assay.core.arrays import Rows, spread_rows
from assay.core.text import one_line
from assay.data.values import Dataset
from assay.estimators.nearest_neighbors import nearest
from assay.estimators.noise.inseparable import between
from assay.estimators.noise.noise_matrix import disputes, exchanged_from

#: The nearest images that are shown as evidence are looked for among at most so many of a class: the cost
#: of all pairs would grow with the square of the images.
_MOST_COMPARED: Final = 20_000

#: So many of the nearest are looked through for one that is no copy of the image.
_CANDIDATES: Final = 8


def _own(context: CheckContext, name: str) -> NDArray[np.float32]:
    probabilities = context.label_judge.probabilities[name]
    own: NDArray[np.float32] = probabilities[
        np.arange(len(probabilities)), context.dataset.splits[name].labels
    ]
    return own


def suspected_rows(context: CheckContext, name: str) -> Rows:
    """The rows of a split whose label is more likely wrong than right, and not one of two that fit."""
    probabilities = context.label_judge.probabilities[name]
    own, best = _own(context, name), probabilities.max(axis=1, initial=0)
    found = disputes(context.wrong_chances[name], own, best) & known_labels(context, name)
    labels = context.dataset.splits[name].labels
    return np.flatnonzero(found & ~between(context.inseparable, labels, probabilities.argmax(axis=1)))


def likelier_classes(context: CheckContext, name: str, rows: Rows) -> tuple[Rows, Rows]:
    """For suspected rows of a split the class that the image is rather of; and the one whose images may have
    been given its label, -1 where nothing but the image speaks against the label.

    The second is the first where it is one: the probabilities of the judge have learned the exchange.
    """
    probabilities = context.label_judge.probabilities[name][rows]
    labels = context.dataset.splits[name].labels[rows]
    exchanged = exchanged_from(context.noise[name], probabilities, labels)
    return np.where(exchanged >= 0, exchanged, probabilities.argmax(axis=1)), exchanged


def issues_of(context: CheckContext, name: str, rows: Rows) -> list[Issue]:
    """An issue for each suspected row of a split, with the likelier class and the nearest images."""
    dataset, cross_validated = context.dataset, context.label_judge
    probabilities = cross_validated.probabilities[name][rows]
    suggested, exchanged = likelier_classes(context, name, rows)
    own, wrong = _own(context, name)[rows], context.wrong_chances[name][rows]
    like_suggested = _nearest_of_class(context, name, rows, suggested)
    like_own = _nearest_of_class(context, name, rows, dataset.splits[name].labels[rows])
    return [
        flagged(
            dataset,
            "label-errors",
            "likely-wrong",
            float(wrong[i]),
            name,
            int(rows[i]),
            ("train", int(like_suggested[i])) if like_suggested[i] >= 0 else None,
            suggested=dataset.classes[suggested[i]],
            suggested_probability=float(probabilities[i, suggested[i]]),
            detail=f"its label has probability {own[i]:.2g} and is wrong with chance {wrong[i]:.2f}"
            + _told_exchange(dataset, int(exchanged[i]))
            + _told_nearest(dataset, int(like_own[i])),
        )
        for i in range(len(rows))
    ]


def _told_exchange(dataset: Dataset, true: int) -> str:
    """On what the chance rests where it is no more than one reading of the classes."""
    return f" if images of {one_line(dataset.classes[true])} were given this label" if true >= 0 else ""


def _told_nearest(dataset: Dataset, row: int) -> str:
    """The nearest training image of the label as given: `related_...` tells that of the suggested one."""
    return f"; nearest image of its own label: train {row} ({dataset.train.ids[row]})" if row >= 0 else ""


def _nearest_of_class(context: CheckContext, name: str, rows: Rows, classes: Rows) -> Rows:
    """For each row the nearest training image of a class that is not of its own group; -1 without one."""
    components, labels = context.label_judge.components, context.dataset.train.labels
    found = np.full(len(rows), -1, np.int64)
    for label in np.unique(classes):
        members = np.flatnonzero(labels == label)
        members = members[spread_rows(len(members), _MOST_COMPARED)]
        asking = np.flatnonzero(classes == label)
        if not len(members):
            continue
        _, columns = nearest(components[name][rows[asking]], components["train"][members], _CANDIDATES)
        near = members[columns]
        other = context.groups[near] != context.groups[rows[asking], None] if name == "train" else near >= 0
        first = near[np.arange(len(near)), other.argmax(axis=1)]
        found[asking] = np.where(other.any(axis=1), first, -1)
    return found
