"""Traces of how images were made: grain, JPEG blocks, a line along the border, tint."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from assay.core.arrays import Bytes, Float32s, gray_of
from assay.data.values import Split
from assay.features.hand_made import map_blocks

#: The columns of the table of `traces`, in order; the last two are of color pictures alone.
TRACES: Final = (
    "fine grain",
    "JPEG blocks",
    "line along the border",
    "red against green",
    "blue against green",
)

#: JPEG works in squares of so many pixels.
_SQUARE: Final = 8

#: Gray levels added to a channel, so that the ratio of two dark ones means little.
_DARK: Final = 8.0


def traces(split: Split) -> Mapping[str, Float32s]:
    """One float32 `(n,)` per name of `TRACES` that these pictures can have."""
    table = map_blocks(_block_traces, split)
    return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(TRACES[: table.shape[1]])}


def _block_traces(images: Bytes) -> Float32s:
    """float32 `(n, 3)`, or `(n, 5)` of pictures with colors. Zeros of pictures under 3 pixels a side."""
    _, height, width, channels = images.shape
    if not len(images) or min(height, width) < 3:
        return np.zeros((len(images), 5 if channels >= 3 else 3), np.float32)
    gray = gray_of(images[..., :3])
    columns = [_grain(gray), _blocks(gray), _border_line(gray)]
    if channels >= 3:
        red, green, blue = np.moveaxis(images[..., :3].mean(axis=(1, 2)) + _DARK, 1, 0)
        columns += [np.log(red / green), np.log(blue / green)]
    table: Float32s = np.stack(columns, axis=1).astype(np.float32)
    return table


def _grain(gray: Float32s) -> Float32s:
    """Log of the lower quartile of the absolute Laplacian, `(n,)`: noise reaches smooth places too."""
    middle = gray[:, 1:-1, 1:-1]
    around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
    second = np.abs(around - 4 * middle).reshape(len(gray), -1)
    place = second.shape[1] // 4
    grain: Float32s = np.log1p(np.partition(second, place, axis=1)[:, place])
    return grain


def _blocks(gray: Float32s) -> Float32s:
    """Blockiness: log ratio of the steps across JPEG's block borders to all other steps, `(n,)`."""
    ratios = []
    for axis in (1, 2):
        step = np.abs(np.diff(gray, axis=axis)).mean(axis=3 - axis)
        edge = np.arange(step.shape[1]) % _SQUARE == _SQUARE - 1
        if edge.any() and not edge.all():
            ratios.append(np.log((step[:, edge].mean(axis=1) + 1) / (step[:, ~edge].mean(axis=1) + 1)))
    blocks: Float32s = np.mean(ratios, axis=0) if ratios else np.zeros(len(gray), np.float32)
    return blocks


def _border_line(gray: Float32s) -> Float32s:
    """Log of the mean step from the outermost line of pixels to the next, over the four sides: `(n,)`."""
    sides = (
        gray[:, 0] - gray[:, 1],
        gray[:, -1] - gray[:, -2],
        gray[:, :, 0] - gray[:, :, 1],
        gray[:, :, -1] - gray[:, :, -2],
    )
    line: Float32s = np.log1p(np.mean([np.abs(side).mean(axis=1) for side in sides], axis=0))
    return line
