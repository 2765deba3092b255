"""Pairs that agree in what many pictures share: the view of a camera that stands still, a frame, a form."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of, spread_rows
from assay.core.thread_pool import all_cores
from assay.duplicates.alignment import opposite
from assay.duplicates.by_detail.registration import local_contrast, soft
from assay.duplicates.candidates import Candidates, averaged_down, margin

#: The background of a picture is the median of so many that look most like it at `_COARSE` pixels a side, of
#: a sample of all.
_NEIGHBORS: Final = 30
_SAMPLE: Final = 4_000
_COARSE: Final = 16

#: What is left is looked at in cells of `_CELL` pixels a side or more, `_MOST_CELLS` each way at most. One
#: stands out whose variance of local contrast is over `_SHOWS`, and over so many times that of half of them.
_CELL: Final = 6
_MOST_CELLS: Final = 10
_SHOWS: Final = 0.005
_STANDS_OUT: Final = 10.0

#: Pictures share a background where it leaves less than `_LEFT` of the variance of so many of all cells: of
#: such pairs of made sets .57 and more, of tiles of photographs with a logo over them none.
_LEFT: Final = 0.1
_EXPLAINED: Final = 0.25

#: In half of these cells what is left of two copies correlates at least so much. Looked at on made sets and
#: on training images of Fashion-MNIST: docs/decisions/0342-what-many-pictures-share.md.
SHARED: Final = 0.8

#: Pairs at a time.
_BLOCK: Final = 16


def more_than_background(small: Bytes, pairs: Candidates, mirrored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs agree in what stands out once the background that they share with others is taken off.

    small: uint8 `(n, h, w, c)`, thumbnails; mirrored: bool `(pairs,)`, which were mirrored to agree.
    Returns bool `(pairs,)`; True where there is no such background, and where nothing stands out of it.
    """
    kept = np.ones(len(pairs), bool)
    if not len(pairs):
        return kept
    sample = small[spread_rows(len(small), _SAMPLE)]
    coarse, edge = _coarse(sample), margin(small.shape)
    inner = sample[:, edge : sample.shape[1] - edge, edge : sample.shape[2] - edge]
    order = np.argsort(pairs.second, kind="stable")

    def part(rows: Rows) -> NDArray[np.bool_]:
        own, place = np.unique(pairs.second[rows], return_inverse=True)
        background = _backgrounds(_coarse(small[own]), coarse, inner)[place.ravel()]
        one, other = map(_contrast, opposite(small, pairs.chosen(rows), mirrored[rows]))
        left = one - background, other - background
        return ~_have_background((one, other), left) | _alike(*left)

    blocks = [order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK)]
    with all_cores() as pool:
        for rows, alike in zip(blocks, pool.map(part, blocks), strict=True):
            kept[rows] = alike
    return kept


def _have_background(
    pictures: tuple[Float32s, Float32s], left: tuple[Float32s, Float32s]
) -> NDArray[np.bool_]:
    """Whether little is left of both pictures of pairs, `(pairs, h, w)` each, in many of their cells."""
    had = np.minimum(*(_variances(side) for side in pictures))
    rest = np.maximum(*(_variances(side) for side in left))
    explained = (had > _SHOWS) & (rest < _LEFT * had)
    have: NDArray[np.bool_] = explained.mean(axis=1) >= _EXPLAINED
    return have


def _alike(first: Float32s, second: Float32s) -> NDArray[np.bool_]:
    """Whether what is left of pairs, `(pairs, h, w)` each, agrees in half of the cells that stand out."""
    one, other = _cells(first), _cells(second)
    shown = np.maximum(_variances(first), _variances(second))
    least = np.maximum(_STANDS_OUT * np.median(shown, axis=1, keepdims=True), _SHOWS)
    lengths = np.linalg.norm(one, axis=2) * np.linalg.norm(other, axis=2)
    correlation = (one * other).sum(axis=2) / np.maximum(lengths, 1e-6)
    ordered = np.sort(np.where(shown > least, correlation, np.inf), axis=1)
    number = np.count_nonzero(shown > least, axis=1)
    middle = ordered[np.arange(len(ordered)), np.maximum(number - 1, 0) // 2]
    alike: NDArray[np.bool_] = (number == 0) | (middle >= SHARED)
    return alike


def _cells(pictures: Float32s) -> Float32s:
    """Cells of pictures `(n, h, w)`, each less its mean: `(n, cells, pixels)`, without a rest at the end."""
    n, *sides = pictures.shape
    down, across = (min(max(side // _CELL, 1), _MOST_CELLS) for side in sides)
    height, width = sides[0] // down, sides[1] // across
    cut = pictures[:, : down * height, : across * width].reshape(n, down, height, across, width)
    cells = cut.transpose(0, 1, 3, 2, 4).reshape(n, down * across, height * width)
    centered: Float32s = cells - cells.mean(axis=2, keepdims=True)
    return centered


def _variances(pictures: Float32s) -> Float32s:
    """Of each cell of pictures `(n, h, w)`: `(n, cells)`."""
    variances: Float32s = np.square(_cells(pictures)).mean(axis=2)
    return variances


def _backgrounds(asking: Float32s, coarse: Float32s, pictures: Bytes) -> Float32s:
    """What pictures share with those most like them, `(asking, h, w)`. asking, coarse: as `_coarse`."""
    count = min(_NEIGHBORS, len(coarse))
    nearest = np.argpartition(asking @ coarse.T, -count, axis=1)[:, -count:]
    distinct, place = np.unique(nearest, return_inverse=True)
    contrast = _contrast(pictures[distinct])
    shared: Float32s = np.median(contrast[place.reshape(nearest.shape)], axis=1)
    return shared


def _contrast(pictures: Bytes | Float32s) -> Float32s:
    return soft(local_contrast(gray_of(pictures)))


def _coarse(small: Bytes) -> Float32s:
    """Local contrast at few pixels, as vectors of mean 0 and length 1: float32 `(n, pixels)`."""
    flat = local_contrast(gray_of(averaged_down(small, _COARSE))).reshape(len(small), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat
