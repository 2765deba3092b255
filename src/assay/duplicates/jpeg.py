"""Whether two pictures differ by no more than JPEG compression can do.

JPEG rounds each coefficient of an 8 x 8 cosine transform to a multiple of its step, so that it moves by
half a step at most (ITU-T T.81, Annex K gives the steps that all common encoders scale).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, gray_of

#: The lowest quality looked for.
QUALITY: Final = 35

#: Half of the finest coefficients are smaller than this once their steps have rounded them to 0.
_FINEST: Final = 1.0

#: Luminance steps at quality 50 (T.81, table K.1).
_STEPS: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)


def jpeg_excess(first: Bytes, second: Bytes) -> Float32s:
    """How far each pair differs beyond JPEG's rounding at `QUALITY`: float32 `(n,)`, in gray levels.

    first, second: uint8 `(n, h, w, c)`, pictures in their original place. Root mean square over all
    coefficients of complete 8 x 8 blocks; 0 where rounding explains everything, infinite for pictures
    smaller than a block.
    """
    _, height, width, _ = first.shape
    if height < 8 or width < 8:
        return np.full(len(first), np.inf, np.float32)
    moved = np.abs(_coefficients(_luma(first) - _luma(second)))
    excess = np.maximum(moved - _half_steps(), 0)
    root: Float32s = np.sqrt(np.square(excess).mean(axis=(1, 2, 3, 4), dtype=np.float32))
    return root


def saved_as_jpeg(pictures: Bytes) -> NDArray[np.bool_]:
    """Whether compression has taken the finest detail away: bool `(n,)` of uint8 `(n, h, w, c)`.

    Of complete 8 x 8 blocks as they lie; False for pictures smaller than a block.
    """
    _, height, width, _ = pictures.shape
    if height < 8 or width < 8:
        return np.zeros(len(pictures), bool)
    fine = np.abs(_coefficients(_luma(pictures)))[..., np.add.outer(np.arange(8), np.arange(8)) >= 8]
    found: NDArray[np.bool_] = np.median(fine.reshape(len(pictures), -1), axis=1) < _FINEST
    return found


def _coefficients(gray: Float32s) -> Float32s:
    """The cosine transform of complete 8 x 8 blocks: `(n, down, across, 8, 8)` of `(n, h, w)`."""
    n, height, width = gray.shape
    blocks = gray[:, : height // 8 * 8, : width // 8 * 8]
    blocks = blocks.reshape(n, height // 8, 8, width // 8, 8).transpose(0, 1, 3, 2, 4)
    cosine = _cosine()
    transformed: Float32s = (cosine @ blocks @ cosine.T).astype(np.float32, copy=False)
    return transformed


def _luma(pictures: Bytes) -> Float32s:
    if pictures.shape[3] < 3:
        return gray_of(pictures)
    luma: Float32s = pictures[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma


def _cosine() -> Float32s:
    """The orthonormal cosine transform of 8 values, `(8, 8)`."""
    k = np.arange(8)
    matrix = np.cos(np.pi * (2 * k + 1) * k[:, None] / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def _half_steps() -> Float32s:
    scale = 5000 / QUALITY if QUALITY < 50 else 200 - 2 * QUALITY
    steps = np.clip(np.floor((_STEPS * scale + 50) / 100), 1, 255)
    return (steps / 2).astype(np.float32)
