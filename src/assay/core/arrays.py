"""The array types that signatures name, each once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError

#: Pixels, or digests.
Bytes = NDArray[np.uint8]

#: Positions of images in a split; labels.
Rows = NDArray[np.int64]

#: How many of something there are.
Counts = NDArray[np.int64]

#: Real numbers of any precision, and of one.
Floats = NDArray[np.floating[Any]]
Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]

#: Height, width and channels of an image.
Shape = tuple[int, int, int]


def unmasked(values: object, where: str) -> object:
    """The values as they are. Raises AssayError `bad-arrays` where some lie under a mask of NumPy.

    `numpy.asarray` drops a mask: what somebody ruled out would be used. Told by what masked arrays have, for
    to load their module takes time.
    """
    mask = getattr(values, "mask", None) if isinstance(values, np.ndarray) else None
    if mask is not None and (count := int(np.sum(mask))):
        what = f"{count:,} of its values are masked, and what lies under a mask is not to be used"
        raise AssayError("bad-arrays", where, what, "Fill them, or leave those images out.")
    return values


def detached(values: object) -> object:
    """The values; a tensor without its gradients and in the machine's memory, where NumPy can read it."""
    detach: Callable[[], Any] | None = getattr(values, "detach", None)
    return values if detach is None else detach().cpu()


def gray_of(pictures: NDArray[Any]) -> Float32s:
    """The mean of the channels: `(n, h, w, c)` to float32 `(n, h, w)`.

    To the bit as `numpy.mean` up to seven channels, whose sum over a short axis takes five times as long.
    """
    gray: Float32s = pictures[..., 0].astype(np.float32)
    for channel in range(1, pictures.shape[3]):
        np.add(gray, pictures[..., channel], out=gray, dtype=np.float32, casting="unsafe")
    if pictures.shape[3] > 1:
        gray /= pictures.shape[3]
    return gray


def distinct(numbers: Rows) -> Rows:
    """The numbers that occur, rising, int64 `(k,)`.

    `numpy.unique` loads masked arrays for that, which takes longer than to read a small set.
    """
    rising = np.sort(numbers, axis=None)
    return rising[np.append(True, rising[1:] != rising[:-1])] if rising.size else rising


def spread_rows(n: int, count: int) -> NDArray[np.int64]:
    """At most `count` rows of `n`, rising: one drawn from each of `count` equal stretches (stratified).

    Steps of one length would meet the same class over and over where labels take turns.
    """
    if n <= count:
        return np.arange(n)
    bounds = np.arange(count + 1) * n // count
    places = np.random.default_rng(count).random(count)
    return bounds[:-1] + (places * np.diff(bounds)).astype(np.int64)
