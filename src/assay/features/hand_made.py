"""Features of an image that need no training: local gradient histograms and pooled pixels.

Every picture, of any size from 1 x 1 on, gives a vector of the same length, so that one piece of code
compares thumbnails and photographs. Source of the idea: Dalal and Triggs, "Histograms of oriented
gradients for human detection", CVPR 2005; here with soft orientation bins and overlapping cells.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, gray_of
from assay.core.thread_pool import in_order
from assay.data.piece import STEP
from assay.data.values import Split

#: Larger pictures are averaged down to this many pixels a side first: coarse shapes decide.
LARGEST_SIDE: Final = 32

#: Cells a side that gradients and pixels are pooled into, and gradient directions per cell.
GRADIENT_CELLS: Final = 7
PIXEL_CELLS: Final = 14
COLOR_CELLS: Final = 7
DIRECTIONS: Final = 8

#: Weight of a pooled pixel (in 0-1) beside the gradient histogram, whose length is 1. Chosen on the
#: tuning rows of Fashion-MNIST (docs/experiments.md).
PIXEL_WEIGHT: Final = 0.06

#: Gradients much weaker than this (of a full range of 1) count as none.
FAINT: Final = 1e-3

#: Images per block: the temporary arrays of a block stay near the processor's cache. Pieces of a set are cut
#: there, so that their blocks are those of the whole.
_BLOCK: Final = STEP

#: Of photographs so many pixel values are a block: as floats 16 MB, of which each core holds several.
_BLOCK_VALUES: Final = 1 << 22


def describe(split: Split, rows: NDArray[np.int64] | None = None) -> Float32s:
    """The features of the images of `rows` (all when None), float32 `(n, features)`, in that order."""
    return map_blocks(describe_block, split, rows)


def map_blocks(
    function: Callable[[NDArray[np.uint8]], NDArray[Any]],
    split: Split,
    rows: NDArray[np.int64] | None = None,
) -> NDArray[Any]:
    """`function` of the images of `rows`, block by block on all cores, joined in order."""
    count, done, joined = len(split) if rows is None else len(rows), 0, None
    for part in mapped_blocks(function, split, rows):
        if joined is None:
            joined = np.empty((count, *part.shape[1:]), part.dtype)
        joined[done : done + len(part)] = part
        done += len(part)
    assert joined is not None  # there is one block at least
    return joined


def mapped_blocks(
    function: Callable[[NDArray[np.uint8]], NDArray[Any]],
    split: Split,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[NDArray[Any]]:
    """The same block by block, at least one of them, which may be empty."""
    return in_order(function, _at_least_one_block(split, rows))


def _at_least_one_block(split: Split, rows: NDArray[np.int64] | None) -> Iterator[NDArray[np.uint8]]:
    blocks = split.blocks(rows, _block_of(prod(split.shape)))
    yield next(blocks, np.zeros((0, *split.shape), np.uint8))
    yield from blocks


def _block_of(values: int) -> int:
    """How many images of so many values are a block: a power of two, which divides the step of pieces."""
    fitting = max(_BLOCK_VALUES // max(values, 1), 1)
    return min(_BLOCK, 1 << (fitting.bit_length() - 1))


def describe_block(images: NDArray[np.uint8]) -> Float32s:
    """Gradient histograms (unit length) and weighted pooled pixels. images: uint8 `(n, h, w, c)`."""
    small = reduced(images)
    gray = gray_of(small)
    histogram = np.sqrt(gradient_histograms(gray))
    length = np.sqrt(np.square(histogram).sum(axis=1, keepdims=True)) + FAINT
    parts = [histogram / length, PIXEL_WEIGHT * pooled(gray, PIXEL_CELLS)]
    if images.shape[3] > 1:
        color = small - gray[..., None]
        parts += [
            PIXEL_WEIGHT * pooled(color[..., channel], COLOR_CELLS) for channel in range(images.shape[3])
        ]
    return np.hstack(parts)


def reduced(images: NDArray[np.uint8], side: int = LARGEST_SIDE) -> Float32s:
    """The images averaged down to at most `side` pixels each way, float32 in [0, 1], `(n, h, w, c)`."""
    scaled = np.multiply(images, np.float32(1 / 255), dtype=np.float32)
    _, height, width, _ = images.shape
    if height > side:
        scaled = np.einsum("sh,nhwc->nswc", area_weights(height, side), scaled, optimize=True)
    if width > side:
        scaled = np.einsum("sw,nhwc->nhsc", area_weights(width, side), scaled, optimize=True)
    return scaled


def area_weights(pixels: int, side: int) -> Float32s:
    """float32 `(side, pixels)`: each row averages an equal share of `pixels`, fractions included."""
    edges = np.linspace(0, pixels, side + 1)
    place = np.arange(pixels)
    overlap = np.minimum(place + 1, edges[1:, None]) - np.maximum(place, edges[:-1, None])
    weights = np.maximum(overlap, 0)
    shares: Float32s = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def cell_weights(pixels: int, cells: int) -> Float32s:
    """float32 `(cells, pixels)`: each row is an average with triangular weights around a cell's center.

    Neighboring cells overlap, so that a picture moved by a pixel changes its features little.
    """
    centers = (np.arange(cells) + 0.5) * pixels / cells - 0.5
    reach = max(pixels / cells, 1.0)
    weights = np.maximum(1 - np.abs(np.arange(pixels) - centers[:, None]) / reach, 0)
    shares: Float32s = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def pooled(maps: Float32s, cells: int) -> Float32s:
    """Averages over `cells` x `cells` overlapping cells: `(n, h, w)` to `(n, cells * cells)`."""
    return _pooled_lines(_lines_first(maps), cells).reshape(len(maps), cells * cells)


def _lines_first(maps: Float32s) -> Float32s:
    """`(n, h, w)` to `(h, n, w)`: then one product pools the lines of all pictures at once."""
    return np.ascontiguousarray(maps.transpose(1, 0, 2))


def _pooled_lines(maps: Float32s, cells: int) -> Float32s:
    """Averages over overlapping cells: `(h, n, w)` to `(n, cells, cells)`."""
    height, n, width = maps.shape
    lines = cell_weights(height, cells) @ maps.reshape(height, n * width)
    cell_means: Float32s = np.matmul(lines.reshape(cells * n, width), cell_weights(width, cells).T)
    return cell_means.reshape(cells, n, cells).transpose(1, 0, 2)


def gradient_histograms(gray: Float32s) -> Float32s:
    """How strong the edges of each direction are in each cell: `(n, h, w)` to `(n, directions * cells)`.

    A direction takes the squared rectified derivative over the gradient's length, a soft bin that
    needs no angle. Opposite directions are the two signs of one derivative.
    """
    down, right = central_differences(_lines_first(gray))
    # Squares add up to the gradient's length once both are divided by its root.
    root = np.sqrt(np.sqrt(down * down + right * right) + np.float32(FAINT))
    down /= root
    right /= root
    bins = np.empty((len(gray), DIRECTIONS, GRADIENT_CELLS, GRADIENT_CELLS), np.float32)
    along, forward = np.empty_like(right), np.empty_like(right)
    for direction in range(DIRECTIONS // 2):
        angle = 2 * np.pi * direction / DIRECTIONS
        np.multiply(right, np.float32(np.cos(angle)), out=along)
        np.multiply(down, np.float32(np.sin(angle)), out=forward)
        along += forward
        np.maximum(along, 0, out=forward)
        along -= forward
        bins[:, direction] = _pooled_lines(np.square(forward, out=forward), GRADIENT_CELLS)
        bins[:, direction + DIRECTIONS // 2] = _pooled_lines(np.square(along, out=along), GRADIENT_CELLS)
    return bins.reshape(len(gray), DIRECTIONS * GRADIENT_CELLS**2)


def central_differences(gray: Float32s) -> tuple[Float32s, Float32s]:
    """Derivatives downwards and to the right of `(h, n, w)` maps, the same shape, zero at the border."""
    down, right = np.zeros_like(gray), np.zeros_like(gray)
    down[1:-1] = gray[2:] - gray[:-2]
    right[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    return down, right
