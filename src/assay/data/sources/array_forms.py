"""Arrays as people save them: labels as text, booleans, whole floats or one-hot rows; images in other orders.

What can be meant in one way is brought into the one form that the rest reads, and said in a note. What can be
meant in two is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.data.listing.names import natural_key, one_spelling


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of every split in one form. names: of the classes in label order, where the labels are names."""

    values: Mapping[str, NDArray[Any]]
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def plain_labels(given: Mapping[str, tuple[NDArray[Any], str]]) -> Labels:
    """Labels by split as whole numbers `(n,)`, from text, booleans, whole floats or one-hot rows.

    given: by split the array and what to call it. Other types stay as they are, for whoever checks them.
    Raises AssayError `several-labels` for rows with several ones.
    """
    kinds = {values.dtype.kind for values, _ in given.values()}
    if kinds <= {"U", "S", "T", "O"}:
        return _from_text(given)
    if kinds == {"b"} and all(values.ndim == 1 for values, _ in given.values()):
        numbers = {key: values.astype(np.int64) for key, (values, _) in given.items()}
        return Labels(numbers, ("False", "True"), ("labels are booleans: False and True",))
    found, notes = {}, []
    for key, (values, where) in given.items():
        found[key], note = _from_numbers(values, where)
        notes += [note] if note else []
    return Labels(found, None, tuple(dict.fromkeys(notes)))


def _from_text(given: Mapping[str, tuple[NDArray[Any], str]]) -> Labels:
    texts = {key: _texts(values, where) for key, (values, where) in given.items()}
    meant = one_spelling(texts.values())
    texts = {key: [meant[text] for text in found] for key, found in texts.items()}
    names = tuple(sorted({text for found in texts.values() for text in found}, key=natural_key))
    index = {name: number for number, name in enumerate(names)}
    numbers = {key: np.array([index[text] for text in found], np.int64) for key, found in texts.items()}
    return Labels(numbers, names, ("labels are text: each is the name of its class",))


def _texts(values: NDArray[Any], where: str) -> list[str]:
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if flat.ndim != 1 or not all(isinstance(value, str | bytes) for value in flat.tolist()):
        fix = "Give one whole number or one name an image."
        raise AssayError("label-not-integer", where, f"labels are of type {values.dtype}", fix)
    try:
        texts = [v.decode("utf-8") if isinstance(v, bytes) else v for v in flat.tolist()]
    except UnicodeDecodeError as error:  # replaced, two classes could become one
        what = f"a label is not UTF-8: {error.object[:40]!r}"
        raise AssayError("label-not-integer", where, what, "Decode the labels, and give text.") from error
    missing = sum(not text.strip() for text in texts)
    if missing:
        raise AssayError(
            "label-not-integer", where, f"{missing:,} labels are empty", "Give each image a label."
        )
    return [text.strip() for text in texts]


def _from_numbers(values: NDArray[Any], where: str) -> tuple[NDArray[Any], str]:
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if flat.ndim == 2 and flat.dtype.kind in "iufb" and flat.shape[1] > 1:
        return _from_one_hot(flat, where)
    if flat.ndim == 1 and flat.dtype.kind == "f" and len(flat) and np.array_equal(flat, np.floor(flat)):
        _need_exact(flat, where)
        return flat.astype(np.int64), "labels are whole numbers saved as floats"
    if flat.ndim == 1 and flat.dtype == np.uint64 and len(flat):
        _need_exact(flat, where)
    return flat, ""


def _need_exact(numbers: NDArray[Any], where: str) -> None:
    """Raise AssayError `label-out-of-range` for numbers that int64 would hold as other ones."""
    large = np.flatnonzero(~(np.abs(numbers.astype(np.float64)) < 2**53))  # float16 knows no such number
    if len(large):
        what = (
            f"{len(large):,} of {len(numbers):,} labels are too large for the number of a class, the first "
        )
        what += f"at index {large[0]} ({numbers[large[0]]})"
        raise AssayError("label-out-of-range", where, what, "Correct the labels.")


def _from_one_hot(rows: NDArray[Any], where: str) -> tuple[NDArray[Any], str]:
    signed = bool(np.isin(rows, (-1, 1)).all())
    rows = np.where(rows == 1, 1, 0) if signed else rows
    if not np.isin(rows, (0, 1)).all():
        fix = _way_from_rows(rows)
        raise AssayError("bad-arrays", where, f"labels of shape {rows.shape} are not rows of 0 and 1", fix)
    ones = rows.sum(axis=1)
    if (ones != 1).any():
        first = int(np.flatnonzero(ones != 1)[0])
        what = f"{int((ones != 1).sum()):,} of {len(ones):,} rows have several ones or none"
        what = f"row {first} has {int(ones[first])} ones, {what}"
        fix = (
            "Give one class an image, or one column alone, y[:, 0]; Assay does not train on several at once."
        )
        raise AssayError("several-labels", where, f"{what}: several labels an image, or none", fix)
    note = "labels are one-hot rows: the column is the class"
    return rows.argmax(axis=1).astype(np.int64), f"{note} (1 is yes, -1 is no)" if signed else note


def _way_from_rows(rows: NDArray[Any]) -> str:
    """What makes labels of rows that are not one-hot: of shares of classes, or of whole numbers."""
    sums = rows.sum(axis=1)
    if rows.min() >= 0 and len(rows) and np.isclose(sums, sums[0], rtol=0.02).mean() > 0.9:
        return (
            "Give one class number an image. If these are shares of classes, or votes, the class of the "
            "largest is y.argmax(1), and rows in which two are equal have none."
        )
    if np.array_equal(rows, np.floor(rows)):
        return "Give one class number an image. If each column is a task of its own, give one: y[:, 0]."
    return "Give one class number an image."


def transposition_note(name: str, shape: Shape) -> list[str]:
    """A note where a set is EMNIST by the name of its files: they hold every picture with rows and columns
    exchanged (Cohen et al. 2017), so it looks turned and mirrored."""
    if "emnist" not in name.lower() or "femnist" in name.lower() or shape[:2] != (28, 28):
        return []
    return [
        "EMNIST's files hold every picture transposed: shown they look turned and mirrored. They are read as "
        "they are, so that other readings of EMNIST compare; pictures to predict must be transposed alike"
    ]
