"""Pairs of pictures that share a part of their area to the bit, at two places: tiles that overlap, crops."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Rows, Shape
from assay.core.thread_pool import all_cores
from assay.duplicates.overlapping.local_hashes import LocalHashes, local_hashes

#: Pictures with fewer pixels a side, and more pictures than these, are not asked.
SMALLEST: Final = 32
MOST_PICTURES: Final = 60_000

#: So large a part of their area two pictures share at least.
LEAST_SHARE: Final = 0.2

#: So many windows must lie at the same distance from each other. Of all pictures that have a window each is
#: compared with so many before and after it: where tiles lie close, hundreds show one place.
_FEWEST: Final = 3
_COMPARED: Final = 16

#: Of the pixels of the shared part where something is drawn so many are equal, for an accent may be what
#: tells two pictures apart, and so many levels of a channel occur: drawings in few colors are alike in parts
#: by their nature. Pixels at the border of the part do not count: where pictures were made smaller, they
#: depend on what lay beside them.
_EQUAL: Final = 0.995
_LEVELS: Final = 32
_BORDER: Final = 2

#: Something is drawn where a pixel is off the line through its neighbors by more than one level, which
#: rounding makes of gradients, and in such a share of the part at least: forms, words and things on plain
#: ground are alike by it. Of pairs of tiles of 71 photographs 97 to 99 % have more.
_OFF: Final = 1
_DRAWN: Final = 0.25

#: Pictures that agree in such a share of what is drawn, where they lie, have one ground: a view, a wallpaper.
_ONE_GROUND: Final = 0.5

#: Bytes of pixels that are worked on at once, and of the pictures of some pairs.
_BYTES: Final = 1 << 23
_PAIRS: Final = 1 << 26


class Overlaps(NamedTuple):
    """Pairs of pictures, `(pairs,)` each, the smaller number first.

    down, right: where the second lies on the first, in pixels. share: of the area of each that both show.
    """

    first: Rows
    second: Rows
    down: Rows
    right: Rows
    share: NDArray[np.float64]

    @staticmethod
    def none() -> "Overlaps":
        """No pair."""
        first, second, down, right = np.zeros((4, 0), np.int64)
        return Overlaps(first, second, down, right, np.zeros(0))

    def chosen(self, which: NDArray[np.bool_] | Rows | slice) -> "Overlaps":
        """Some of the pairs."""
        down, right = self.down[which], self.right[which]
        return Overlaps(self.first[which], self.second[which], down, right, self.share[which])

    def numbered(self, numbers: Rows) -> "Overlaps":
        """The same pairs where picture i is called `numbers[i]`, in rising order."""
        first, second = numbers[self.first], numbers[self.second]
        turned = first > second
        sign = np.where(turned, -1, 1)
        low, high = np.minimum(first, second), np.maximum(first, second)
        named = Overlaps(low, high, sign * self.down, sign * self.right, self.share)
        return named.chosen(np.lexsort((high, low)))


def overlapping_pictures(overlaps: Overlaps) -> Rows:
    """The pairs by their numbers alone, the largest share first: int64 `(pairs, 2)`."""
    largest = np.argsort(-overlaps.share, kind="stable")
    return np.stack([overlaps.first, overlaps.second], axis=1)[largest]


def find_overlaps(count: int, shape: Shape, pixels: Callable[[Rows], Bytes]) -> Overlaps:
    """The pairs among pictures 0 to `count` - 1 of one shape that overlap; pixels: gives some of them."""
    if not 1 < count <= MOST_PICTURES or min(shape[:2]) < SMALLEST:
        return Overlaps.none()
    windows = _all_windows(count, shape, pixels)
    found = _alike_at_one_distance(windows, count, shape)
    found = found.chosen(found.share >= LEAST_SHARE)
    size = max(_PAIRS // (2 * int(np.prod(shape))), 1)
    parts = [slice(start, start + size) for start in range(0, len(found.first), size)]
    with all_cores() as pool:
        kept = list(pool.map(lambda part: _equal(found.chosen(part), pixels), parts))
    return found.chosen(np.concatenate([np.zeros(0, bool), *kept]))


def _all_windows(count: int, shape: Shape, pixels: Callable[[Rows], Bytes]) -> LocalHashes:
    size = max(_BYTES // (8 * int(np.prod(shape[:2]))), 1)
    blocks = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]

    def of(rows: Rows) -> LocalHashes:
        found = local_hashes(pixels(rows))
        return found._replace(picture=rows[found.picture])

    with all_cores() as pool:
        return LocalHashes(*(np.concatenate(part) for part in zip(*pool.map(of, blocks), strict=True)))


def _alike_at_one_distance(windows: LocalHashes, count: int, shape: Shape) -> Overlaps:
    """Pairs that have several windows in common at one distance, the most frequent one of each pair."""
    height, width = shape[:2]
    keys = [np.zeros(0, np.int64)]
    for one, other in _equal_windows(windows):
        down = windows.top[one] - windows.top[other]
        right = windows.left[one] - windows.left[other]
        moved = (down != 0) | (right != 0)
        pair = windows.picture[one] * count + windows.picture[other]
        place = (down + height) * (2 * width) + right + width
        keys.append((pair * (4 * height * width) + place)[moved])
    key, times = np.unique(np.concatenate(keys), return_counts=True)
    key, times = key[times >= _FEWEST], times[times >= _FEWEST]
    pair, place = np.divmod(key, 4 * height * width)
    order = np.lexsort((-times, pair))
    _, most = np.unique(pair[order], return_index=True)
    pair, place = pair[order][most], place[order][most]
    down, right = place // (2 * width) - height, place % (2 * width) - width
    share = (height - np.abs(down)) * (width - np.abs(right)) / (height * width)
    return Overlaps(pair // count, pair % count, down, right, share)


def _equal_windows(windows: LocalHashes) -> Iterator[tuple[Rows, Rows]]:
    """Positions of two windows with one hash, that of the smaller picture first: each with those near it."""
    order = np.lexsort((windows.picture, windows.hash))
    hashes = windows.hash[order]
    for step in range(1, _COMPARED + 1):
        same = np.flatnonzero(hashes[step:] == hashes[:-step])
        if not len(same):
            return
        yield order[same], order[same + step]


def _equal(pairs: Overlaps, pixels: Callable[[Rows], Bytes]) -> NDArray[np.bool_]:
    """Whether the two pictures are the same where they overlap, and show something there."""
    rows, place = np.unique(np.stack([pairs.first, pairs.second]), return_inverse=True)
    pictures = pixels(rows)
    drawn = [_drawn(picture) for picture in pictures]
    kept = np.zeros(len(pairs.first), bool)
    for n, (down, right) in enumerate(zip(pairs.down.tolist(), pairs.right.tolist(), strict=True)):
        a, b = place.reshape(2, -1)[:, n].tolist()
        one, other = _part(pictures[a], down, right), _part(pictures[b], -down, -right)
        shown = _part(drawn[a], down, right) | _part(drawn[b], -down, -right)
        same = (one == other).all(axis=2)
        if shown.mean() < _DRAWN or same[shown].mean() < _EQUAL:
            continue
        unmoved = (pictures[a] == pictures[b]).all(axis=2)[drawn[a] | drawn[b]].mean()
        kept[n] = unmoved < _ONE_GROUND and _levels(one) >= _LEVELS
    return kept


def _drawn(picture: Bytes) -> NDArray[np.bool_]:
    """The pixels that are off the line through their neighbors beside or above, in a channel: `(h, w)`."""
    found = np.zeros(picture.shape[:2], bool)
    for channel in range(picture.shape[2]):
        values = picture[..., channel].astype(np.int16)
        found[:, 1:-1] |= np.abs(values[:, :-2] - 2 * values[:, 1:-1] + values[:, 2:]) > _OFF
        found[1:-1] |= np.abs(values[:-2] - 2 * values[1:-1] + values[2:]) > _OFF
    return found


def _levels(part: Bytes) -> int:
    """How many levels occur in the channel that has most of them."""
    return max(len(np.unique(part[..., channel])) for channel in range(part.shape[2]))


def _part(picture: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """What lies at a distance and beyond, without its border. picture: `(h, w, ...)`."""
    height, width = picture.shape[:2]
    rows = slice(max(down, 0) + _BORDER, min(height + down, height) - _BORDER)
    columns = slice(max(right, 0) + _BORDER, min(width + right, width) - _BORDER)
    return picture[rows, columns]
