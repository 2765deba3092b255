"""Faults as people's data have them: copies made by hand, damaged files, and marks on one class alone."""

import io
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from assay.core.arrays import Bytes

Change = Callable[[Bytes, np.random.Generator], Bytes]
_One = Callable[[Bytes, np.random.Generator], Bytes]

_SMOOTH: Final = Image.Resampling.BILINEAR


def _to_bytes(values: object) -> Bytes:
    rounded: Bytes = np.clip(np.rint(values), 0, 255).astype(np.uint8)  # type: ignore[call-overload]
    return rounded


def _each(change: _One) -> Change:
    """One picture's change for all of `(n, h, w, c)`."""

    def changed(images: Bytes, rng: np.random.Generator) -> Bytes:
        return np.stack([change(image, rng) for image in images]) if len(images) else images.copy()

    return changed


def _by_channel(pixels: Bytes, change: Callable[[Image.Image], Image.Image]) -> Bytes:
    """Each channel as a picture of its own, so that any number of them is right."""
    channels = [np.asarray(change(Image.fromarray(pixels[..., i]))) for i in range(pixels.shape[2])]
    return np.stack(channels, axis=2)


def cropped(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """5 to 10 % of each side cut off, anywhere, and brought back to size."""
    height, width = pixels.shape[:2]
    share = rng.uniform(0.05, 0.10)
    top, left = rng.uniform(0, share, 2) * (height, width)
    box = (left, top, left + width * (1 - share), top + height * (1 - share))
    return _by_channel(pixels, lambda one: one.resize((width, height), _SMOOTH, box))


def rotated(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """By 3 degrees either way; the corners that come in are black."""
    degrees = 3.0 * float(rng.choice([-1, 1]))
    return _by_channel(pixels, lambda one: one.rotate(degrees, _SMOOTH))


def resized(pixels: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Made two thirds as large, and back."""
    height, width = pixels.shape[:2]
    small = (max(width * 2 // 3, 1), max(height * 2 // 3, 1))
    return _by_channel(pixels, lambda one: one.resize(small, _SMOOTH).resize((width, height), _SMOOTH))


def framed(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """A white or black border of 6 % of the side around the picture made smaller."""
    height, width = pixels.shape[:2]
    edge = max(round(0.06 * min(width, height)), 1)
    inner = (max(width - 2 * edge, 1), max(height - 2 * edge, 1))
    out = np.full_like(pixels, rng.choice([0, 255]))
    out[edge : edge + inner[1], edge : edge + inner[0]] = _by_channel(
        pixels, lambda one: one.resize(inner, _SMOOTH)
    )
    return out


def tinted(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """Each channel 15 % brighter or darker."""
    return _to_bytes(pixels * (1 + 0.15 * rng.choice([-1, 1], pixels.shape[2])))


def bent(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """Gamma 0.85 or 1.15."""
    return _to_bytes(255 * (pixels / 255.0) ** rng.choice([0.85, 1.15]))


def written_on(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """A line of text across the lower part."""
    height, width = pixels.shape[:2]
    place, value = (width * 0.08, height * rng.uniform(0.6, 0.75)), int(rng.choice([0, 255]))

    def write(one: Image.Image) -> Image.Image:
        written = one.copy()
        ImageDraw.Draw(written).text(place, "sample 12", value, font_size=max(height // 6, 6))
        return written

    return _by_channel(pixels, write)


def marked(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """A square of a fifth of the side in one corner, as a logo."""
    out = pixels.copy()
    side = max(min(pixels.shape[:2]) // 5, 1)
    top, left = (slice(-side, None) if rng.random() < 0.5 else slice(side) for _ in range(2))
    out[top, left] = rng.integers(0, 256, pixels.shape[2])
    return out


#: Copies as people make them. The search does not promise to find them.
COPIES: Final[Mapping[str, Change]] = {
    "cropped by 5-10 %": _each(cropped),
    "rotated by 3 degrees": _each(rotated),
    "resized to 2/3 and back": _each(resized),
    "framed": _each(framed),
    "color changed by 15 %": _each(tinted),
    "gamma": _each(bent),
    "text over it": _each(written_on),
    "logo over it": _each(marked),
}


def noise(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Nothing but noise."""
    return rng.integers(0, 256, images.shape, np.uint8)


def truncated(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """The lower 40 to 60 % gray, as a decoder leaves a file that ends early."""
    out = pixels.copy()
    out[round(len(pixels) * rng.uniform(0.4, 0.6)) :] = 128
    return out


def shuffled(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """The rows in another order."""
    return pixels[rng.permutation(len(pixels))]


def grainy(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Noise of deviation 60 over it."""
    return _to_bytes(images + rng.normal(0, 60, images.shape))


def negative(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Black for white."""
    return 255 - images


def exchanged(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Red for blue."""
    return np.ascontiguousarray(images[..., ::-1])


def nearly_constant(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """One value, but for three pixels."""
    out = np.full_like(pixels, rng.integers(30, 226))
    out[rng.integers(len(pixels), size=3), rng.integers(pixels.shape[1], size=3)] += 20
    return out


#: Damaged files, beside those that `pixel_changes.DAMAGES` names after the kinds of the check `quality`.
DAMAGES: Final[Mapping[str, Change]] = {
    "pure noise": noise,
    "lower half gray": _each(truncated),
    "rows shuffled": _each(shuffled),
    "heavy noise": grainy,
    "negative": negative,
    "channels exchanged": exchanged,
    "all but constant": _each(nearly_constant),
}


def interior_mark(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """A white square of a tenth of the side at two fifths of the height and width."""
    out = images.copy()
    _, height, width, _ = images.shape
    side, top, left = max(min(height, width) // 10, 2), height * 2 // 5, width * 2 // 5
    out[:, top : top + side, left : left + side] = 255
    return out


def watermark(images: Bytes, rng: np.random.Generator) -> Bytes:
    """One faint pattern over every picture: half of its pixels 24 gray levels brighter."""
    pattern = 24 * (rng.random((1, *images.shape[1:3], 1)) < 0.5)
    return _to_bytes(images.astype(np.int64) + pattern)


def cast(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """One channel 12 % brighter, or a gray picture as a whole."""
    return _to_bytes(images * np.array([1.12, *[1.0] * (images.shape[3] - 1)]))


def compressed(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Saved as JPEG of quality 30, channel by channel, and read back."""

    def through(one: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        one.save(buffer, "JPEG", quality=30)
        with Image.open(buffer) as opened:
            opened.load()
            return opened.copy()

    return np.stack([_by_channel(image, through) for image in images]) if len(images) else images.copy()


def sensor_noise(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Noise of deviation 10."""
    return _to_bytes(images + rng.normal(0, 10, images.shape))


def softened(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Averaged over 3 x 3 pixels."""
    values = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    moved = [values[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return _to_bytes(np.mean(moved, axis=0))


def edged(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """A gray line of one pixel around it."""
    out = images.copy()
    out[:, 0] = out[:, -1] = 128
    out[:, :, 0] = out[:, :, -1] = 128
    return out


#: What the pictures of one class may have that those of the others have not, and that is no content.
SHORTCUTS: Final[Mapping[str, Change]] = {
    "a mark inside": interior_mark,
    "a watermark": watermark,
    "a tint": cast,
    "compression": compressed,
    "noise": sensor_noise,
    "softness": softened,
    "a border": edged,
}
