"""Copies that something was laid over: a text, a logo, a bar. All the rest of the picture is as it was."""

import hashlib
import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Rows, spread_rows
from assay.duplicates.by_detail.detail_copies import DetailCopies

#: Parts that are looked up: thirds of the height and of the width. What lies in one leaves the others alone.
_THIRDS: Final = 3

#: What was laid over fits into a box of at most this share of the picture,
LARGEST_BOX: Final = 0.25
#: with this share of the edges of one of the two pictures outside of it, and so many edges of both: a place
#: where neighbors differ by so many gray levels. One between two places as most pictures have them (a frame,
#: a dial, a scale) tells none of them from others, and does not count.
_OUTSIDE: Final = 0.6
FEWEST_EDGES: Final = 24
_EDGE: Final = 16

#: What was laid over has one color, thick or thin, but for so many gray levels; or it comes as near to the
#: border as this share of the side. One sign in place of another has neither: a drawing made from another.
_SAME_COLOR: Final = 4
_AT_BORDER: Final = 0.1

#: Pictures that say how most are, evenly spread.
_SAMPLE: Final = 1_000

#: Edges in a part that is looked up; empty parts are equal by nature.
_EDGES_OF_PART: Final = 8

#: Pictures that share a part and are compared with each: of a family the next few are enough to join all.
_NEXT: Final = 4

#: Pictures, or pairs of them, that are worked on at once.
_BLOCK: Final = 1024


def find_overlaid(small: Bytes) -> DetailCopies:
    """Pairs of thumbnails uint8 `(n, h, w, c)`, none of them equal, that differ within one small box alone.

    Both show enough outside of it to be told from others.
    """
    if not len(small):
        return DetailCopies.none()
    first, second = _sharing_a_part(small)
    usual = np.median(small[spread_rows(len(small), _SAMPLE)], axis=0)
    found = [np.zeros((0, 3))]
    for start in range(0, len(first), _BLOCK):
        rows = first[start : start + _BLOCK], second[start : start + _BLOCK]
        box, kept = _boxes(small[rows[0]], small[rows[1]], usual)
        found.append(np.stack([rows[0][kept], rows[1][kept], box[kept]], axis=1))
    pairs = np.concatenate(found)
    score = 1 - pairs[:, 2] / LARGEST_BOX / 2
    words = tuple(f"equal but for a part of {box:.0%} of the picture" for box in pairs[:, 2].tolist())
    return DetailCopies(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), score, words)


def _sharing_a_part(small: Bytes) -> tuple[Rows, Rows]:
    """Rows of pictures with an equal part that shows something, the smaller row first, each pair once."""
    height, width = small.shape[1:3]
    parts = [(slice(lower, upper), slice(None)) for lower, upper in _thirds(height)]
    parts += [(slice(None), slice(left, right)) for left, right in _thirds(width)]
    keys = np.zeros((len(parts), len(small)), np.uint64)  # 0: shows nothing
    for start in range(0, len(small), _BLOCK):
        block = small[start : start + _BLOCK]
        edges = edges_of(block)
        for number, part in enumerate(parts):
            cut = np.ascontiguousarray(block[:, *part])
            for row in np.flatnonzero(np.count_nonzero(edges[:, *part], axis=(1, 2)) >= _EDGES_OF_PART):
                digest = hashlib.blake2b(cut[row], digest_size=8).digest()
                keys[number, start + row] = int.from_bytes(digest, "little")
    first, second = np.unique(np.concatenate([_neighbors(key) for key in keys], axis=1), axis=1)
    return first, second


def _thirds(length: int) -> list[tuple[int, int]]:
    return list(pairwise(round(length * part / _THIRDS) for part in range(_THIRDS + 1)))


def _neighbors(keys: NDArray[np.uint64]) -> Rows:
    """Pairs of rising rows with equal keys other than 0, each with the next `_NEXT`: int64 `(2, pairs)`."""
    rows = np.flatnonzero(keys)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    pairs = [np.zeros((2, 0), np.int64)]
    for step in range(1, _NEXT + 1):
        same = np.flatnonzero(keys[rows[step:]] == keys[rows[:-step]])
        pairs.append(np.stack([rows[same], rows[same + step]]))
    return np.concatenate(pairs, axis=1)


def edges_of(images: Bytes, usual: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """bool `(n, h, w)`: where a pixel differs from the one below or to the right, in any channel.

    usual: bool `(n, h, w)`, pixels between which it does not count.
    """
    edges = np.zeros(images.shape[:3], bool)
    signed = images.astype(np.int16)
    counts = np.ones(images.shape[:3], bool) if usual is None else ~usual
    below = any_channel(np.abs(signed[:, 1:] - signed[:, :-1]) >= _EDGE)
    edges[:, :-1] |= below & (counts[:, 1:] | counts[:, :-1])
    beside = any_channel(np.abs(signed[:, :, 1:] - signed[:, :, :-1]) >= _EDGE)
    edges[:, :, :-1] |= beside & (counts[:, :, 1:] | counts[:, :, :-1])
    return edges


def any_channel(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where something holds of any channel: `(n, h, w)` of `(n, h, w, c)`; `any` is far slower."""
    found: NDArray[np.bool_] = holds[..., 0].copy()
    for channel in range(1, holds.shape[3]):
        found |= holds[..., channel]
    return found


def _boxes(
    first: Bytes, second: Bytes, usual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The share of the picture that the box around all differences takes, and which pairs are copies."""
    differs = any_channel(first != second)
    down, across = (np.logical_or.reduce(differs, axis=axis) for axis in (2, 1))
    inside = _between(down)[:, :, None] & _between(across)[:, None, :]
    outside = []
    for images in (first, second):
        edges = edges_of(images, ~any_channel(images != usual))
        outside.append((np.count_nonzero(edges & ~inside, axis=(1, 2)), np.count_nonzero(edges, axis=(1, 2))))
    (a, all_a), (b, all_b) = outside
    share = np.maximum(a / np.maximum(all_a, 1), b / np.maximum(all_b, 1))
    box = inside.mean(axis=(1, 2))
    kept = (box <= LARGEST_BOX) & (share >= _OUTSIDE) & (np.minimum(a, b) >= FEWEST_EDGES)
    inner = np.flatnonzero(kept & ~(_reaches_border(down) | _reaches_border(across)))
    one, other = first[inner], second[inner]
    kept[inner] = _of_one_color(one, other) | _of_one_color(other, one)
    return box, kept


def _reaches_border(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether any of the outermost lines is True: bool `(n,)` of `(n, lines)`."""
    outer = math.ceil(_AT_BORDER * lines.shape[1])
    ends = np.concatenate([lines[:, :outer], lines[:, -outer:]], axis=1)
    reaches: NDArray[np.bool_] = np.logical_or.reduce(ends, axis=1)
    return reaches


def _of_one_color(first: Bytes, second: Bytes) -> NDArray[np.bool_]:
    """Whether `second` may be `first` with one color over it: `(n,)`. No pixel moves away from that color."""
    highest = np.where(second > first, second, 0).max(axis=(1, 2), initial=0).astype(np.int16)
    lowest = np.where(second < first, second, 255).min(axis=(1, 2), initial=255).astype(np.int16)
    one: NDArray[np.bool_] = (highest <= lowest + _SAME_COLOR).all(axis=1)
    return one


def _between(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From the first to the last line that is True: bool `(n, lines)`."""
    after = np.logical_or.accumulate(lines, axis=1)
    before = np.logical_or.accumulate(lines[:, ::-1], axis=1)[:, ::-1]
    inner: NDArray[np.bool_] = after & before
    return inner
