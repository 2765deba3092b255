"""Suspected groups by distances: images that lie far nearer to a few others than to the rest.

Distances from an image to its neighbors of the same class grow by steps. Where images stand alone, the step
from neighbor k to k + 1, times k, is on average as long as any other: in m dimensions log(d[k+1] / d[k]) is
1 / (k m) (Levina and Bickel, 2004). Frames of a film, versions of one picture and views of one thing lie
close together, and the rest begins after a long step.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.image_sample import asked_places, first_classes
from assay.core.arrays import Rows
from assay.estimators.nearest_neighbors import nearest

#: Images whose neighbors are searched, evenly spread, and the fewest that tell something.
_ASKED: Final = 1_000
FEWEST: Final = 40

#: Groups of up to so many others are looked for. A step is held against `_WINDOW` steps, from the `_NEXT`
#: one on: those between are long, too, where groups differ in size.
_LARGEST: Final = 24
_NEXT: Final = 3
_WINDOW: Final = 16
_REACH: Final = _NEXT + _WINDOW
_STEPS: Final = _LARGEST + _REACH - 1

#: The fewest training images of a class whose images can be asked.
FEWEST_OF_CLASS: Final = _REACH + 1

#: A step counts up to so many times the usual one: a few pictures with a twin say nothing of the rest.
_MOST: Final = 5.0

#: Groups are told where the mean step is so many times as long as those after it, by so many standard errors,
#: and so many times as long as it is towards other classes: of a training set of twins every second step is
#: long, seen from anywhere. Chosen on the tuning sets (docs/decisions/0236-groups-by-their-distances.md).
TIMES: Final = 1.3
_ERRORS: Final = 4.0
ELSEWHERE: Final = 1.5


@dataclass(frozen=True)
class HiddenGroups:
    """Of `images` asked, `close` lie far nearer to `others` or fewer images of their class than to all the
    rest; as many as `by_chance` would anyway. times: how long the step to the rest is beside those after it.
    """

    images: int
    close: int
    by_chance: float
    others: int
    times: float


def hidden_groups(context: CheckContext, known: Collection[tuple[str, int]]) -> HiddenGroups | None:
    """The groups that distances tell most clearly; None where none are told.

    Asked are images outside train, beside those of train; of a set without other splits, images of train
    beside each other. known: split and row of images with a copy or a group in train, which are not asked.
    """
    return judged(*steps_to_neighbors(context, known))


def steps_to_neighbors(
    context: CheckContext, known: Collection[tuple[str, int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """k log(d[k+1] / d[k]) of each image asked, towards images of its class and towards those of others.

    Both float64 `(n, steps)`; NaN where there are fewer images.
    """
    dataset, components = context.dataset, context.components
    classes = first_classes(dataset.train.counts(len(dataset.classes)), least=2)
    kept = np.flatnonzero(np.isin(dataset.train.labels, classes))
    base, base_labels = np.asarray(components["train"][kept]), dataset.train.labels[kept]
    places = asked_places(dataset, known, classes, _ASKED)
    same, different = np.full((2, len(places), _STEPS), np.nan)
    for name in dict.fromkeys(split for split, _ in places):
        ours = np.array([place for place, (split, _) in enumerate(places) if split == name], np.int64)
        rows = np.array([places[place][1] for place in ours], np.int64)
        points, labels = components[name][rows], dataset.splits[name].labels[rows]
        for label in np.unique(labels):
            asked = labels == label
            own = rows[asked] if name == "train" else None
            for found, members in ((same, base_labels == label), (different, base_labels != label)):
                if members.sum() > 1:
                    steps = _steps(points[asked], base[members], kept[members], own)
                    found[ours[asked], : steps.shape[1]] = steps
    return same, different


def _steps(
    asked: NDArray[np.float32], members: NDArray[np.float32], rows: Rows, own: Rows | None
) -> NDArray[np.float64]:
    """own: the row of train that each image is itself, which is no neighbor; None outside train."""
    own = None if own is None or not np.isin(own, rows).any() else own
    _, near = nearest(asked, members, _STEPS + 1 + (own is not None))
    if own is not None:
        itself = rows[near] == own[:, None]
        itself[:, -1] |= ~itself.any(axis=1)  # it lies behind more exact twins than were asked for
        near = near[~itself].reshape(len(near), -1)
    away = asked.astype(np.float64)[:, None] - members[near].astype(np.float64)
    distances = np.maximum(np.sqrt(np.square(away).sum(axis=2)), 1e-9)
    steps: NDArray[np.float64] = np.arange(1, distances.shape[1]) * np.diff(np.log(distances), axis=1)
    return steps


def judged(same: NDArray[np.float64], different: NDArray[np.float64]) -> HiddenGroups | None:
    """The most telling size of a group, by `steps_to_neighbors`; None where no step stands out."""
    best = None
    for k in range(_LARGEST):
        whole = ~np.isnan(same[:, k + _REACH - 1]) & ~np.isnan(different[:, k + _REACH - 1])
        if whole.sum() < FEWEST:
            break
        own = same[whole]
        here, elsewhere = _beside_later(own, k), _beside_later(different[whole], k)
        times, error = float(here.mean()), float(here.std()) / np.sqrt(len(here))
        told = times - 1 >= _ERRORS * error and times >= max(TIMES, ELSEWHERE * elsewhere.mean())
        if told and (best is None or times > best.times):
            close = int((own[:, : k + 1] >= _MOST * _usual(own, k)).any(axis=1).sum())
            chance = len(own) * -np.expm1((k + 1) * np.log1p(-np.exp(-_MOST)))
            best = HiddenGroups(len(own), close, float(chance), k + 1, times)
    return best


def _beside_later(steps: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """How long step k of each image is beside the mean of those that come later: `(n,)`. 0 where all images
    are equally far."""
    usual = _usual(steps, k)
    if usual <= 0:
        return np.zeros(len(steps))
    counted = np.minimum(steps[:, k : k + _REACH] / usual, _MOST)
    beside: NDArray[np.float64] = counted[:, 0] / np.median(counted[:, _NEXT:].mean(axis=0))
    return beside


def _usual(steps: NDArray[np.float64], k: int) -> float:
    """How long the steps after step k are, in the mean over images."""
    return float(np.median(steps[:, k + _NEXT : k + _REACH].mean(axis=0)))
