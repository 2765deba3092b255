"""Rows of arrays without a label: -1 among numbers from 0 on or among names, NaN, empty text.

They are left out where the user says so; a whole split but train that has no label is set aside in any case.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, whole_number
from assay.data.listing.columns.missing import is_minus_one, is_missing, minus_one_is_missing
from assay.data.values import UNLABELLED, LeftOut, numbered_ids

#: Floats tell whole numbers apart up to here.
_EXACT: Final = 1 << 53

#: Why an image is left out.
_NO_LABEL: Final = "it has no label"


@dataclass(frozen=True, eq=False)
class RawSplit:
    """One split as a source found it: two arrays, and what to call each in an error.

    own_ids: the names of its images where rows were left out; else they are numbered.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    images_name: str
    labels_name: str
    own_ids: Sequence[str] | None = None

    def ids(self, split: str) -> Sequence[str]:
        """The names of its images: their places in the source."""
        return numbered_ids(split, len(self.images)) if self.own_ids is None else self.own_ids


@dataclass(frozen=True, eq=False)
class LabelledParts:
    """Splits without the rows that have no label, these rows, and notes on them."""

    parts: Mapping[str, RawSplit]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def labelled_parts(
    parts: Mapping[str, RawSplit], skip: bool, classes: Collection[str] | None = None
) -> LabelledParts:
    """The splits with labels. skip: leave rows without one out; else numbers stay, to be refused.

    classes: names that are classes whatever they say. Raises AssayError `label-not-integer` for text.
    """
    flat = {key: _flat(part.labels) for key, part in parts.items()}
    minus = _minus_one_is_missing(list(flat.values()))
    kept: dict[str, RawSplit] = {}
    left_out: list[LeftOut] = []
    notes = []
    for key, part in parts.items():
        missing = _missing(flat[key], minus, classes or ())
        whole = key != "train" and bool(missing.all())
        if len(flat[key]) != len(part.images) or not missing.any() or not (skip or whole):
            _refuse_text(part, flat[key], missing)
            kept[key] = part
            continue
        reason = f"the {key} split has no labels" if whole else _NO_LABEL
        ids = part.ids(key)
        gone = np.flatnonzero(missing).tolist()
        left_out += [LeftOut(ids[row], UNLABELLED, reason, key) for row in gone]
        count = counted(len(gone), "image", "images")
        notes.append(f"{count} of {key} without a label left out" + (f": {reason}" if whole else ""))
        if not missing.all():
            rows = np.flatnonzero(~missing)
            names = [ids[row] for row in rows.tolist()]
            kept[key] = RawSplit(
                part.images[rows], part.labels[rows], part.images_name, part.labels_name, names
            )
        elif not whole:
            kept[key] = part  # of train: refused
    return LabelledParts(kept, tuple(left_out), tuple(notes))


def _refuse_text(part: RawSplit, labels: NDArray[Any], missing: NDArray[np.bool_]) -> None:
    """Refuse text and objects that say that there is no label: `nan` would be a class."""
    if labels.dtype.kind not in "SUTO" or not missing.any():
        return
    first = int(missing.argmax())
    kind = f"labels are of type {labels.dtype}, and " if labels.dtype.kind == "O" else ""
    what = (
        f"{kind}{int(missing.sum()):,} labels are empty or say that there is none, the first at index "
        f"{first} ({one_line(repr(_text(labels[first])))})"
    )
    fix = "Fill them in, or leave them out with --skip-unlabelled (a word that --classes names is a class)."
    raise AssayError("label-not-integer", part.labels_name, what, fix)


def array_of_cells(cells: Sequence[str]) -> NDArray[Any]:
    """Cells as numbers where all are whole ones, -1 among them, or say nothing (then NaN); else as text."""
    some = {cell for cell in cells if not is_missing(cell)}
    number = {cell: -1 if is_minus_one(cell) else whole_number(cell) for cell in some}
    whole = [value for value in number.values() if value is not None]
    gaps = any(map(is_missing, cells))
    if not some or len(whole) < len(number) or (gaps and max(whole) >= _EXACT):
        return np.array(cells)
    values = [number.get(cell, np.nan) for cell in cells]
    return np.array(values) if gaps else np.array(values, np.int64)


def way_out(labels: NDArray[Any]) -> str:
    """What to do besides where some of the labels that were refused say that there is none."""
    missing = _missing(_flat(labels), minus=_minus_one_is_missing([_flat(labels)]))
    return ", or leave images without one out with --skip-unlabelled" if missing.any() else ""


def _flat(labels: NDArray[Any]) -> NDArray[Any]:
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _missing(labels: NDArray[Any], minus: bool, classes: Collection[str] = ()) -> NDArray[np.bool_]:
    """Which labels say that there is none. minus: -1 does. classes: names that do not."""
    if labels.ndim != 1:
        return np.zeros(len(labels) if labels.ndim else 0, bool)
    if labels.dtype.kind in "iuf":
        none = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), bool)
        return none | (labels == -1) if minus and labels.dtype.kind != "u" else none
    if labels.dtype.kind in "SUTO":
        texts = [_text(value) for value in labels.tolist()]
        known = set(texts).difference(classes)
        gone = {text for text in known if is_missing(text) or (minus and is_minus_one(text))}
        return np.array([text in gone for text in texts], bool)
    return np.zeros(len(labels), bool)


def _text(value: object) -> str:
    """A label of text or of any object as text; "" where it is nothing."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace").strip()
    return "" if value is None or value != value else str(value).strip()


def _minus_one_is_missing(labels: Sequence[NDArray[Any]]) -> bool:
    """Whether all other numbers are whole ones from 0 on; but not beside 1 alone, which makes two classes. Of
    text the rule of tables."""
    words = [values for values in labels if values.ndim == 1 and values.dtype.kind in "SUTO"]
    if words:
        return minus_one_is_missing({_text(value) for values in words for value in values.tolist()})
    found = [values for values in labels if values.ndim == 1 and values.dtype.kind in "iuf"]
    rest = [values[~np.isnan(values)] if values.dtype.kind == "f" else values for values in found]
    others = [values[values != -1] for values in rest if len(values)]
    known = [values for values in others if len(values)]
    from_zero = all((values >= 0).all() and (values == np.floor(values)).all() for values in known)
    return from_zero and bool(known) and not all((values == 1).all() for values in known)
