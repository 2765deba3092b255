"""Groups that nobody named: images whose names go together, and which look alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.data.splitting.name_groups import checked_pattern, groups_of_names
from assay.estimators.nearest_neighbors import nearest


def _before(mark: str, number: int) -> str:
    """What stands before the mark of that number in the name of a file; a name with fewer is alone."""
    one = f"[^/{mark}]+"
    return f"({mark.join([one] * number)}){mark}[^/]*$|[^/]+$"


#: What may tell groups, as `--group-pattern` takes it: the beginning of a name, the name without its last
#: number, the folder.
PATTERNS: Final = (
    *(_before(mark, number) for mark in ("_", "-", " ", r"\.") for number in (1, 2, 3)),
    r"([^/]*[^/\d])\d+(?:\.\w+)?$|[^/]+$",
    r"([^/]+)/[^/]+$|[^/]+$",
)

#: In larger sets names are not looked at.
MOST_IMAGES: Final = 100_000

#: Images outside train whose nearest neighbor is searched, evenly spread.
_ASKED: Final = 2_000

#: Names tell groups where so many images at least, and this share of those outside train, have one in train;
_LEAST: Final = 20
_LEAST_SHARE: Final = 0.2
#: where such a group is at most this share of its class, in the mean;
_MOST_BY_CHANCE: Final = 0.3
#: and where for this share of them the most similar image of the class is of the group, so many times as many
#: as by chance, and so many standard deviations more. Sorts within a class look alike too, though less so.
_ALIKE: Final = 0.5
_TIMES: Final = 3.0
_DEVIATIONS: Final = 6.0


@dataclass(frozen=True)
class SuspectedGroups:
    """What a pattern finds in names: `images` outside train were asked; for `alike` of them the most similar
    training image of their class has the same group, for `by_chance` where names meant nothing."""

    pattern: str
    images: int
    alike: int
    by_chance: float


def suspected_groups(context: CheckContext, known: Collection[tuple[str, int]]) -> SuspectedGroups | None:
    """The groups that names tell most clearly; None where there are groups, or none are told.

    known: split and row of images that leak in any case.
    """
    dataset = context.dataset
    total = sum(len(split) for split in dataset.splits.values())
    if "group" in dataset.train.columns or total > MOST_IMAGES:
        return None
    judged = [
        (name, row)
        for name, split in dataset.splits.items()
        if name != "train"
        for row in range(len(split))
        if (name, row) not in known
    ]
    step = max(1, -(-len(judged) // _ASKED))
    asked = judged[::step]
    told = [found for pattern in PATTERNS if (found := _chances(context, asked, pattern)) is not None]
    if not told:
        return None
    neighbors = _nearest_of_the_class(context, asked)
    suspected = [s for found in told if (s := _judged(found, neighbors)) is not None]
    return max(suspected, key=lambda s: s.alike - s.by_chance, default=None)


@dataclass(frozen=True)
class _Told:
    """chances `(n,)`: of each image asked, the share of its class in train that is of its group; train,
    groups: the group of each training image and of each one asked."""

    pattern: str
    chances: NDArray[np.float64]
    train: NDArray[np.int64]
    groups: NDArray[np.int64]


def _chances(context: CheckContext, asked: list[tuple[str, int]], pattern: str) -> _Told | None:
    """The groups of a pattern, where it tells many small ones that lie on both sides."""
    dataset, expression = context.dataset, checked_pattern(pattern)
    numbers: dict[tuple[int, str], int] = {}
    counter = count()

    def numbered(names: list[str], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        found = zip(labels.tolist(), groups_of_names(names, expression), strict=True)
        return np.array([numbers.setdefault(key, next(counter)) for key in found], np.int64)

    train = numbered(list(dataset.train.ids), dataset.train.labels)
    labels = _labels(context, asked)
    groups = numbered([dataset.splits[name].ids[row] for name, row in asked], labels)
    sizes = np.bincount(train, minlength=next(counter))[groups]
    of_class = dataset.train.counts(len(dataset.classes))[labels]
    chances = sizes / np.maximum(of_class, 1)
    there = chances > 0
    enough = there.sum() >= max(_LEAST, _LEAST_SHARE * len(asked))
    if not enough or chances[there].mean() > _MOST_BY_CHANCE:
        return None
    return _Told(pattern, chances, train, groups)


def _judged(told: _Told, neighbors: NDArray[np.int64]) -> SuspectedGroups | None:
    there = (told.chances > 0) & (neighbors >= 0)
    chances, hits = told.chances[there], told.train[neighbors[there]] == told.groups[there]
    alike, by_chance = int(hits.sum()), float(chances.sum())
    deviation = float(np.sqrt((chances * (1 - chances)).sum()))
    clear = alike >= _ALIKE * len(hits) and alike >= _TIMES * by_chance
    if not clear or alike - by_chance < _DEVIATIONS * deviation:
        return None
    return SuspectedGroups(told.pattern, len(hits), alike, by_chance)


def _nearest_of_the_class(context: CheckContext, asked: list[tuple[str, int]]) -> NDArray[np.int64]:
    """int64 `(n,)`: the row of the training image of the same class that is nearest by features, or -1."""
    components, labels = context.components, _labels(context, asked)
    described = _rows_of(components, asked)
    found = np.full(len(asked), -1, np.int64)
    for label in np.unique(labels):
        ours = np.flatnonzero(labels == label)
        theirs = np.flatnonzero(context.dataset.train.labels == label)
        if len(theirs):
            found[ours] = theirs[nearest(described[ours], components["train"][theirs], 1)[1][:, 0]]
    return found


def _labels(context: CheckContext, asked: list[tuple[str, int]]) -> NDArray[np.int64]:
    splits = context.dataset.splits
    return np.array([splits[name].labels[row] for name, row in asked], np.int64)


def _rows_of(
    components: Mapping[str, NDArray[np.float32]], asked: list[tuple[str, int]]
) -> NDArray[np.float32]:
    return np.stack([components[name][row] for name, row in asked])
