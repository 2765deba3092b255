"""Misaligned features: rows in another order than the images, or of other data.

Pictures that look alike have features that are alike, whatever net made them. Where they are as far apart as
those of any two pictures, the rows are not those of these images.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import sqrt
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.user_features import UserFeatures, by_split
from assay.core.arrays import Float32s, Rows, gray_of, spread_rows
from assay.core.errors import AssayError
from assay.data.source_order import Reading, better, readings, told_orders
from assay.data.values import Dataset
from assay.estimators.projections import squared_distances
from assay.evaluation.answer_order import simple_orders
from assay.features.hand_made import reduced

#: Images among which pairs that look alike are looked for, their pixels a side, and how near a pair must be:
#: its distance over the median one of the first picture.
_SAMPLE: Final = 2000
_SIDE: Final = 16
_ALIKE: Final = 0.5

#: Pairs that are asked, and the fewest that say anything.
_PAIRS: Final = 200
_FEWEST: Final = 30

#: What is measured is the share of other images whose features are nearer than those of the one that looks
#: alike. Rows belong to other images where that is no smaller than in random orders, by so many of their
#: deviations, and over a share that poor features have. Another order must be nearer by so many standard
#: errors, and by half.
_RANDOM: Final = 30
_CHANCE: Final = 3.0
_POOR: Final = 0.3
_SURE: Final = 6.0
_HALF: Final = 0.5

#: Other images that are asked for each pair.
_OTHERS: Final = 500


def features_by_split(given: UserFeatures, dataset: Dataset, file: Path) -> dict[str, Float32s]:
    """The rows of each split, in the order in which they belong to the images.

    Rows without names may be in the order of the source or split after split: pictures that look alike tell
    which, or else labels, by which features that are near are alike. Raises AssayError `bad-arrays` where
    neither tells, and as `refuse_other_rows`.
    """
    found = readings(dataset)
    if given.named or len(found) == 1:
        only = by_split(given.rows if given.named else given.rows[found[0].rows], dataset)
        refuse_other_rows(only, dataset, file)
        return only
    best = _best_reading(given.rows, found, dataset) if found else -1
    ways = [by_split(given.rows[one.rows], dataset) for one in found]
    for rows in ways if best < 0 else (ways[best],):
        refuse_other_rows(rows, dataset, file)
    if best < 0:
        what = f"nothing tells which image each row is about: the order may be {told_orders(dataset)}"
        fix = "Save an .npz with the rows as features and the names of their images as ids."
        raise AssayError("bad-arrays", file, what, fix)
    return ways[best]


def _best_reading(rows: Float32s, found: Sequence[Reading], dataset: Dataset) -> int:
    """The number of the reading that fits plainly better, -1 where none does or both signs differ."""
    told = {_by_pictures(rows, found, dataset), _by_labels(rows, found, dataset)} - {-1}
    return told.pop() if len(told) == 1 else -1


def _by_pictures(rows: Float32s, found: Sequence[Reading], dataset: Dataset) -> int:
    first, second, sample = _alike(dataset)
    if len(first) < _FEWEST:
        return -1
    shares = [_nearer(rows, one.rows, first, second, sample) for one in found]
    order = np.argsort([share.mean() for share in shares], kind="stable")
    best, other = shares[order[0]], shares[order[1]]
    return int(order[0]) if _plainly_nearer(best, other) else -1


def _by_labels(rows: Float32s, found: Sequence[Reading], dataset: Dataset) -> int:
    """By whether the row with the nearest features has the same label."""
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    sample = np.sort(np.random.default_rng(2).permutation(len(rows))[:_SAMPLE])
    some = rows[sample].astype(np.float64)
    apart = squared_distances(some, some)
    np.fill_diagonal(apart, np.inf)
    nearest = sample[apart.argmin(axis=1)]
    of_rows = [labels[np.argsort(one.rows)] for one in found]
    return better(*(own[sample] == own[nearest] for own in of_rows))


def _plainly_nearer(nearer: NDArray[np.float64], given: NDArray[np.float64]) -> bool:
    """Whether pictures that look alike have nearer features by another order, by much and surely."""
    paired = given - nearer
    sure = paired.mean() > _SURE * max(paired.std() / sqrt(max(len(paired), 1)), 1e-9)
    return bool(sure and nearer.mean() < _HALF * given.mean())


def refuse_other_rows(features: Mapping[str, Float32s], dataset: Dataset, file: Path) -> None:
    """Raise AssayError `bad-arrays` where the rows of features are plainly not those of the images.

    features: float32 `(n, columns)` by split. Nothing is said where fewer than 30 pictures look like another.
    """
    first, second, sample = _alike(dataset)
    if len(first) < _FEWEST:
        return
    rows = np.concatenate(list(features.values()))
    given = _nearer(rows, np.arange(len(rows)), first, second, sample)
    best, told = given, ""
    for words, place in _orders(dataset):
        known = (place[first] >= 0) & (place[second] >= 0)
        other = _nearer(rows, place, first[known], second[known], sample)
        if _plainly_nearer(other, given[known]) and other.mean() < best.mean():
            best, told = other, words
    if told:
        raise _other_rows(file, f"its rows are in another order than the images: {told}")
    if given.mean() > _POOR and given.mean() > _by_chance(rows, first, second, sample):
        what = "the features of pictures that look alike are as far apart as those of any two"
        raise _other_rows(file, f"its rows do not belong to the images: {what}")


def _by_chance(rows: Float32s, first: Rows, second: Rows, sample: Rows) -> float:
    """The least share that features of other images may have."""
    rng = np.random.default_rng(1)
    means = [_nearer(rows, rng.permutation(len(rows)), first, second, sample).mean() for _ in range(_RANDOM)]
    return float(np.mean(means) - _CHANCE * np.std(means))


def _other_rows(file: Path, what: str) -> AssayError:
    fix = (
        "Save one row per image in the order of the source, or their names beside them (.npz: features, ids)."
    )
    return AssayError("bad-arrays", file, what, fix)


def _alike(dataset: Dataset) -> tuple[Rows, Rows, Rows]:
    """Pairs of images that look alike, and the sample that they are from: numbers over all splits."""
    total = sum(map(len, dataset.splits.values()))
    sample = np.sort(np.random.default_rng(0).permutation(total)[:_SAMPLE])
    parts, start = [], 0
    for split in dataset.splits.values():
        rows = sample[(sample >= start) & (sample < start + len(split))] - start
        parts += [gray_of(reduced(block, _SIDE)) for block in split.blocks(rows)] if len(rows) else []
        start += len(split)
    small = np.concatenate(parts).reshape(len(sample), -1).astype(np.float64)
    apart = np.sqrt(np.maximum(squared_distances(small, small), 0))
    middle = np.median(apart, axis=1)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    share = apart.min(axis=1) / np.maximum(middle, 1e-9)
    chosen = np.argsort(share, kind="stable")[:_PAIRS]
    chosen = chosen[share[chosen] < _ALIKE]
    return sample[chosen], sample[nearest[chosen]], sample


def _nearer(rows: Float32s, place: Rows, first: Rows, second: Rows, sample: Rows) -> NDArray[np.float64]:
    """For each pair the share of the sample whose features are nearer to those of the first: `(pairs,)`.

    place: the row of each image, below 0 where none is.
    """
    sample = sample[spread_rows(len(sample), _OTHERS)]
    others = rows[place[sample[place[sample] >= 0]]].astype(np.float64)
    own = rows[place[first]].astype(np.float64)
    apart = ((own - rows[place[second]]) ** 2).sum(axis=1)
    every = squared_distances(own, others)
    nearer = (every < apart[:, None]).mean(axis=1)
    equal = (every == apart[:, None]).mean(axis=1)
    return np.asarray(nearer + equal / 2, np.float64)


def _orders(dataset: Dataset) -> Iterator[tuple[str, Rows]]:
    """Simple orders that the rows may have: what each is called, and the row of each image."""
    sizes = [len(split) for split in dataset.splits.values()]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    names = [name for split in dataset.splits.values() for name in split.ids]
    for order in list(permutations(range(len(sizes))))[1:]:
        images = np.concatenate([np.arange(starts[part], starts[part + 1]) for part in order])
        told = ", ".join(list(dataset.splits)[part] for part in order)
        yield f"the splits seem to come as {told}", _placed(len(names), np.arange(len(names)), images)
    for told, answers, images in simple_orders(names):
        yield told, _placed(len(names), answers, images)
    within = [list(simple_orders(split.ids)) for split in dataset.splits.values()]
    for orders in zip(*within, strict=True) if len(sizes) > 1 else ():
        answers = np.concatenate([start + one[1] for start, one in zip(starts, orders, strict=False)])
        images = np.concatenate([start + one[2] for start, one in zip(starts, orders, strict=False)])
        yield f"in each split, {orders[0][0]}", _placed(len(names), answers, images)


def _placed(count: int, answers: Rows, images: Rows) -> Rows:
    place = np.full(count, -1, np.int64)
    place[images] = answers
    return place
