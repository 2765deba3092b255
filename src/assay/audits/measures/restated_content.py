"""Metadata columns that follow from the content: the size of a file grows with what it shows."""

import io
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import Bytes, Float32s, Rows
from assay.data.values import Split
from assay.features.hand_made import map_blocks

#: Columns that may restate the content, and the share of their variance within classes that it must explain.
_COLUMNS: Final = ("bytes",)
_SHARE: Final = 0.5

#: What pictures are written as, to see how much they show; and what of it is compared with JPEG files.
_FORMS: Final = ("PNG", "JPEG")
_JPEG: Final = ("JPEG",)

#: Digits of the logarithm that are kept: a thousandth of a file is nothing.
_DIGITS: Final = 3


def without_content(
    train: Split,
    deviation: Float32s,
    figures: dict[str, NDArray[np.generic]],
    known: Rows | None = None,
) -> list[str]:
    """Replace such columns by what is left of them when the content is taken away, and name them.

    How far the content explains a column is asked within the classes, where no class is given away (analysis
    of covariance): a class that was saved otherwise stays apart. deviation: of each image's gray values.
    known: what `block_sizes` gave for every training image, where that was measured before.
    """
    found = []
    for name in _COLUMNS:
        values = np.asarray(figures.get(name, ()))
        if values.size and values.dtype.kind in "iuf" and (values > 0).all():
            size = np.log(values.astype(np.float64))
            left = adjusted(size, _content(train, deviation, known), train.labels)
            if left is not None:
                figures[name] = left
                found.append(name)
    return found


def may_restate(columns: Iterable[str]) -> bool:
    """Is one of these columns of a split compared with the content?"""
    return not set(_COLUMNS).isdisjoint(columns)


def block_sizes(images: Bytes, forms: Sequence[str] = _FORMS) -> Rows:
    """Bytes of uint8 `(n, h, w, c)` pictures as PNG and as JPEG, or as other `forms`: int64 `(n, forms)`."""
    return np.array([_sizes(image, forms) for image in images], np.int64).reshape(-1, len(forms))


def _content(train: Split, deviation: Float32s, known: Rows | None) -> NDArray[np.float64]:
    """How much the training pictures show, float64 `(n, 2 or 3)`: their sizes as files, and contrast.

    Where all files are JPEG, their size as PNG is left out: it takes fifty times as long.
    """
    forms = _JPEG if set(train.columns.get("format", ())) == {"JPEG"} else _FORMS
    sizes = map_blocks(partial(block_sizes, forms=forms), train) if known is None else known
    contrast = np.log1p(deviation.astype(np.float64))
    return np.column_stack([np.log(sizes[:, -len(forms) :]), contrast])


def _sizes(pixels: NDArray[np.uint8], forms: Sequence[str]) -> list[int]:
    """Bytes of a picture in these forms; as JPEG of quality 75."""
    shown = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1]
    picture = Image.fromarray(np.ascontiguousarray(shown[..., 0] if shown.shape[2] == 1 else shown))
    sizes = []
    for form in forms:  # as files are written where nobody asks for more or less
        buffer = io.BytesIO()
        picture.save(buffer, form)
        sizes.append(buffer.tell())
    return sizes


def adjusted(
    values: NDArray[np.float64], content: NDArray[np.float64], labels: Rows
) -> NDArray[np.float64] | None:
    """`values` less what content explains of them; None where, within classes, that is less than `_SHARE`."""
    code = np.unique(labels, return_inverse=True)[1].ravel()
    sizes = np.bincount(code)
    inner = values - (np.bincount(code, values) / sizes)[code]
    means = np.stack([np.bincount(code, column) / sizes for column in content.T], axis=1)
    within = content - means[code]
    slopes = np.linalg.lstsq(within, inner, rcond=None)[0]
    total, left = float(np.square(inner).sum()), float(np.square(inner - within @ slopes).sum())
    if not total or 1 - left / total <= _SHARE:
        return None
    # Where all is explained, what is left is rounding, and rounding differs from class to class.
    return np.round(values - content @ slopes, _DIGITS)
