"""Which images are the same picture, exactly or nearly, within and across all splits."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.data.values import Dataset
from assay.reference.jpeg import jpeg_excess
from assay.reference.likeness import Likeness, compare
from assay.reference.windows import Candidates, find_candidates, thumbnails

#: The strongest noise that a copy may carry, in gray levels.
NOISE: Final = 8.0

#: What remains must also be small beside what the picture shows: a third of its contrast could be the
#: whole difference between two plain garments.
LARGEST_SHARE: Final = 0.25

#: Beyond JPEG's rounding at quality 35: of copies of that quality, 99.5 % of the tuning rows stay under
#: it (their dark parts are cut off at 0, which rounding does not explain); docs/experiments.md.
JPEG_EXCESS: Final = 3.5

_BLOCK: Final = 4096

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Copies:
    """All images of all splits, in the order of the splits, and what is a copy of what.

    splits: the splits' names. split, index: int64 `(n,)`, where image i lies. picture: int64 `(n,)`,
    equal for exact copies; first: int64 `(pictures,)`, the first image of each picture.
    near_first, near_second: int64 `(pairs,)`, pictures that are nearly the same, near_first shown first.
    score: float64 `(pairs,)` in [0, 1]; changes: what was undone, for each pair.
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
    """Exact copies by digest and, where `near`, near copies: candidates by window, verified on pixels."""
    pool = pool_images(dataset)
    fields = vars(pool)
    if not near:
        none = np.zeros(0, np.int64)
        return Copies(**fields, near_first=none, near_second=none, score=np.zeros(0), changes=())
    small = np.concatenate([thumbnails(block) for block in _pictures(dataset, pool, pool.first)])
    pairs = find_candidates(small)
    likeness = compare(small, pairs)
    kept, score = _verified(dataset.shape, small, pairs, likeness)
    changes = tuple(_change(pairs, likeness, i) for i in kept)
    first, second = pairs.first[kept], pairs.second[kept]
    return Copies(
        **fields,
        near_first=np.minimum(first, second),
        near_second=np.maximum(first, second),
        score=score,
        changes=changes,
    )


def _pictures(dataset: Dataset, pool: Pool, images: Rows) -> list[NDArray[np.uint8]]:
    """The pixels of some images of the pool (in rising order), block by block."""
    blocks = []
    for number, name in enumerate(pool.splits):
        rows = pool.index[images[pool.split[images] == number]]
        blocks += [np.asarray(block) for block in dataset.splits[name].blocks(rows)]
    return blocks or [np.zeros((0, *dataset.shape), np.uint8)]


def largest_residual(shape: tuple[int, ...]) -> float:
    """What noise of deviation `NOISE` leaves of a window of `shape`, but for one copy in 200 or fewer."""
    return NOISE * (1 + 2.6 / math.sqrt(2 * math.prod(shape[1:]))) + 0.3


def _verified(
    original: tuple[int, ...], small: NDArray[np.uint8], pairs: Candidates, likeness: Likeness
) -> tuple[Rows, NDArray[np.float64]]:
    """The pairs that are copies, each once, and how sure that is: 1 where nothing remains."""
    bound = largest_residual(small.shape)
    share = likeness.residual / np.maximum(likeness.structure, 1e-3)
    left = np.maximum(likeness.residual / bound, share / LARGEST_SHARE)
    for i in _jpeg_possible(pairs, likeness, left, small.shape[1:] == original):
        excess = jpeg_excess(small[pairs.first[i]], small[pairs.second[i]]) / JPEG_EXCESS
        left[i] = np.minimum(left[i], excess)
    kept = np.flatnonzero(left <= 1)
    low = np.minimum(pairs.first, pairs.second)[kept]
    high = np.maximum(pairs.first, pairs.second)[kept]
    order = np.lexsort((left[kept], high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    kept = kept[order[new]]
    return kept, 1 - left[kept].astype(np.float64) / 2


def _jpeg_possible(
    pairs: Candidates, likeness: Likeness, left: NDArray[np.floating], at_original_size: bool
) -> list[Rows]:
    """Blocks of pairs that JPEG alone may explain: unmoved, not mirrored, not copies by the other test.

    Pictures that were averaged down have lost what JPEG does to single pixels.
    """
    if not at_original_size:
        return []
    unmoved = (pairs.down == 0) & (pairs.right == 0) & ~likeness.mirrored
    rows = np.flatnonzero(unmoved & (left > 1) & (likeness.residual < 4 * NOISE))
    return [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]


def _change(pairs: Candidates, likeness: Likeness, pair: int) -> str:
    """In words what tells the pair apart."""
    words = ["mirrored"] if likeness.mirrored[pair] else []
    if pairs.down[pair] or pairs.right[pair]:
        words.append(f"moved by {abs(pairs.down[pair])} down and {abs(pairs.right[pair])} across")
    if abs(likeness.gain[pair] - 1) > 0.02:
        words.append(f"contrast times {likeness.gain[pair]:.2f}")
    words.append(f"{likeness.residual[pair]:.1f} gray levels remain")
    return ", ".join(words)
