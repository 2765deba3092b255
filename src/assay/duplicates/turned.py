"""Copies turned by right angles, or upside down: how sets are multiplied before they are trained on.

Turned back they are copies in place, mirrored or not, and are decided on as such: a mirror image of a picture
turned by 180 degrees is the picture upside down. Square pictures may also lie on their side.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.core.arrays import Bytes, Rows
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.by_gray import copies_by_gray
from assay.duplicates.candidates import Candidates, Windows, index_windows, nearest_to
from assay.duplicates.decision import Pixels

#: Quarters of a circle, against the clock, that a picture is turned by before it is looked up. Its mirror
#: image answers as well, so that these are all there are.
_QUARTERS: Final = (2, 1, 3)
_UPRIGHT: Final = (2,)

#: Distance beyond which no copy lies that was turned and then lit, compressed or made noisy: it is not moved,
#: and no part of it is cut off. Chosen on the tuning sets of benchmarks/truth_sets.py.
FARTHEST: Final = 0.1


def find_turned(
    small: Bytes, shape: tuple[int, int, int], whole: Pixels | None, all_pixels: bool
) -> DetailCopies:
    """Pairs of thumbnails uint8 `(n, h, w, c)`, none of them equal, of which one is the other, turned.

    shape: of the pictures, whose thumbnails may be squares though they are none. whole, all_pixels: as in
    `same_pictures`.
    """
    index = index_windows(small)
    if index is None:
        return DetailCopies.none()
    found = [
        _turned_by(quarters, small, index, whole, all_pixels)
        for quarters in (_QUARTERS if shape[0] == shape[1] else _UPRIGHT)
    ]
    first, second, score = (
        np.concatenate([getattr(part, name) for part in found]) for name in ("first", "second", "score")
    )
    return DetailCopies(first, second, score, tuple(change for part in found for change in part.changes))


def _turned_by(
    quarters: int, small: Bytes, index: Windows, whole: Pixels | None, all_pixels: bool
) -> DetailCopies:
    """Pairs of which `first`, turned by so many quarters, is `second`."""
    pairs = nearest_to(index, lambda rows: _turned(small[rows], quarters))
    pairs = pairs.chosen(pairs.distance < FARTHEST)
    together = _Together(np.unique(pairs.first), np.unique(pairs.second), quarters)

    def pixels(places: Rows) -> Bytes:
        assert whole is not None
        return together.pictures(whole, places)

    found = copies_by_gray(
        together.pictures(lambda rows: small[rows], np.arange(len(together))),
        together.placed(pairs),
        None if whole is None else pixels,
        all_pixels,
    )
    first, second = together.rows()[found.first], together.rows()[found.second]
    words = tuple(f"turned by {90 * quarters} degrees, {change}" for change in found.changes)
    return DetailCopies(first, second, found.score, words)


def _turned(pictures: Bytes, quarters: int) -> Bytes:
    """Pictures `(n, h, w, c)` turned by so many quarters of a circle, against the clock."""
    return np.ascontiguousarray(np.rot90(pictures, quarters, axes=(1, 2)))


@dataclass(frozen=True, eq=False)
class _Together:
    """Pictures that are turned, and after them those that they are compared with, by their rows."""

    turning: Rows
    standing: Rows
    quarters: int

    def __len__(self) -> int:
        return len(self.turning) + len(self.standing)

    def rows(self) -> Rows:
        """The row of each."""
        return np.concatenate([self.turning, self.standing])

    def placed(self, pairs: Candidates) -> Candidates:
        """The pairs by their places here."""
        first = np.searchsorted(self.turning, pairs.first)
        second = len(self.turning) + np.searchsorted(self.standing, pairs.second)
        return Candidates(first, second, pairs.down, pairs.right, pairs.distance)

    def pictures(self, read: Pixels, places: Rows) -> Bytes:
        """Some of them, as they are compared."""
        found = read(self.rows()[places])
        turning = places < len(self.turning)
        found[turning] = _turned(found[turning], self.quarters)
        return found
