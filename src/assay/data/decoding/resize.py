"""Bringing decoded pictures to the size and the channels that a set or a model has."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from assay.data.preprocessing import Preprocessing
from assay.data.values import Resize

#: Antialiased when shrinking, smooth when enlarging.
_RESAMPLING: Final = Image.Resampling.BILINEAR


def fit_image(image: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """A picture, uint8 `(h, w, 1 or 3)`, brought to the shape that a model was trained on."""
    channeled = with_channels(image, preprocessing.channels)
    return resized(channeled, preprocessing.height, preprocessing.width, preprocessing.resize)


def with_channels(image: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Gray repeated into RGB, or RGB weighted into gray (ITU-R 601, as Pillow's mode L)."""
    if image.shape[2] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=2)
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def resized(image: NDArray[np.uint8], height: int, width: int, resize: Resize) -> NDArray[np.uint8]:
    """An image, uint8 `(h, w, c)`, in another size, by antialiased bilinear interpolation.

    fit: the whole picture, its sides in proportion, black where it does not reach. crop: its middle,
    in proportion, nothing black. stretch: the whole picture, out of proportion.
    """
    if image.shape[:2] == (height, width):
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    if resize == "stretch":
        result = picture.resize((width, height), _RESAMPLING)
    elif resize == "crop":
        result = ImageOps.fit(picture, (width, height), _RESAMPLING)
    else:
        result = _padded(picture, height, width)
    return np.asarray(result).reshape(height, width, image.shape[2])


def _padded(picture: Image.Image, height: int, width: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    # Even a line of 1 x 10,000 pixels stays visible: no side becomes less than a pixel.
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    canvas = Image.new(picture.mode, (width, height))
    canvas.paste(picture.resize(size, _RESAMPLING), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas
