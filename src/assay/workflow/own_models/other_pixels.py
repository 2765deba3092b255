"""Diagnosis of a user's model that expects other pixels: another scale, or another channel order."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import spread_rows
from assay.core.errors import AssayError
from assay.data.source_order import better
from assay.data.values import Split

#: Training images that are asked about.
_ASKED: Final = 100

#: What brightness may be divided by, beside 255: few bits, half of it, and 16 bits.
_SCALES: Final = {f"/ {2**power}": 1 / 2**power for power in range(1, 8)} | {"* 257.0": 257.0}

#: Asks the model: pixels to class numbers, `(n,)`. Raises AssayError for what it does not take.
Ask = Callable[[NDArray[Any]], NDArray[np.int64]]


def refuse_other_pixels(ask: Ask, train: Split, flat: bool) -> None:
    """Raise AssayError `net-refused` where the model plainly wants its pixels otherwise than given.

    Training images alone are asked about: as they are, uint8 from 0 to 255, and brought into the forms that
    models are commonly fitted on. flat: the model takes a row of values for each image.
    """
    rows = spread_rows(len(train), _ASKED)
    images, labels = np.concatenate(list(train.blocks(rows))), train.labels[rows]
    given = ask(_as_given(images, flat)) == labels
    best, told = given, ""
    for words, pixels in _forms(images, flat):
        with suppress(AssayError):  # what it does not take is not what it wants
            right = ask(pixels) == labels
            if better(right, given) == 0 and right.sum() > best.sum():
                best, told = right, words
    if told:
        what = (
            f"of {len(rows)} training images it answers {given.sum()} rightly as they are, uint8 from 0 to "
            f"255, and {best.sum()} with {told}"
        )
        fix = (
            "Wrap it: types.SimpleNamespace(classes_=CLASSES, predict_proba=lambda images: "
            f"model.predict_proba({told})), where CLASSES names its columns. If it is right as it is, give "
            "assay.evaluate(data=data, probabilities=model.predict_proba(IMAGES))."
        )
        raise AssayError("net-refused", "model", what, fix)


def _as_given(images: NDArray[np.uint8], flat: bool) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1) if flat else images


def _forms(images: NDArray[np.uint8], flat: bool) -> Iterator[tuple[str, NDArray[Any]]]:
    """The same pixels in other shapes and scales, each with the expression of `images` that gives it."""
    planes, colored = images.transpose(0, 3, 1, 2), images.shape[3] > 1
    rows = "reshape(len(images), -1)"
    if flat:
        shapes = {f"images.{rows}": images.reshape(len(images), -1)}
        if colored:
            shapes[f"images[..., ::-1].{rows}"] = images[..., ::-1].reshape(len(images), -1)
            shapes[f"images.transpose(0, 3, 1, 2).{rows}"] = planes.reshape(len(images), -1)
    else:
        shapes = {"images": images, "images.transpose(0, 3, 1, 2)": planes}
        if colored:
            shapes["images[..., ::-1]"] = np.ascontiguousarray(images[..., ::-1])
            shapes["images[..., ::-1].transpose(0, 3, 1, 2)"] = np.ascontiguousarray(planes[:, ::-1])
        else:
            shapes["images[..., 0]"] = images[..., 0]
    turned = images.transpose(0, 2, 1, 3)
    shapes[f"images.transpose(0, 2, 1, 3){f'.{rows}' * flat}"] = _as_given(turned, flat)
    mean, deviation = round(float(images.mean()), 1), max(round(float(images.std()), 1), 0.1)
    for number, (words, shaped) in enumerate(shapes.items()):
        if number:  # the first is the one that is given
            yield words, shaped
        values = shaped.astype(np.float32)
        yield f"{words} / 255", values / 255
        yield f"{words} / 127.5 - 1", values / 127.5 - 1
        yield f"255 - {words}", 255 - shaped
        yield f"1 - {words} / 255", 1 - values / 255
        yield f"({words} - {mean}) / {deviation}", (values - mean) / deviation
        if not number:
            for scale, factor in _SCALES.items():
                yield f"{words} {scale}", values * np.float32(factor)
