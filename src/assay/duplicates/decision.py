"""Which candidates are the same picture, changed: decided by what remains once the change is undone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows
from assay.duplicates.alignment import Alignment
from assay.duplicates.candidates import Candidates, margin
from assay.duplicates.jpeg import jpeg_excess
from assay.duplicates.residual import NOISE_LEFT, ONE_IN, remainder

#: The strongest noise that a copy may carry, in gray levels.
NOISE: Final = 8.0

#: What remains must also be small beside what the picture shows: a third of its contrast could be the
#: whole difference between two plain garments.
LARGEST_SHARE: Final = 0.25

#: What may remain before smoothing, times `NOISE`, where pictures were averaged down: a shift by a fraction
#: of a pixel leaves that much at strong edges.
_BETWEEN_PIXELS: Final = 4.0

#: Beyond JPEG's rounding at quality 35: of copies of that quality, 99.5 % of the tuning rows stay under
#: it (their dark parts are cut off at 0, which rounding does not explain); docs/experiments.md.
JPEG_EXCESS: Final = 3.5

#: JPEG leaves more than noise does, but little beside a picture's contrast. Where its blocks were averaged
#: away, so many times more may remain of an unmoved copy, if it is under this share of the contrast.
ROUGH: Final = 1.7
SMALL_SHARE: Final = 0.12

#: Between pixels two shifts explain a copy alike, but for rounding, which differs from machine to machine. An
#: explanation counts beside the best where it leaves at most so many times as much.
_AS_WELL: Final = 1.05

#: Bytes of pixels that JPEG is undone in at once.
_BYTES: Final = 1 << 22


#: Gives the pixels of pictures by number, uint8 `(n, h, w, c)`.
Pixels = Callable[[Rows], Bytes]


@dataclass(frozen=True, eq=False)
class Found:
    """Candidate pairs, and how they compare on thumbnails."""

    pairs: Candidates
    alignment: Alignment

    @property
    def in_place(self) -> NDArray[np.bool_]:
        """bool `(pairs,)`: not moved, as JPEG leaves a picture; it may have been mirrored before."""
        unmoved: NDArray[np.bool_] = (self.pairs.down == 0) & (self.pairs.right == 0)
        return unmoved


def same_pictures(
    small: Bytes, found: Found, whole: Pixels | None, all_pixels: bool
) -> tuple[Rows, NDArray[np.float64]]:
    """The pairs that are copies, and how sure that is: 1 where nothing remains, 0.5 at the bound.

    Two pictures may come twice, as pairs by two shifts that explain them as well: `each_once`.
    small: uint8 `(n, h, w, c)`, the thumbnails. whole: the pictures as their files have them; None where
    they are not at hand. all_pixels: the thumbnails are as large as the pictures.
    """
    as_stored = all_pixels and whole is not None
    left = _left(small, found, as_stored)
    for i in _jpeg_possible(found, left, whole):
        assert whole is not None
        first, second = whole(found.pairs.first[i]), whole(found.pairs.second[i])
        turned = found.alignment.mirrored[i]
        first[turned] = first[turned, :, ::-1]
        left[i] = np.minimum(left[i], jpeg_excess(first, second) / JPEG_EXCESS)
    kept = explained(found.pairs, left)
    return kept, 1 - left[kept].astype(np.float64) / 2


def _left(small: Bytes, found: Found, as_stored: bool) -> NDArray[np.float32]:
    """What remains of each pair, as a share of what may: float32 `(pairs,)`."""
    left = np.full(len(found.pairs), np.inf, np.float32)
    before = largest_residual(small.shape) if as_stored else _BETWEEN_PIXELS * NOISE
    likely = np.flatnonzero(found.alignment.residual <= before)
    residual, structure = remainder(
        small, found.pairs.chosen(likely), found.alignment.mirrored[likely], not as_stored
    )
    share, bound = residual / np.maximum(structure, 1e-3), largest_remainder(small.shape)
    left[likely] = np.maximum(residual / bound, share / LARGEST_SHARE)
    if not as_stored:
        rough = np.maximum(residual / (ROUGH * bound), share / SMALL_SHARE)
        left[likely] = np.where(found.in_place[likely], np.minimum(left[likely], rough), left[likely])
    return left


def largest_remainder(shape: tuple[int, ...]) -> float:
    """What noise of deviation `NOISE` leaves of smoothed thumbnails of `shape`, but for one copy in 200."""
    edge = margin(shape) + 1
    values = max((shape[1] - 2 * edge) * (shape[2] - 2 * edge) * shape[3], 1)
    return NOISE * NOISE_LEFT * (1 + 2.6 * math.sqrt(ONE_IN / (2 * values)))


def largest_residual(shape: tuple[int, ...]) -> float:
    """What noise of deviation `NOISE` leaves of thumbnails of `shape`, but for one copy in 200 or fewer."""
    return NOISE * (1 + 2.6 / math.sqrt(2 * math.prod(shape[1:]))) + 0.3


def each_once(pairs: Candidates, rows: Rows, score: NDArray[np.float64]) -> Rows:
    """Of some rows of pairs, places among them: of each two pictures the row with the highest score."""
    low, high = _both(pairs.chosen(rows))
    order = np.lexsort((-score, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    chosen: Rows = order[new]
    return chosen


def explained(pairs: Candidates, left: Float32s) -> Rows:
    """The pairs that explain two pictures (`left` at most 1), as well as any other pair of the two does."""
    if not len(pairs):
        return np.zeros(0, np.int64)
    _, which = np.unique(np.stack(_both(pairs)), axis=1, return_inverse=True)
    least = np.full(which.max() + 1, np.inf, np.float32)
    np.minimum.at(least, which.ravel(), left)
    least = least[which.ravel()]
    return np.flatnonzero((least <= 1) & (left <= _AS_WELL * least))


def _both(pairs: Candidates) -> tuple[Rows, Rows]:
    return np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)


def _jpeg_possible(found: Found, left: NDArray[np.floating], whole: Pixels | None) -> list[Rows]:
    """Blocks of pairs that JPEG alone may explain: in place, and not copies by the other test."""
    rows = np.flatnonzero(found.in_place & (left > 1) & (found.alignment.residual < 4 * NOISE))
    if whole is None or not len(rows):
        return []
    step = max(_BYTES // whole(found.pairs.first[rows[:1]]).nbytes, 1)
    return [rows[start : start + step] for start in range(0, len(rows), step)]
