"""Stamps: spots of one value that mark the images of one class."""

from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.marks.connected_parts import connected, is_frame, ring_around
from assay.core.arrays import spread_rows
from assay.data.values import Split

#: A stamp is a spot of one value, up to SAME gray levels, in more than half of the images of a class, where
#: at most RARE of the other images have that value; or in all images of the class, where the others deviate
#: by more than MOVED. In one channel at least it differs by UNLIKE from most places around it, by their
#: median in the class or, of the second kind, their mean. It has two places or more and covers at most a
#: tenth; along a border at most half of the side: what is longer is a frame.
SAME: Final = 6
RARE: Final = 0.1
MOVED: Final = 16.0
UNLIKE: Final = 40.0
_OF_RING: Final = 0.75

#: An image has a stamp where it has so much of it: JPEG moves single pixels.
_OF_SPOT: Final = 0.75

#: A spot is the outline of a field where less than half of its box is covered, and what is left of the box
#: varies in more than a tenth of the images, while the GAP places around vary in less than half of them.
_OPEN: Final = 0.5
_FILLED_IN: Final = 0.1
_STILL: Final = 0.5
_GAP: Final = 2
_MOST: Final = 0.1

#: Images of each class that are looked at for places, fewer where all would hold more than so many values,
#: and none where the fewest would hold more than the most; and of the others together. All training images
#: count where a spot was found.
_LOOKED_AT: Final = 100
_FEWEST: Final = 20
_VALUES: Final = 200_000_000
_MOST_VALUES: Final = 1_000_000_000
_OTHERS: Final = 1_000
_OTHER_VALUES: Final = 30_000_000

#: Pixels as numbers that can be subtracted.
Pixels = NDArray[np.int16]


class Stamp(NamedTuple):
    """A spot in images of class `label`: its first row, its first column and its number of pixels.

    there: bool `(n,)`, which training images have it. shown: whether it may be a part of what
    the class shows: ground that is open in its shape, or the outline of a field that each image fills in
    otherwise, as forms and screens have. What was laid over a picture covers it.
    """

    label: int
    row: int
    column: int
    size: int
    there: NDArray[np.bool_]
    shown: bool


class _Spot(NamedTuple):
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Pixels
    shown: bool


