"""Alignment of two pictures, and the decision on pixels once mirror, shift and contrast are undone."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows
from assay.core.thread_pool import all_cores
from assay.duplicates.candidates import Candidates, margin

#: Gains and contrasts looked for, with some room around 0.6-1.67 (a gain of 0.6, seen from its copy).
LEAST_GAIN: Final = 0.58
MOST_GAIN: Final = 1.72

#: Values of the pictures compared at once: their temporary copies take about ten times 16 MB.
_VALUES: Final = 1 << 22


@dataclass(frozen=True, eq=False)
class Alignment:
    """What is left between the pictures of each pair once the change is undone, arrays `(pairs,)`.

    residual: float32, root mean square difference in gray levels (0-255), over the common window.
    structure: float32, standard deviation of the pair's flatter picture there, in gray levels.
    gain: float32, of the second picture over the first; mirrored: bool.
    """

    residual: Float32s
    structure: Float32s
    gain: Float32s
    mirrored: NDArray[np.bool_]

    def chosen(self, rows: Rows) -> "Alignment":
        """Those of some pairs."""
        return Alignment(self.residual[rows], self.structure[rows], self.gain[rows], self.mirrored[rows])


def compare(small: Bytes, pairs: Candidates) -> Alignment:
    """Undo, for each pair, the change that explains it best, and measure what remains.

    small: uint8 `(n, h, w, c)`, the thumbnails that the candidates were found among.
    """
    step = max(_VALUES // math.prod(small.shape[1:]), 1)
    starts = range(0, max(len(pairs), 1), step)
    blocks = [pairs.chosen(np.arange(start, min(start + step, len(pairs)))) for start in starts]
    with all_cores() as pool:
        parts = list(pool.map(lambda block: _compare_block(small, block), blocks))
    joined = [
        np.concatenate([getattr(part, name) for part in parts]) for name in Alignment.__dataclass_fields__
    ]
    return Alignment(*joined)


def opposite(small: Bytes, pairs: Candidates, mirrored: NDArray[np.bool_]) -> tuple[Float32s, Float32s]:
    """The windows of each pair that show the same, float32 `(pairs, h, w, c)` each, the first one turned
    where `mirrored`."""
    first, second = _windows(small, pairs)
    first[mirrored] = first[mirrored, :, ::-1]
    return first, second


def _windows(small: Bytes, pairs: Candidates) -> tuple[Float32s, Float32s]:
    edge = margin(small.shape)
    middle = np.full(len(pairs), edge)
    first = windows(small, pairs.first, edge + pairs.down, edge + pairs.right, edge)
    return first, windows(small, pairs.second, middle, middle, edge)


def _compare_block(small: Bytes, pairs: Candidates) -> Alignment:
    first, second = _windows(small, pairs)
    plain = _explained(_flat(first), _flat(second))
    turned = _explained(_flat(first[:, :, ::-1]), _flat(second))
    mirrored = turned[0] < plain[0]
    structure = np.minimum(_flat(first).std(axis=1), _flat(second).std(axis=1))
    return Alignment(
        np.where(mirrored, turned[0], plain[0]), structure, np.where(mirrored, turned[1], plain[1]), mirrored
    )


def windows(
    small: Bytes, rows: NDArray[np.int64], down: NDArray[np.int64], right: NDArray[np.int64], edge: int
) -> Float32s:
    """float32 `(rows, h - 2 edge, w - 2 edge, c)`: one window of each picture, starting at (down, right)."""
    _, height, width, channels = small.shape
    cut = np.empty((len(rows), height - 2 * edge, width - 2 * edge, channels), np.float32)
    places = down * width + right
    for place in np.unique(places):
        these = np.flatnonzero(places == place)
        y, x = int(place) // width, int(place) % width
        cut[these] = small[rows[these], y : y + cut.shape[1], x : x + cut.shape[2]]
    return cut


def _flat(pictures: Float32s) -> Float32s:
    return pictures.reshape(len(pictures), math.prod(pictures.shape[1:]))


def _explained(first: Float32s, second: Float32s) -> tuple[Float32s, Float32s]:
    """Residual and gain of the better of two explanations: second made from first, or first from second."""
    forward, gain = _residual(first, second)
    backward, inverse = _residual(second, first)
    better = backward < forward
    return np.where(better, backward, forward), np.where(better, 1 / inverse, gain)


def _residual(source: Float32s, target: Float32s) -> tuple[Float32s, Float32s]:
    """Root mean square of what remains of `target` made from `source`, and the gain."""
    made, gain = made_from(source, target)
    made -= target
    return np.sqrt(np.einsum("ij,ij->i", made, made) / source.shape[1]), gain


def made_from(source: Float32s, target: Float32s) -> tuple[Float32s, Float32s]:
    """`clip(gain * source + offset, 0, 255)` as near to `target` as can be, `(n, pixels)`; and the gains.

    Gain and offset are fitted by least squares to the pixels that were not cut off at 0 or 255.
    """
    gain, offset = line(source, target, (target > 0) & (target < 255))
    made = source * gain[:, None]
    made += offset[:, None]
    np.clip(made, 0, 255, out=made)
    return made, gain


def line(source: Float32s, target: Float32s, used: NDArray[np.bool_]) -> tuple[Float32s, Float32s]:
    """Gain (within those looked for) and offset of `target` over `source`, `(n, pixels)`, where `used`."""
    weight = used.astype(np.float32)
    total = np.maximum(weight.sum(axis=1), 1)
    mean_source = np.einsum("ij,ij->i", source, weight) / total
    mean_target = np.einsum("ij,ij->i", target, weight) / total
    weight *= source - mean_source[:, None]
    covariance = np.einsum("ij,ij->i", weight, target) - weight.sum(axis=1) * mean_target
    variance = np.einsum("ij,ij->i", weight, source) - weight.sum(axis=1) * mean_source
    gain = np.clip(covariance / np.maximum(variance, 1e-3), LEAST_GAIN, MOST_GAIN)
    return gain, mean_target - gain * mean_source
