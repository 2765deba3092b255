"""Candidate pairs, compared: by their detail beside that of lookalikes, and in gray levels once one picture
is moved as the other is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of
from assay.duplicates.by_detail.detail import DISAGREEING, SIDE, Agreement, compare_detail
from assay.duplicates.by_detail.detail_candidates import PARTNERS, Likely, enlarged_inner, inner_share
from assay.duplicates.candidates import averaged_down
from assay.duplicates.moved import moved_remainder

#: Lookalikes of a picture are its farther partners; one that agrees better than this may be a copy too.
_LOOKALIKES: Final = slice(PARTNERS // 2, PARTNERS)
_MAY_BE_A_COPY: Final = 0.03

#: Copies share detail that is no straight edge over so many cells: an edge or a corner fits many pictures.
SPREAD: Final = 3

#: Pictures resized or turned by more (as a share), or moved by more than this share of the side, are moved.
_STILL: Final = 0.015


@dataclass(frozen=True, eq=False)
class Compared:
    """Candidate pairs, how they agree, and `(pairs, 2)` what is missing as a share of lookalikes'.

    moved: float32 `(pairs,)`, what remains once one picture is moved as the other is, as `moved_remainder`.
    """

    pairs: Likely
    agreement: Agreement
    ratio: Float32s
    moved: Float32s


class Lookalikes:
    """How well pictures agree with those that look like them. Each is lined up once, however often asked."""

    def __init__(self, asking: Float32s, gray: Float32s, partners: Rows) -> None:
        """Gray pictures `(n, h, w)` that ask, those of the index, and `(n, PARTNERS)` rows of the index."""
        self.gray = gray
        self._asking = asking
        self._farther = partners[:, _LOOKALIKES]
        self._missing = np.zeros((*self._farther.shape, len(DISAGREEING)), np.float32)
        self._known = np.zeros(len(partners), bool)

    def usual_missing(self, rows: Rows) -> Float32s:
        """What is missing between a picture and those that look like it: the median of a few, `(rows, 2)`.

        Where nearly all of them agree so well that they may be copies, the median of the other pictures.
        """
        distinct, place = np.unique(rows, return_inverse=True)
        self._line_up(distinct[~self._known[distinct]])
        missing = self._missing[distinct]
        counts = (self._farther[distinct] >= 0)[..., None] & (missing > _MAY_BE_A_COPY)
        enough = counts.sum(axis=1) >= 2
        middle = np.zeros((len(distinct), len(DISAGREEING)), np.float32)
        for kind in range(len(DISAGREEING)):
            own_rows = np.flatnonzero(enough[:, kind])
            kept = np.where(counts[own_rows, :, kind], missing[own_rows, :, kind], np.nan)
            middle[own_rows, kind] = np.nanmedian(kept, axis=1)
            middle[~enough[:, kind], kind] = np.median(middle[own_rows, kind]) if len(own_rows) else 0
        return middle[place.ravel()]

    def _line_up(self, rows: Rows) -> None:
        farther = self._farther[rows]
        own = np.repeat(rows, farther.shape[1])
        missing = compare_detail(self.gray, self._asking, (np.maximum(farther, 0).ravel(), own)).missing
        self._missing[rows] = missing.reshape(*farther.shape, len(DISAGREEING))
        self._known[rows] = True


def compare_pairs(
    asking: Bytes,
    pairs: Likely,
    small: Bytes,
    lookalikes: Lookalikes,
    hopeless: Float32s,
    settled: NDArray[np.bool_],
) -> Compared:
    """Line up pairs. asking: pictures that ask, uint8 `(n, h, w, c)`; small, lookalikes: of the index.

    Detail is compared at `SIDE` pixels a side at most, gray levels at the size of the pictures. hopeless:
    `(2,)`, what is missing between pairs that cannot be copies. settled: bool `(pairs,)`, those that need not
    be moved.
    """
    gray = lookalikes.gray
    itself = asking is small
    gray_asking = gray if itself else gray_of(averaged_down(asking, SIDE))
    inner, place = np.unique(pairs.asked[pairs.by_inner], return_inverse=True)
    shown, rows = np.concatenate([gray_asking, enlarged_inner(gray_asking[inner])]), pairs.asked.copy()
    rows[pairs.by_inner] = len(asking) + place
    agreement = compare_detail(gray, shown, (pairs.other, rows))
    ratio = np.full(agreement.missing.shape, np.inf, np.float32)
    spread = agreement.spread >= SPREAD
    hopeful = np.flatnonzero((agreement.missing < hopeless).any(axis=1) & spread)
    of_asking = lookalikes if itself else Lookalikes(gray_asking, gray, pairs.partners)
    usual = np.maximum(
        of_asking.usual_missing(pairs.asked[hopeful]), lookalikes.usual_missing(pairs.other[hopeful])
    )
    ratio[hopeful] = agreement.missing[hopeful] / np.maximum(usual, 1e-6)
    moved = moved_much(agreement.movement) | pairs.by_inner
    ratio[moved, 1] = np.inf  # who writes on a picture does not move it
    return Compared(
        pairs,
        agreement,
        ratio,
        _once_moved(asking, small, pairs, agreement, np.flatnonzero(spread & ~settled)),
    )


def _once_moved(asking: Bytes, small: Bytes, pairs: Likely, agreement: Agreement, which: Rows) -> Float32s:
    """What remains of some pairs, infinite for the others: `(pairs,)`."""
    movement = agreement.movement.copy()
    movement[pairs.by_inner, :, :2] /= inner_share(
        small.shape[1]
    )  # from the enlarged inner part to the whole
    left = np.full(len(movement), np.inf, np.float32)
    left[which] = moved_remainder(small, asking, (pairs.other[which], pairs.asked[which]), movement[which])
    return left


def moved_much(movement: Float32s) -> NDArray[np.bool_]:
    """Which pairs had to be resized, turned or moved to agree."""
    change = np.abs(movement - np.eye(2, 3, dtype=np.float32))
    moved: NDArray[np.bool_] = np.any(change > _STILL * np.array([1, 1, 2], np.float32), axis=(1, 2))
    return moved
