"""Suspected groups by file names: images whose names share a part, and which look alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.image_sample import asked_places, first_classes
from assay.audits.checks.leakage.name_patterns import BEGINNINGS, PARTS
from assay.core.arrays import Rows
from assay.data.splitting.name_groups import checked_pattern, groups_of_names
from assay.data.splitting.version_names import NAMED_BY_TOOLS, VERSIONS
from assay.data.values import Dataset
from assay.estimators.nearest_neighbors import nearest

#: Images whose nearest neighbor is searched, evenly spread.
_ASKED: Final = 2_000

#: Names tell groups where so many images at least, and this share of those asked, have one in train: more by
#: single parts of names, for a few that end alike ("filled", "small") tell a sort;
_LEAST: Final = 20
_LEAST_SHARE: Final = 0.2
_LEAST_SHARE_OF_PARTS: Final = 0.5
#: where such a group is at most this share of its class, in the mean;
_MOST_BY_CHANCE: Final = 0.3
#: and where for this share of them the most similar image of the class is of the group, so many times as many
#: as by chance, and so many standard deviations more. Sorts within a class look alike too, though less so.
_ALIKE: Final = 0.5
_TIMES: Final = 3.0
_DEVIATIONS: Final = 6.0


@dataclass(frozen=True)
class SuspectedGroups:
    """What a pattern finds in names, as `group` in `name`: `images` outside train were asked, or of train
    where there is no other split; for `alike` of them the most similar other training image of their class
    has the same group, for `by_chance` where names meant nothing."""

    pattern: str
    name: str
    group: str
    images: int
    alike: int
    by_chance: float


@dataclass(frozen=True)
class _Asked:
    """The images asked, `(n,)` each, as split and row, with their labels. own: their row in train, or -1."""

    places: list[tuple[str, int]]
    labels: Rows
    own: Rows


@dataclass(frozen=True)
class _Told:
    """chances float64 `(n,)`: of each image asked, the share of the others of its class in train that are of
    its group. train: the group of each training image; -1 where its class is not looked at. groups: those of
    the images asked."""

    pattern: str
    chances: NDArray[np.float64]
    train: Rows
    groups: Rows


def suspected_groups(context: CheckContext, known: Collection[tuple[str, int]]) -> SuspectedGroups | None:
    """The groups that names tell most clearly; None where there are groups, or none are told.

    known: split and row of images with a copy in train, which need no name to look like it.
    """
    dataset = context.dataset
    if "group" in dataset.train.columns:
        return None
    counts = [split.counts(len(dataset.classes)) for split in dataset.splits.values()]
    classes = first_classes(np.sum(counts, axis=0))
    asked = _asked(dataset, known, classes)
    versions = [NAMED_BY_TOOLS, VERSIONS] if _changed_by_name(dataset, classes) else [NAMED_BY_TOOLS]
    lists = ((versions, _LEAST_SHARE), (BEGINNINGS, _LEAST_SHARE), (PARTS, _LEAST_SHARE_OF_PARTS))
    for patterns, share in lists:
        groups = (_groups_of(dataset, asked, classes, pattern) for pattern in patterns)
        told = [found for found in groups if _tells(found.chances, share)]
        neighbors = _nearest_of_the_class(context, asked) if told else np.zeros(0, np.int64)
        suspected = [s for found in told if (s := _judged(dataset, asked, found, neighbors)) is not None]
        if suspected:
            return max(suspected, key=lambda s: s.alike - s.by_chance)
    return None


def _asked(dataset: Dataset, known: Collection[tuple[str, int]], classes: Rows) -> _Asked:
    places = asked_places(dataset, known, classes, _ASKED)
    labels = np.array([dataset.splits[name].labels[row] for name, row in places], np.int64)
    own = np.array([row if name == "train" else -1 for name, row in places], np.int64)
    return _Asked(places, labels, own)


def _changed_by_name(dataset: Dataset, classes: Rows) -> bool:
    """Whether names say of many images that a picture was changed, and each name stands once in its class.

    Where a name comes twice, splits were numbered each for itself, and equal names mean nothing.
    """
    expression, changed = checked_pattern(VERSIONS), 0
    seen: set[tuple[int, str]] = set()
    for split in dataset.splits.values():
        rows = np.flatnonzero(np.isin(split.labels, classes)).tolist()
        names = [split.ids[row].rpartition("/")[2] for row in rows]
        found = set(zip(split.labels[rows].tolist(), names, strict=True))
        if len(found) < len(rows) or found & seen:
            return False
        seen |= found
        groups = groups_of_names(names, expression)
        stems = (name.rpartition(".")[0] or name for name in names)
        changed += sum(stem != group for stem, group in zip(stems, groups, strict=True))
    return changed >= max(_LEAST, _LEAST_SHARE * len(seen))


def _groups_of(dataset: Dataset, asked: _Asked, classes: Rows, pattern: str) -> _Told:
    expression, train = checked_pattern(pattern), dataset.train
    numbers: dict[tuple[int, str], int] = {}
    counter = count()

    def numbered(names: list[str], labels: Rows) -> Rows:
        found = (group.casefold() for group in groups_of_names(names, expression))
        keys = zip(labels.tolist(), found, strict=True)
        return np.array([numbers.setdefault(key, next(counter)) for key in keys], np.int64)

    rows = np.flatnonzero(np.isin(train.labels, classes))
    of_train = np.full(len(train), -1, np.int64)
    of_train[rows] = numbered([train.ids[row] for row in rows.tolist()], train.labels[rows])
    groups = numbered([dataset.splits[name].ids[row] for name, row in asked.places], asked.labels)
    itself = asked.own >= 0
    sizes = np.bincount(of_train[rows], minlength=next(counter))[groups] - itself
    of_class = train.counts(len(dataset.classes))[asked.labels] - itself
    chances = sizes / np.maximum(of_class, 1)
    return _Told(pattern, chances, of_train, groups)


def _tells(chances: NDArray[np.float64], share: float) -> bool:
    """Whether groups are many small ones with images on both sides."""
    there = chances > 0
    enough = there.sum() >= max(_LEAST, share * len(there))
    return bool(enough and chances[there].mean() <= _MOST_BY_CHANCE)


def _judged(dataset: Dataset, asked: _Asked, told: _Told, neighbors: Rows) -> SuspectedGroups | None:
    there = (told.chances > 0) & (neighbors >= 0)
    chances, hits = told.chances[there], told.train[neighbors[there]] == told.groups[there]
    alike, by_chance = int(hits.sum()), float(chances.sum())
    deviation = float(np.sqrt((chances * (1 - chances)).sum()))
    clear = alike >= _ALIKE * len(hits) and alike >= _TIMES * by_chance
    # Whether versions look alike is not asked: they were turned, cut and lit to differ.
    if told.pattern not in (NAMED_BY_TOOLS, VERSIONS) and (
        not clear or alike - by_chance < _DEVIATIONS * deviation
    ):
        return None
    split, row = asked.places[np.flatnonzero(there)[0]]
    name = dataset.splits[split].ids[row]
    (group,) = groups_of_names([name], checked_pattern(told.pattern))
    return SuspectedGroups(told.pattern, name, group, len(hits), alike, by_chance)


def _nearest_of_the_class(context: CheckContext, asked: _Asked) -> Rows:
    """int64 `(n,)`: the row of the other training image of the class that is nearest by features, or -1."""
    components, train = context.components, context.dataset.train
    described = _rows_of(components, asked.places)
    found = np.full(len(asked.own), -1, np.int64)
    for label in np.unique(asked.labels):
        ours, theirs = np.flatnonzero(asked.labels == label), np.flatnonzero(train.labels == label)
        if len(theirs) > 1:
            two = theirs[nearest(described[ours], components["train"][theirs], 2)[1]]
            found[ours] = np.where(two[:, 0] == asked.own[ours], two[:, 1], two[:, 0])
    return found


def _rows_of(
    components: Mapping[str, NDArray[np.float32]], places: list[tuple[str, int]]
) -> NDArray[np.float32]:
    """Of each split at once: of a large set they are read from files, whose blocks are hashed."""
    found = np.empty((len(places), components["train"].shape[1]), np.float32)
    for name, own in components.items():
        ours = [place for place, (split, _) in enumerate(places) if split == name]
        found[ours] = own[np.array([places[place][1] for place in ours], np.int64)]
    return found
