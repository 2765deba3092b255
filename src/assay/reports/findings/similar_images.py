"""The training images that look most like a given one: what the model may have learned its answer from."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows
from assay.data.values import Split
from assay.estimators.nearest_neighbors import nearest
from assay.features.hand_made import PIXEL_CELLS, pooled, reduced

#: Images of train per block, and bytes of their pixels: few enough to stay small in memory as floats, enough
#: to search quickly.
_BLOCK: Final = 8192
_BLOCK_BYTES: Final = 32 << 20


def pixel_cells(images: NDArray[np.uint8]) -> Float32s:
    """Means of 14 x 14 overlapping cells of each channel: uint8 `(n, h, w, c)` to float32 `(n, 196 c)`."""
    small = reduced(images)
    return np.hstack([pooled(small[..., channel], PIXEL_CELLS) for channel in range(images.shape[3])])


def nearest_in_train(train: Split, split: Split, rows: Rows, count: int) -> Rows:
    """For each image of `split[rows]` the rows of the `count` training images nearest to it, nearest first.

    Near: the smallest squared difference of `pixel_cells`. int64 `(len(rows), count)`, fewer columns where
    train has fewer images. Exact; train is read once, block by block.
    """
    asked = _cells_of(split, rows)
    distances = np.full((len(rows), 0), np.inf, np.float32)
    found = np.zeros((len(rows), 0), np.int64)
    start = 0
    for block in train.blocks(size=max(1, min(_BLOCK, _BLOCK_BYTES // math.prod(train.shape)))):
        squares, near = nearest(asked, pixel_cells(block), count)
        distances, found = _best(np.hstack([distances, squares]), np.hstack([found, near + start]), count)
        start += len(block)
    return found


def _cells_of(split: Split, rows: Rows) -> Float32s:
    none = pixel_cells(np.zeros((0, *split.shape), np.uint8))
    return np.concatenate([none, *(pixel_cells(block) for block in split.blocks(rows))])


def _best(distances: Float32s, rows: Rows, count: int) -> tuple[Float32s, Rows]:
    """The `count` smallest distances of each row and what they belong to; on a tie the earlier image."""
    order = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(rows, order, axis=1)