def stamps(split: Split, class_count: int, fewest: int) -> list[Stamp]:
    """Of each class the largest spot that most of its images have, where others hardly ever have it.

    The most frequent value of the set is ground that shows through, unless all images of the class that are
    looked at have it there. fewest: images that a class must have. Of very many classes of large images fewer
    than `_FEWEST` of each could be looked at: then nothing is found.
    """
    labels = np.flatnonzero(split.counts(class_count) >= fewest).tolist()
    size = prod(split.shape) * len(labels)
    if len(labels) < 2 or size * _FEWEST > _MOST_VALUES:
        return []
    most = min(max(_VALUES // size, _FEWEST), _LOOKED_AT)
    own = {label: _spread(np.flatnonzero(split.labels == label), most) for label in labels}
    several = min(_OTHERS, _OTHER_VALUES // prod(split.shape)) // len(labels)
    few = np.sort(np.concatenate([_spread(rows, max(several, 2)) for rows in own.values()]))
    sample = _pixels(split, few)
    ground = _ground([_median(_pixels(split, rows)) for rows in own.values()])
    # Where all images together do not move by half as much, no others do.
    moving = (sample.std(axis=0, dtype=np.float32) > MOVED / 2).all(axis=-1)
    found = []
    for label, rows in own.items():
        others = split.labels[few] != label
        spot = _spot_of_class(_pixels(split, rows), sample, others, ground, moving)
        if spot is not None:
            found.append(_counted(split, label, spot))
    return found


def _spot_of_class(
    own: Pixels, sample: Pixels, others: NDArray[np.bool_], ground: Pixels, moving: NDArray[np.bool_]
) -> _Spot | None:
    """The largest spot in most of a class's images `(m, h, w, c)`; others: which of the sample are others'.

    ground: `(c,)`; moving: bool `(h, w)`, where images may deviate enough.
    """
    middle = _median(own)
    share = _alike(own, middle).mean(axis=0)
    ys, xs = np.nonzero((moving & (share == 1)) | ((share > 0.5) & ~_alike(middle, ground)))
    values, wanted, always = sample[:, ys, xs][others], middle[ys, xs], share[ys, xs] == 1
    rare = ~_alike(wanted, ground) & (_alike(values, wanted).mean(axis=0) <= RARE)
    moved = always.copy()
    moved[always] = (values[:, always].std(axis=0, dtype=np.float32) > MOVED).all(axis=-1)
    for which, around in ((rare, middle), (moved, own.mean(axis=0))):
        part = _largest_part(_map(ys[which], xs[which], share.shape), middle, around)
        if part is not None:
            open_ground = bool(_alike(middle[part], ground).mean() > _OPEN)
            return _Spot(*part, middle[part], open_ground or _outlines(*part, share))
    return None


def _outlines(ys: NDArray[np.int64], xs: NDArray[np.int64], share: NDArray[np.float64]) -> bool:
    """Whether a spot outlines a field. share: `(h, w)`, of the images that are as their median there."""
    box = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    around = np.zeros(share.shape, bool)
    around[max(ys.min() - _GAP, 0) : ys.max() + 1 + _GAP, max(xs.min() - _GAP, 0) : xs.max() + 1 + _GAP] = (
        True
    )
    inside = np.zeros(share.shape, bool)
    inside[box] = True
    around &= ~inside
    covered = len(ys) / np.count_nonzero(inside)
    inside[ys, xs] = False
    if covered > _OPEN or not around.any():
        return False
    return bool(1 - share[inside].mean() > _FILLED_IN and 1 - share[around].mean() < _STILL)


def _map(ys: NDArray[np.int64], xs: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """bool `(h, w)`: true at these places."""
    found = np.zeros(shape, bool)
    found[ys, xs] = True
    return found


def _counted(split: Split, label: int, spot: _Spot) -> Stamp:
    alike = [_alike(block[:, spot.rows, spot.columns], spot.values).mean(axis=1) for block in split.blocks()]
    row, column = int(spot.rows.min()), int(spot.columns.min())
    there = np.concatenate(alike) >= _OF_SPOT
    return Stamp(label, row, column, len(spot.rows), there, spot.shown)


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, at equal steps."""
    return rows[spread_rows(len(rows), most)]


def _pixels(split: Split, rows: NDArray[np.int64]) -> Pixels:
    return np.concatenate(list(split.blocks(rows))).astype(np.int16)


def _median(images: Pixels) -> Pixels:
    """The median of each value, int16 `(h, w, c)`: of an even number of images the upper one."""
    middle: Pixels = np.partition(images, len(images) // 2, axis=0)[len(images) // 2]
    return middle


def _ground(medians: list[Pixels]) -> Pixels:
    """The most frequent value of each channel, int16 `(c,)`."""
    pixels = np.concatenate([middle.reshape(-1, middle.shape[2]) for middle in medians])
    return np.array([np.bincount(channel, minlength=256).argmax() for channel in pixels.T], np.int16)


def _alike(values: NDArray[Any], wanted: Pixels) -> NDArray[np.bool_]:
    """Whether all channels, the last axis, are up to SAME gray levels those wanted."""
    near: NDArray[np.bool_] = (np.abs(values.astype(np.int16) - wanted) <= SAME).all(axis=-1)
    return near


def _largest_part(
    still: NDArray[np.bool_], shown: Pixels, around: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rows and columns of the largest connected part of `still` that differs from most around it.

    shown: `(h, w, c)`, the median image of the class. around: the image that the surroundings are taken from.
    """
    open_places, best = still.copy(), None
    for y, x in np.argwhere(still):
        if not open_places[y, x]:
            continue
        part = connected(open_places, int(y), int(x))
        ys, xs = np.array(part).T
        if not 2 <= len(part) <= _MOST * still.size or (best and len(part) <= len(best[0])):
            continue
        ring = around[ring_around(ys, xs, still.shape)]
        unlike = (np.abs(ring - shown[ys, xs].mean(axis=0)) > UNLIKE).any(axis=1)
        if unlike.mean() >= _OF_RING and not is_frame(ys, xs, still.shape):
            best = ys, xs
    return best
