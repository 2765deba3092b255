"""Prediction in batches of a fixed size, so that an answer does not depend on the rest of its batch."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing

_LARGEST_BATCH: Final = 128
_BATCH_VALUES: Final = 1 << 20


def prediction_batch(preprocessing: Preprocessing) -> int:
    """How many images are computed at a time: fewer of large ones, always the same for one shape."""
    height, width, channels = preprocessing.shape
    return max(1, min(_LARGEST_BATCH, _BATCH_VALUES // (height * width * channels)))


def equal_batches(
    blocks: Iterable[NDArray[np.uint8]], preprocessing: Preprocessing, largest: int | None = None
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Batches of `prediction_batch` images, the last of a block filled up; each with how many are real.

    Kernels may round by the shape of what they are given. largest: no batch has more, for a net that enlarges
    small images: their pixels say nothing of its maps. Raises AssayError `shape-mismatch`.
    """
    size = min(prediction_batch(preprocessing), largest or _LARGEST_BATCH)
    for block in checked_blocks(blocks, preprocessing):
        for start in range(0, len(block), size):
            batch = block[start : start + size]
            yield _filled_up(batch, size), len(batch)


def checked_blocks(
    blocks: Iterable[NDArray[np.uint8]], preprocessing: Preprocessing
) -> Iterator[NDArray[np.uint8]]:
    """The blocks as they come. Raises AssayError `shape-mismatch`."""
    for block in blocks:
        _check_images(block, preprocessing)
        yield block


def _filled_up(batch: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if len(batch) == size:
        return batch
    filled = np.zeros((size, *batch.shape[1:]), np.uint8)
    filled[: len(batch)] = batch
    return filled


def _check_images(images: NDArray[np.uint8], preprocessing: Preprocessing) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != preprocessing.shape:
        wanted = " x ".join(map(str, preprocessing.shape))
        raise AssayError(
            "shape-mismatch",
            "images",
            f"{images.dtype} of shape {images.shape} given, uint8 (n, height, width, channels) wanted",
            f"Give images of {wanted}, as the model was trained on.",
        )
