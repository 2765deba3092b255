"""Changes to pictures, uint8 `(n, h, w, c)` to the same: near copies, and damages for the check `quality`."""

import io
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import Bytes

Change = Callable[[Bytes, np.random.Generator], Bytes]

#: The most noise and the strongest compression that a near copy is planted with.
_NOISE: Final = 8.0
_QUALITY: Final = (35, 95)


def to_bytes(values: NDArray[np.floating]) -> Bytes:
    """Rounded and cut to 0-255."""
    rounded: Bytes = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def moved(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Each moved by up to 2 pixels each way, at least by 1; the free border is black."""
    out = np.zeros_like(images)
    _, height, width, _ = images.shape
    for i, image in enumerate(images):
        down, right = 0, 0
        while (down, right) == (0, 0):
            down, right = rng.integers(-2, 3, 2)
        to_rows, from_rows = _overlap(height, down)
        to_columns, from_columns = _overlap(width, right)
        out[i, to_rows, to_columns] = image[from_rows, from_columns]
    return out


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    """Where a line of pixels goes and where it comes from, when it is moved by `shift`."""
    length = max(size - abs(shift), 0)
    to, source = max(shift, 0), max(-shift, 0)
    return slice(to, to + length), slice(source, source + length)


def unchanged(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """An exact copy."""
    return images.copy()


def mirrored(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Left and right exchanged."""
    return np.ascontiguousarray(images[:, :, ::-1])


def turned(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Upside down, or by 180 degrees; square pictures also by 90 degrees either way."""
    out = images[:, ::-1].copy()
    ways = [2, 1, 3] if images.shape[1] == images.shape[2] else [2]
    for i, image in enumerate(images):
        if rng.random() < len(ways) / (len(ways) + 1):
            out[i] = np.rot90(image, rng.choice(ways))
    return out


def brightened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Gain between 0.6 and 1.5, but not within 5 % of 1."""
    return to_bytes(images * _away_from_one(rng, len(images), 0.6, 1.5))


def contrasted(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Contrast about the image's mean between 0.7 and 1.3, but not within 5 % of 1."""
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return to_bytes((images - mean) * _away_from_one(rng, len(images), 0.7, 1.3) + mean)


def _away_from_one(rng: np.random.Generator, n: int, low: float, high: float) -> NDArray[np.float64]:
    factors = rng.uniform(low, high, n)
    near = np.abs(factors - 1) < 0.05
    factors[near] = np.where(factors[near] < 1, 0.95, 1.05)
    return factors.reshape(n, 1, 1, 1)


def compressed(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Saved as JPEG of quality 35 to 95 and read back (images of 1 or 3 channels; others as they are)."""
    if images.shape[3] not in (1, 3):
        return images.copy()
    return np.stack([_through_jpeg(image, int(rng.integers(*_QUALITY, endpoint=True))) for image in images])


def _through_jpeg(image: Bytes, quality: int) -> Bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as opened:
        return np.asarray(opened, np.uint8).reshape(image.shape)


def noisy(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Normal noise with a deviation of 2 to 8 gray levels."""
    deviation = rng.uniform(2, _NOISE, (len(images), 1, 1, 1))
    return to_bytes(images + rng.normal(size=images.shape) * deviation)


#: Every change that makes a near copy.
NEAR_CHANGES: Final[Mapping[str, Change]] = {
    "moved": moved,
    "mirrored": mirrored,
    "turned by right angles": turned,
    "brightened": brightened,
    "contrasted": contrasted,
    "compressed": compressed,
    "noisy": noisy,
}


def darkened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """A tenth of the light."""
    return to_bytes(images * rng.uniform(0.05, 0.1, (len(images), 1, 1, 1)))


def bleached(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Nearly white all over."""
    return to_bytes(images * 0.1 + rng.uniform(224, 229, (len(images), 1, 1, 1)))


def flattened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """A twentieth of the contrast, in the middle of the range."""
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return to_bytes((images - mean) * 0.1 + rng.uniform(100, 150, (len(images), 1, 1, 1)))


def blurred(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Averaged over 5 x 5 pixels twice."""
    values = images.astype(np.float64)
    for _ in range(2):
        for axis in (1, 2):
            pads = [(2, 2) if a == axis else (0, 0) for a in range(4)]
            padded = np.pad(values, pads, mode="edge")
            size = values.shape[axis]
            taken = [np.take(padded, np.arange(k, k + size), axis=axis) for k in range(5)]
            values = np.mean(taken, axis=0)
    return to_bytes(values)


def zoomed(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """The middle of the picture, twice as large: its object is cut by the border."""
    _, height, width, _ = images.shape
    rows = height // 4 + np.arange(height) // 2
    columns = width // 4 + np.arange(width) // 2
    return images[:, rows][:, :, columns]


def filled(images: Bytes, rng: np.random.Generator) -> Bytes:
    """One gray value everywhere."""
    return np.broadcast_to(rng.integers(0, 256, (len(images), 1, 1, 1), np.uint8), images.shape).copy()


def emptied(images: Bytes, rng: np.random.Generator) -> Bytes:
    """One gray value and the faint noise of a sensor: no picture, and yet not constant."""
    gray = rng.uniform(60, 190, (len(images), 1, 1, 1))
    return to_bytes(gray + rng.normal(0, 1.5, images.shape))


#: Every damage to a picture, by the kind of the `quality` check that should name it.
DAMAGES: Final[Mapping[str, Change]] = {
    "constant": filled,
    "blank": emptied,
    "dark": darkened,
    "bright": bleached,
    "low-contrast": flattened,
    "blurry": blurred,
    "cropped": zoomed,
}
