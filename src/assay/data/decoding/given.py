"""Whatever holds pictures - files, their content, Pillow's images, arrays - as the images that a model takes.

Files and Pillow's images are brought to the model's size and channels by the rules of training. Arrays must
have them already: how a picture was made smaller is part of what a model was trained on.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import unmasked
from assay.core.errors import AssayError
from assay.data.decoding.image import picture_of, read_picture
from assay.data.decoding.resize import fit_image
from assay.data.decoding.sixteen_bits import FULL_SCALE, off_scale
from assay.data.preprocessing import Preprocessing

#: One picture: a path, the content of a file, an image of Pillow's, or uint8 `(h, w)` or `(h, w, c)`.
Picture = str | Path | bytes | Image.Image | NDArray[np.uint8]

#: Pictures held in memory at a time.
BATCH = 256


class Fitted(NamedTuple):
    """A picture as a model takes it: uint8 `(h, w, c)`. lost: what of its file was not read, else empty."""

    image: NDArray[np.uint8]
    lost: str = ""


def fitted(picture: Picture, preprocessing: Preprocessing, name: str = "") -> Fitted:
    """One picture as a model takes it, and what is lost on the way.

    name: what to call it in an error. Raises AssayError `image-unreadable`, `image-format`,
    `image-too-large`, `file-missing`, `shape-mismatch` (an array of another size).
    """
    if isinstance(picture, np.ndarray):
        return Fitted(_one(picture, preprocessing))
    scale = preprocessing.deep
    if isinstance(picture, Image.Image):
        read = picture_of(picture, name or "image", scale or FULL_SCALE)
    elif isinstance(picture, str | Path | bytes):
        path = Path(picture) if isinstance(picture, str) else picture
        read = read_picture(path, name, scale or FULL_SCALE)
    else:
        raise _wrong(type(picture).__name__, preprocessing)
    where = str(picture) if isinstance(picture, str | Path) else name or "image"
    wrong = off_scale(read.levels, scale, where) if read.levels else None
    if wrong is not None:
        raise wrong
    return Fitted(fit_image(read.pixels, preprocessing), read.lost)


def image_blocks(
    given: Picture | Iterable[Picture], preprocessing: Preprocessing
) -> Iterator[NDArray[np.uint8]]:
    """Blocks uint8 `(b, h, w, c)` of what was given, in order.

    given: an array `(n, h, w, c)` or, of a model for gray images, `(n, h, w)`; one picture; or several of
    these, arrays `(n, h, w, c)` among them. Raises AssayError as `fitted`.
    """
    if isinstance(given, np.ndarray):
        yield _several(given, preprocessing)
        return
    if isinstance(given, str | Path | bytes | Image.Image):
        yield fitted(given, preprocessing).image[None]
        return
    if not isinstance(given, Iterable):
        raise _wrong(type(given).__name__, preprocessing)
    alone: list[NDArray[np.uint8]] = []
    for one in given:
        whole = isinstance(one, np.ndarray) and one.ndim == 4
        if alone and (whole or len(alone) == BATCH):
            yield np.stack(alone)
            alone = []
        if whole:
            yield _several(np.asarray(one), preprocessing)
        else:
            alone.append(fitted(one, preprocessing).image)
    if alone:
        yield np.stack(alone)


def _one(array: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    unmasked(array, "image")
    image = array[..., None] if array.ndim == 2 and preprocessing.channels == 1 else array
    if image.dtype != np.uint8 or image.shape != preprocessing.shape:
        raise _wrong(f"{array.dtype} of shape {array.shape}", preprocessing)
    return image


def _several(array: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    unmasked(array, "images")
    images = array[..., None] if array.ndim == 3 and preprocessing.channels == 1 else array
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != preprocessing.shape:
        raise _wrong(f"{array.dtype} of shape {array.shape}", preprocessing)
    return images


def _wrong(given: str, preprocessing: Preprocessing) -> AssayError:
    size = " x ".join(map(str, preprocessing.shape))
    what = f"{given} given, uint8 (n, height, width, channels) wanted"
    fix = f"Give images of {size}, as the model was trained on, or picture files, which are made so."
    return AssayError("shape-mismatch", "images", what, fix)
