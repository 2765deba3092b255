"""Which images are the same picture, exactly or nearly, within and across all splits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows
from assay.data.values import Dataset
from assay.duplicates.by_detail.detail_copies import DetailCopies, find_detail_copies
from assay.duplicates.by_gray import copies_by_gray
from assay.duplicates.candidates import find_candidates, thumbnail_shape, thumbnails
from assay.duplicates.in_passes import Pictures, find_in_passes, fit_in_memory
from assay.duplicates.overlaid import find_overlaid
from assay.duplicates.overlapping.overlaps import Overlaps, find_overlaps
from assay.duplicates.recolored import find_recolored
from assay.duplicates.turned import find_turned

#: Bytes of pixels read at once.
_BYTES: Final = 1 << 26

#: Pictures whose values all lie in so small a range are stretched for the search, as its bounds are gray
#: levels of pictures that use the whole one: of digits with values from 0 to 16, a sixth would be copies.
_NARROW: Final = 128

#: What alone tells two pictures apart; 0: no one thing.
OVERLAID: Final = 1
RECOLORED: Final = 2
TURNED: Final = 3
ALONE: Final = (OVERLAID, RECOLORED, TURNED)

#: Of pairs that one thing alone tells apart, the share that may differ in class: wrong labels.
_PARTED: Final = 0.1


@dataclass(frozen=True, eq=False)
class Copies:
    """All images of all splits, in the order of the splits, and what is a copy of what.

    splits: the splits' names. split, index: int64 `(n,)`, where image i lies. picture: int64 `(n,)`,
    equal for exact copies; first: int64 `(pictures,)`, the first image of each picture.
    near_first, near_second: int64 `(pairs,)`, pictures that are nearly the same, near_first shown first.
    score: float64 `(pairs,)` in [0, 1]; changes: what was undone, for each pair. limits, unlikely: of the
    search by detail, as in `DetailCopies`. alone: int64 `(pairs,)`, what alone tells the two apart: a small
    box (`OVERLAID`), colors or tones (`RECOLORED`), a turn by right angles (`TURNED`); None where such pairs
    were not looked for. overlaps: pairs of pictures that show parts of one larger picture.
    """

    splits: tuple[str, ...]
    split: Rows
    index: Rows
    picture: Rows
    first: Rows
    near_first: Rows
    near_second: Rows
    score: NDArray[np.float64]
    changes: tuple[str, ...]
    limits: tuple[float, float] | None = None
    unlikely: int = 0
    alone: Rows | None = None
    overlaps: Overlaps = field(default_factory=Overlaps.none)

    def place(self, image: int) -> tuple[str, int]:
        """Split and index of an image."""
        return self.splits[self.split[image]], int(self.index[image])


@dataclass(frozen=True, eq=False)
class Pool:
    """The images of all splits in one order, exact copies grouped. Fields as in `Copies`."""

    splits: tuple[str, ...]
    split: Rows
    index: Rows
    picture: Rows
    first: Rows


def pool_images(dataset: Dataset) -> Pool:
    """Group the images of all splits by digest; pictures are numbered in order of appearance."""
    sizes = [len(split) for split in dataset.splits.values()]
    digests = np.concatenate([split.digests for split in dataset.splits.values()])
    keys = np.ascontiguousarray(digests).view("V32").ravel()
    _, seen, picture = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(seen, kind="stable"), kind="stable")
    return Pool(
        splits=tuple(dataset.splits),
        split=np.repeat(np.arange(len(sizes)), sizes),
        index=np.concatenate([np.arange(size) for size in sizes]),
        picture=rank[picture.ravel()],
        first=np.sort(seen).astype(np.int64),
    )


def find_copies(dataset: Dataset, near: bool = True) -> Copies:
    """Exact copies by digest and, where `near`, near copies: candidates by window, verified on pixels.

    Pictures are searched in the order of their digests, so that the same ones are found however a set is
    ordered and divided. Where their thumbnails do not fit into memory, as `in_passes` does it.
    """
    pool = pool_images(dataset)
    if not near:
        none = np.zeros(0, np.int64)
        return Copies(**vars(pool), near_first=none, near_second=none, score=np.zeros(0), changes=())
    order, stretch = by_digest(dataset, pool), stretch_of(dataset, pool)
    if not fit_in_memory(dataset.shape, len(order)):
        by_gray = find_in_passes(_in_turn(dataset, pool, order, stretch))
        return _joined(pool, order, (by_gray, DetailCopies.none()), None)
    small = np.empty((len(order), *thumbnail_shape(dataset.shape)), np.uint8)
    place, done = np.argsort(order), 0
    for block in _pictures(dataset, pool, pool.first, stretch):
        small[place[done : done + len(block)]] = thumbnails(block)
        done += len(block)

    def pixels(places: Rows) -> NDArray[np.uint8]:
        return _pixels(dataset, pool, pool.first[order[places]], stretch)

    whole = None if resized(dataset) else pixels
    all_pixels = small.shape[1:] == dataset.shape
    by_gray = copies_by_gray(small, find_candidates(small), whole, all_pixels)
    turned = find_turned(small, dataset.shape, whole, all_pixels)
    known = _pairs(by_gray) | _pairs(turned)
    found = (by_gray, find_detail_copies(small, known))
    joined = _joined(pool, order, found, (find_overlaid(small), find_recolored(small), turned))
    overlaps = find_overlaps(len(order), dataset.shape, pixels)
    return replace(joined, overlaps=overlaps.numbered(order))


def of_one_class(copies: Copies, dataset: Dataset) -> Copies:
    """The copies without pairs that one thing alone tells apart, where such pairs often differ in class.

    There it is that thing that tells the classes, as the lowest line of an E that is no F, the color of a
    sign, or the side that is up, as of a b that is no q. Where hardly any pair differs in class the label is
    what is wrong.
    """
    if copies.alone is None:
        return copies
    labels = np.concatenate([split.labels for split in dataset.splits.values()])[copies.first]
    differ = labels[copies.near_first] != labels[copies.near_second]
    parted = np.zeros(len(differ), bool)
    for what in ALONE:
        such = copies.alone == what
        if (such & differ).sum() > _PARTED * such.sum():
            parted |= such & differ
    return replace(
        copies,
        near_first=copies.near_first[~parted],
        near_second=copies.near_second[~parted],
        score=copies.score[~parted],
        changes=tuple(told for told, out in zip(copies.changes, parted.tolist(), strict=True) if not out),
        alone=copies.alone[~parted],
    )


def _in_turn(dataset: Dataset, pool: Pool, order: Rows, stretch: "Stretch | None") -> Pictures:
    """The pictures by their places in the order of digests, to be read as they lie."""
    return Pictures(
        lambda places: _pixels(dataset, pool, pool.first[order[places]], stretch),
        dataset.shape,
        np.argsort(order),
        resized(dataset),
    )


def by_digest(dataset: Dataset, pool: Pool) -> Rows:
    """The pictures of a pool in the order of their digests: int64 `(pictures,)`."""
    digests = np.concatenate([split.digests for split in dataset.splits.values()])[pool.first]
    return np.argsort(np.ascontiguousarray(digests).view("V32").ravel(), kind="stable")


def _joined(
    pool: Pool,
    order: Rows,
    found: tuple[DetailCopies, ...],
    alone: tuple[DetailCopies, ...] | None,
) -> Copies:
    """Pairs found in gray levels, those that only detail tells, and those that one thing tells; each once.

    order: the picture of each place that the pairs name. alone: the pairs of each of `ALONE`.
    """
    every = (*found, *(alone or ()))
    low, high = (np.concatenate(sides) for sides in zip(*map(_ordered, every), strict=True))
    _, kept = np.unique(np.stack([low, high]), axis=1, return_index=True)
    kept = np.sort(kept)
    changes = [told for part in every for told in part.changes]
    kinds = [0] * len(found) if alone is None else [*[0] * len(found), *ALONE]
    what = np.repeat(kinds, [len(part.first) for part in every])
    by_detail = found[-1]
    return copies_in(
        pool,
        np.stack([order[low[kept]], order[high[kept]]]),
        np.concatenate([part.score for part in every])[kept],
        tuple(changes[i] for i in kept),
        by_detail.limits,
        by_detail.unlikely,
        None if alone is None else what[kept],
    )


def copies_in(
    pool: Pool,
    pairs: Rows,
    score: NDArray[np.float64],
    changes: tuple[str, ...],
    limits: tuple[float, float] | None,
    unlikely: int,
    alone: Rows | None,
) -> Copies:
    """The copies of a pool, in the order of its pictures. pairs: int64 `(2, pairs)`, in any order."""
    first, second = pairs.min(axis=0), pairs.max(axis=0)
    rising = np.lexsort((second, first))
    return Copies(
        **vars(pool),
        near_first=first[rising],
        near_second=second[rising],
        score=score[rising],
        changes=tuple(changes[i] for i in rising),
        limits=limits,
        unlikely=unlikely,
        alone=None if alone is None else alone[rising],
    )


def _pairs(found: DetailCopies) -> frozenset[tuple[int, int]]:
    """The pairs, the smaller row first."""
    return frozenset(zip(*(side.tolist() for side in _ordered(found)), strict=True))


def _ordered(pairs: DetailCopies) -> tuple[Rows, Rows]:
    return np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)


def _pictures(
    dataset: Dataset, pool: Pool, images: Rows, stretch: "Stretch | None" = None
) -> Iterator[NDArray[np.uint8]]:
    """The pixels of some images of the pool (in rising order), block by block; at least one block."""
    yield np.zeros((0, *dataset.shape), np.uint8)
    size = max(_BYTES // math.prod(dataset.shape), 1)
    for number, name in enumerate(pool.splits):
        rows = pool.index[images[pool.split[images] == number]]
        blocks = dataset.splits[name].blocks(rows, size)
        yield from blocks if stretch is None else map(stretch.of, blocks)


def _pixels(dataset: Dataset, pool: Pool, images: Rows, stretch: "Stretch | None") -> NDArray[np.uint8]:
    """The pixels of some images of the pool, in any order: uint8 `(n, h, w, c)`."""
    rising, place = np.unique(images, return_inverse=True)
    found: NDArray[np.uint8] = np.concatenate(list(_pictures(dataset, pool, rising, stretch)))[place.ravel()]
    return found


@dataclass(frozen=True)
class Stretch:
    """Values from `low` on, `gain` times as far apart: one rule for all pictures of a set."""

    low: int
    gain: int

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 pictures, stretched."""
        return (images - np.uint8(self.low)) * np.uint8(self.gain)


def stretch_of(dataset: Dataset, pool: Pool) -> Stretch | None:
    """What brings the pictures to the whole range of 8 bits; None where they use half of it or more.

    Of most sets the first block tells: no more is read.
    """
    low, high = 255, 0
    for block in _pictures(dataset, pool, pool.first):
        if block.size:
            low, high = min(low, int(block.min())), max(high, int(block.max()))
        if high - low >= _NARROW:
            return None
    return Stretch(low, 255 // (high - low)) if high > low else None


def resized(dataset: Dataset) -> bool:
    """Whether the files had more or fewer pixels than the images have now."""
    height, width, _ = dataset.shape
    return not all(
        bool(np.all(np.asarray(split.columns.get(name, side)) == side))
        for split in dataset.splits.values()
        for name, side in (("height", height), ("width", width))
    )
