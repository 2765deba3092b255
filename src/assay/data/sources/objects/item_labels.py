"""The label of one item that is an object in Python, as text."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assay.core.arrays import Rows, detached
from assay.core.errors import AssayError
from assay.core.text import one_line, shortened, whole_number
from assay.data.listing.columns.missing import is_missing
from assay.data.sources.array_forms import plain_labels
from assay.data.sources.objects.data_frames import has_words, text_of
from assay.data.sources.objects.python_items import is_nothing, wrong_objects


class ItemLabels:
    """The labels of items, one after the other. notes: how they were read."""

    def __init__(self, classes: tuple[str, ...] | None) -> None:
        self._classes = classes
        self._widths: set[int] = set()
        self.notes: list[str] = []

    def text(self, label: Any, where: str) -> str:
        """A label as text, "" where it is missing; numbers as the class that they number.

        A list or an array of one value is that value, a one-hot row the number of its column. Raises
        AssayError `several-labels`, `label-out-of-range`, `bad-arrays`.
        """
        value = _only(label)
        width = _width(value)
        self._widths.add(width)
        if len(self._widths) > 1:
            raise _several(where)
        if width:
            value = self._column(np.asarray(detached(value)), where)
        return _text(value, self._classes, where)

    def _column(self, row: Rows, where: str) -> int:
        found = plain_labels({"": (row[None], where)})
        self.notes = list(found.notes)
        return int(found.values[""][0])


def _only(label: Any) -> Any:
    """The one value in a list or an array that holds no other; anything else as it is."""
    while (isinstance(label, list | tuple) and len(label) == 1) or set(_shape(label)) == {1}:
        label = label[0]
    plain = not is_nothing(label) and hasattr(label, "item") and getattr(label, "ndim", 0) == 0
    return label.item() if plain else label


def _width(value: Any) -> int:
    """How many values a row of numbers has; 0 where it is no such row."""
    shape = _shape(value)
    numbers = len(shape) == 1 and np.asarray(detached(value)).dtype.kind in "biuf"
    return shape[0] if numbers else 0


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", ())
    return tuple(shape) if isinstance(shape, tuple) else ()


def _text(value: Any, classes: tuple[str, ...] | None, where: str) -> str:
    if is_nothing(value):
        return ""
    if isinstance(value, list | tuple | Mapping) or hasattr(value, "shape"):
        raise _several(where)
    if not has_words(value):
        raise wrong_objects(f"the label of {where} is a {type(value).__module__}.{type(value).__name__}")
    text = text_of(value)
    if is_missing(text):
        return ""
    if classes is None or isinstance(value, str):
        return text
    if text == "-1":
        return ""
    place = whole_number(text)
    if place is None or place >= len(classes):
        what = f"the label {one_line(shortened(text))} is none of the {len(classes)} classes"
        raise AssayError("label-out-of-range", where, what, "Correct the labels.")
    return classes[place]


def _several(where: str) -> AssayError:
    fix = "Give one class an image; Assay does not train on several labels at once."
    return AssayError("several-labels", where, "its label is no single value", fix)
