"""Columns of NumPy, pandas and polars: pictures and labels beside each other, in one order."""

from typing import Any

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened


def is_column(values: object) -> bool:
    """Whether it is a list or a tuple, or a column of one dimension of NumPy, pandas or polars."""
    return isinstance(values, list | tuple) or (
        hasattr(values, "dtype") and hasattr(values, "__iter__") and len(getattr(values, "shape", ())) == 1
    )


def refuse_another_order(images: Any, labels: Any, where: str) -> None:
    """Raise AssayError `bad-arrays` where the index of pandas says that labels are in another order than
    the images: rows are taken as they lie, so each image would get the label of another one.

    Only where both have the same entries, each once, or share some and neither counts from 0: an index that
    somebody reset tells nothing.
    """
    if not (hasattr(images, "iloc") and hasattr(labels, "iloc")) or images.index.equals(labels.index):
        return
    order, other = list(images.index), list(labels.index)
    if len(order) != len(other) or not (images.index.is_unique and labels.index.is_unique):
        return
    place = {entry: row for row, entry in enumerate(other)}
    moved = any(place.get(entry, row) != row for row, entry in enumerate(order))
    reset = list(range(len(order))) in (order, other)
    if not moved or (reset and set(order) != set(other)):
        return
    first = next(row for row, both in enumerate(zip(order, other, strict=True)) if len(set(both)) > 1)
    there, here = (shortened(one_line(str(index[first]))) for index in (images.index, labels.index))
    what = (
        f"its index has {'another order' if set(order) == set(other) else 'other rows'} than that of the "
        f"images: row {first} is {there} there, {here} here"
    )
    fix = (
        "Bring them into one order, y.loc[X.index]; or, where rows belong together as they lie, y.to_numpy()."
    )
    raise AssayError("bad-arrays", where, what, fix)
