"""Pictures of pictures: many small images composed into one array, small enough to travel in the page."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: No image is shown with more pixels a side: beyond, the page grows and the eye gains nothing.
_LONGEST_SIDE: Final = 64

_SHORTEST_SIDE: Final = 24

#: Bytes of pixels that one picture may hold. Noise does not compress, and a page of four such pictures in
#: base64 must stay under 3 MB.
_BUDGET: Final = 400_000

GAP: Final = 2  # transparent pixels between two images


def mosaic(images: NDArray[np.uint8], places: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """One picture of many: uint8 RGBA `(height, width, 4)`, transparent where there is no image.

    images: uint8 `(n, h, w, c)`, c 1 or 3; places: int64 `(n, 2)`, the row and column of each;
    shape: rows and columns of the grid.
    """
    _, height, width, _ = images.shape
    whole = np.zeros((shape[0] * (height + GAP), shape[1] * (width + GAP), 4), np.uint8)
    for image, (row, column) in zip(images, places, strict=True):
        top, left = row * (height + GAP), column * (width + GAP)
        whole[top : top + height, left : left + width, :3] = image  # gray spreads over three channels
        whole[top : top + height, left : left + width, 3] = 255
    return whole[: max(1, len(whole) - GAP), : max(1, whole.shape[1] - GAP)]


def fitting(images: NDArray[np.uint8], cells: int) -> NDArray[np.uint8]:
    """The images at a size that suits the page: a picture with room for `cells` of them stays in the budget.

    Tiny images are repeated pixel by pixel, or the gaps between them would be wider than they are.
    """
    side = max(1, min(_LONGEST_SIDE, math.isqrt(_BUDGET // max(1, images.shape[3] * cells))))
    times = max(1, min(_SHORTEST_SIDE, side) // max(images.shape[1:3]))
    return shrunk(images.repeat(times, axis=1).repeat(times, axis=2), side)


def shrunk(images: NDArray[np.uint8], longest_side: int) -> NDArray[np.uint8]:
    """The images, averaged down so that no side is longer; smaller ones are returned as they are."""
    _, height, width, channels = images.shape
    scale = longest_side / max(height, width)
    if scale >= 1 or len(images) == 0:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced = [np.asarray(Image.fromarray(_picture(i)).resize(size, Image.Resampling.BOX)) for i in images]
    return np.stack(reduced).reshape(len(images), size[1], size[0], channels)


def _picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image[..., 0] if image.shape[2] == 1 else image


def cell_ratio(shape: tuple[int, int, int]) -> float:
    """Height by width of an image of `shape` as it is shown: very long ones are squeezed to 1 by 3."""
    return min(3.0, max(1 / 3, shape[0] / shape[1]))
