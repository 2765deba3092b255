"""Faults as people's data have them, for benchmarks/truth.py: near copies, and damage."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _pixels(picture: Image.Image, like: np.ndarray) -> np.ndarray:
    return np.asarray(picture, np.uint8).reshape(like.shape)


def cropped(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """5 to 10 % of each side's length cut off, anywhere, and brought back to size."""
    height, width = pixels.shape[:2]
    share = rng.uniform(0.05, 0.10)
    top, left = rng.uniform(0, share, 2) * (height, width)
    box = (left, top, left + width * (1 - share), top + height * (1 - share))
    return _pixels(_picture(pixels).resize((width, height), Image.Resampling.BILINEAR, box), pixels)


def rotated(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """By 3 degrees either way; the corners that come in are black."""
    return _pixels(_picture(pixels).rotate(3 * rng.choice([-1, 1]), Image.Resampling.BILINEAR), pixels)


def resized(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """Made two thirds as large, and back."""
    height, width = pixels.shape[:2]
    small = _picture(pixels).resize((width * 2 // 3, height * 2 // 3), Image.Resampling.BILINEAR)
    return _pixels(small.resize((width, height), Image.Resampling.BILINEAR), pixels)


def framed(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A border of 6 % of the side, white or black, around the picture made smaller."""
    height, width = pixels.shape[:2]
    edge = max(round(0.06 * width), 1)
    small = _picture(pixels).resize((width - 2 * edge, height - 2 * edge), Image.Resampling.BILINEAR)
    out = np.full_like(pixels, rng.choice([0, 255]))
    out[edge:-edge, edge:-edge] = np.asarray(small).reshape(height - 2 * edge, width - 2 * edge, -1)
    return out


def tinted(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each channel by up to 15 % brighter or darker."""
    factors = 1 + 0.15 * rng.choice([-1, 1], pixels.shape[2])
    return np.clip(np.rint(pixels * factors), 0, 255).astype(np.uint8)


def gamma(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gamma 0.85 or 1.15."""
    return np.rint(255 * (pixels / 255.0) ** rng.choice([0.85, 1.15])).astype(np.uint8)


def written_on(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line of text across the lower part."""
    picture = _picture(pixels).copy()
    draw = ImageDraw.Draw(picture)
    value = int(rng.choice([0, 255]))
    fill = value if pixels.shape[2] == 1 else (value,) * 3
    where = (pixels.shape[1] * 0.08, pixels.shape[0] * rng.uniform(0.6, 0.75))
    draw.text(where, "sample 12", fill, font_size=max(pixels.shape[0] // 6, 6))
    return _pixels(picture, pixels)


def logo(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A square of a fifth of the side in one corner."""
    out = pixels.copy()
    side = max(pixels.shape[0] // 5, 1)
    top, left = (slice(-side, None) if rng.random() < 0.5 else slice(side) for _ in range(2))
    out[top, left] = rng.integers(0, 256, pixels.shape[2])
    return out


def compressed(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """JPEG of quality 30."""
    buffer = io.BytesIO()
    _picture(pixels).save(buffer, "JPEG", quality=30)
    with Image.open(buffer) as opened:
        return _pixels(opened, pixels)


COPIES: dict[str, Change] = {
    "crop 5-10 %": cropped,
    "rotation 3 degrees": rotated,
    "resize 2/3": resized,
    "border 6 %": framed,
    "color 15 %": tinted,
    "gamma 15 %": gamma,
    "text": written_on,
    "logo": logo,
    "JPEG 30": compressed,
}


def noise(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nothing but noise."""
    return rng.integers(0, 256, pixels.shape).astype(np.uint8)


def truncated(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The lower 40 to 60 % gray, as a decoder leaves a file that ends early."""
    out = pixels.copy()
    out[round(pixels.shape[0] * rng.uniform(0.4, 0.6)) :] = 128
    return out


def shuffled(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows in another order."""
    return pixels[rng.permutation(len(pixels))]


def grainy(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise of deviation 60 over it."""
    return np.clip(np.rint(pixels + rng.normal(0, 60, pixels.shape)), 0, 255).astype(np.uint8)


def negative(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """Black for white."""
    return 255 - pixels


def swapped(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """Red for blue."""
    return np.ascontiguousarray(pixels[..., ::-1])


def nearly_constant(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One value, but for a few pixels."""
    out = np.full_like(pixels, rng.integers(30, 226))
    for _ in range(3):
        out[rng.integers(pixels.shape[0]), rng.integers(pixels.shape[1])] += 20
    return out


DAMAGES: dict[str, Change] = {
    "noise": noise,
    "lower half gray": truncated,
    "shuffled rows": shuffled,
    "heavy noise": grainy,
    "negative": negative,
    "wrong channel order": swapped,
    "all but constant": nearly_constant,
}


def dark(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """A twelfth of the light."""
    return np.rint(pixels / 12).astype(np.uint8)


def bright(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """Washed out: a twelfth of what white lacks."""
    return (255 - np.rint((255 - pixels) / 12)).astype(np.uint8)


def flat(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """A twelfth of the contrast, about the picture's mean."""
    mean = pixels.mean()
    return np.rint(mean + (pixels - mean) / 12).astype(np.uint8)


def blurred(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001  one form for all
    """Out of focus: by a normal distribution with a deviation of a twelfth of the side."""
    return _pixels(_picture(pixels).filter(ImageFilter.GaussianBlur(pixels.shape[0] / 12)), pixels)


EXPOSURES: dict[str, Change] = {"dark": dark, "bright": bright, "low contrast": flat, "blurry": blurred}


def changed(images: np.ndarray, change: Change, rng: np.random.Generator) -> np.ndarray:
    """Each picture changed."""
    return np.stack([change(pixels, rng) for pixels in images])
