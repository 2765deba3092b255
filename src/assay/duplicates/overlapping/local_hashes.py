"""Local hashes of pictures: equal content has the same, wherever it lies.

Of all windows of a picture those are kept whose hash ends in zeros, so that the content alone decides which:
two pictures that share a part keep the same windows of it (Manber, "Finding similar files in a large file
system", 1994; in two dimensions by a sum of products, Karp and Rabin 1987).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Rows

Hashes = NDArray[np.uint64]

#: Pixels a side of a window.
SIDE: Final = 8

#: About so many windows are kept of a picture.
_KEPT: Final = 64

#: Odd numbers: of a channel, of a step to the right and down, and those that mix the bits of a sum (by
#: Stafford, variant 13 of the end of MurmurHash3).
_CHANNEL, _RIGHT, _DOWN = np.array([0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], np.uint64)
_MIX: Final = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


class LocalHashes(NamedTuple):
    """Windows of pictures, `(windows,)` each: the picture, the top left corner, and the hash."""

    picture: Rows
    top: Rows
    left: Rows
    hash: Hashes


def local_hashes(pictures: Bytes) -> LocalHashes:
    """About 64 windows of each picture, uint8 `(n, h, w, c)`; those that a picture has once."""
    sums = _mixed(_window_sums(pictures))
    every = max(sums[0].size // _KEPT, 1) if len(sums) else 1
    ends = np.uint64((1 << (every.bit_length() - 1)) - 1)
    picture, top, left = np.nonzero((sums & ends) == 0)
    found = sums[picture, top, left]
    order = np.lexsort((found, picture))
    picture, found = picture[order], found[order]
    first = np.ones(len(order), bool)
    first[1:] = (picture[1:] != picture[:-1]) | (found[1:] != found[:-1])
    once = first & np.append(first[1:], True)
    return LocalHashes(picture[once], top[order][once], left[order][once], found[once])


def _window_sums(pictures: Bytes) -> Hashes:
    """Of each window the sum of its values, each times a number of its place: uint64 `(n, h - 7, w - 7)`."""
    n, height, width, channels = pictures.shape
    if min(height, width) < SIDE:
        return np.zeros((n, 0, 0), np.uint64)
    values = np.zeros((n, height, width), np.uint64)
    for channel in range(channels):
        values *= _CHANNEL
        values += pictures[..., channel]
    across = np.zeros((n, height, width - SIDE + 1), np.uint64)
    for step in range(SIDE):
        across *= _RIGHT
        across += values[:, :, step : step + across.shape[2]]
    down = np.zeros((n, height - SIDE + 1, across.shape[2]), np.uint64)
    for step in range(SIDE):
        down *= _DOWN
        down += across[:, step : step + down.shape[1]]
    return down


def _mixed(sums: Hashes) -> Hashes:
    """The same with each bit depending on all."""
    for shift, factor in zip((30, 27), _MIX, strict=True):
        sums ^= sums >> np.uint64(shift)
        sums *= factor
    sums ^= sums >> np.uint64(31)
    return sums
