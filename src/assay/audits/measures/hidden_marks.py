"""What may mark the pictures of one class without being content: noise, blocks, lines, tint, a stamp."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
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

#: A stamp is where the class deviates by less than STILL and the others by more than MOVED gray levels, and
#: differs by UNLIKE from what surrounds it; it has at least two places and covers at most a tenth.
STILL: Final = 2.0
MOVED: Final = 16.0
UNLIKE: Final = 40.0
_MOST: Final = 0.1


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
    """The Laplacian that a quarter of the places stay under: noise reaches smooth places too."""
    middle = gray[:, 1:-1, 1:-1]
    around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
    second = np.abs(around - 4 * middle).reshape(len(gray), -1)
    place = second.shape[1] // 4
    grain: Float32s = np.log1p(np.partition(second, place, axis=1)[:, place])
    return grain


def _blocks(gray: Float32s) -> Float32s:
    """Steps across the lines between JPEG's squares against all other steps."""
    ratios = []
    for axis in (1, 2):
        step = np.abs(np.diff(gray, axis=axis)).mean(axis=3 - axis)
        edge = np.arange(step.shape[1]) % _SQUARE == _SQUARE - 1
        if edge.any() and not edge.all():
            ratios.append(np.log((step[:, edge].mean(axis=1) + 1) / (step[:, ~edge].mean(axis=1) + 1)))
    blocks: Float32s = np.mean(ratios, axis=0) if ratios else np.zeros(len(gray), np.float32)
    return blocks


def _border_line(gray: Float32s) -> Float32s:
    """How much the outermost line of pixels differs from the next, in the mean of the four sides."""
    sides = (
        gray[:, 0] - gray[:, 1],
        gray[:, -1] - gray[:, -2],
        gray[:, :, 0] - gray[:, :, 1],
        gray[:, :, -1] - gray[:, :, -2],
    )
    line: Float32s = np.log1p(np.mean([np.abs(side).mean(axis=1) for side in sides], axis=0))
    return line


def stamps(measurements: Measurements, fewest: int) -> dict[int, tuple[int, int, int]]:
    """Class -> row, column and size of the largest spot that is the same in all its images, and in no others.

    A spot that touches the border is background or a frame. fewest: images that a class must have.
    """
    counts = measurements.counts.astype(np.float64)
    means, total = measurements.class_means, counts.sum()
    found: dict[int, tuple[int, int, int]] = {}
    everything, squares = measurements.sums.sum(axis=0), measurements.square_sums.sum(axis=0)
    for label in np.flatnonzero((counts >= fewest) & (counts < total)).tolist():
        rest = total - counts[label]
        mean = (everything - measurements.sums[label]) / rest
        variance = (squares - measurements.square_sums[label]) / rest - mean**2
        own = measurements.square_sums[label] / counts[label] - means[label] ** 2
        still = ((own < STILL**2) & (variance > MOVED**2)).all(axis=2)
        spot = _spot(still, means[label].mean(axis=2))
        if spot is not None:
            found[label] = spot
    return found


def _spot(still: NDArray[np.bool_], mean: NDArray[np.float64]) -> tuple[int, int, int] | None:
    """The largest connected part of `still` off the border that differs from all around it."""
    height, width = still.shape
    open_places, best = still.copy(), None
    for y, x in np.argwhere(still):
        if not open_places[y, x]:
            continue
        part = _connected(open_places, int(y), int(x))
        ys, xs = np.array(part).T
        inside = ys.min() > 0 and xs.min() > 0 and ys.max() < height - 1 and xs.max() < width - 1
        if not inside or not 2 <= len(part) <= _MOST * still.size or (best and len(part) <= best[2]):
            continue
        ring = np.zeros_like(still)
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            ring[ys + down, xs + right] = True
        ring[ys, xs] = False
        if (np.abs(mean[ring] - mean[ys, xs].mean()) > UNLIKE).all():
            best = int(ys.min()), int(xs.min()), len(part)
    return best


def _connected(open_places: NDArray[np.bool_], y: int, x: int) -> list[tuple[int, int]]:
    """The places connected with one, by their sides; they are closed."""
    height, width = open_places.shape
    part, waiting = [], [(y, x)]
    open_places[y, x] = False
    while waiting:
        y, x = waiting.pop()
        part.append((y, x))
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            near = y + down, x + right
            if 0 <= near[0] < height and 0 <= near[1] < width and open_places[near]:
                open_places[near] = False
                waiting.append(near)
    return part
