"""Rows of arrays without a label: -1 among numbers from 0 on, NaN, empty text.

They are left out where the user says so; a whole split but train that has no label is set aside in any case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.text import counted
from assay.data.listing.table_labels import is_missing
from assay.data.values import UNLABELLED, LeftOut, numbered_ids

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


def labelled_parts(parts: Mapping[str, RawSplit], skip: bool) -> LabelledParts:
    """The splits with labels. skip: leave rows without one out; else they stay, to be refused."""
    flat = {key: _flat(part.labels) for key, part in parts.items()}
    minus = _minus_one_is_missing(list(flat.values()))
    kept: dict[str, RawSplit] = {}
    left_out: list[LeftOut] = []
    notes = []
    for key, part in parts.items():
        missing = _missing(flat[key], minus)
        whole = key != "train" and bool(missing.all())
        if len(flat[key]) != len(part.images) or not missing.any() or not (skip or whole):
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


def way_out(labels: NDArray[Any]) -> str:
    """What to do besides where some of the labels that were refused say that there is none."""
    missing = _missing(_flat(labels), minus=_minus_one_is_missing([_flat(labels)]))
    return ", or leave images without one out with --skip-unlabelled" if missing.any() else ""


def _flat(labels: NDArray[Any]) -> NDArray[Any]:
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _missing(labels: NDArray[Any], minus: bool) -> NDArray[np.bool_]:
    """Which labels say that there is none. minus: -1 does."""
    if labels.ndim != 1:
        return np.zeros(len(labels) if labels.ndim else 0, bool)
    if labels.dtype.kind in "iuf":
        none = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), bool)
        return none | (labels == -1) if minus and labels.dtype.kind != "u" else none
    if labels.dtype.kind in "UTO":
        return np.array(
            [value is None or value != value or _says_nothing(value) for value in labels.tolist()]
        )
    return np.zeros(len(labels), bool)


def _says_nothing(value: object) -> bool:
    return isinstance(value, str) and is_missing(value)


def _minus_one_is_missing(labels: Sequence[NDArray[Any]]) -> bool:
    """Whether all other numbers are whole ones from 0 on; but not beside 1 alone, which makes two classes."""
    found = [values for values in labels if values.ndim == 1 and values.dtype.kind in "iuf"]
    rest = [values[~np.isnan(values)] if values.dtype.kind == "f" else values for values in found]
    others = [values[values != -1] for values in rest if len(values)]
    known = [values for values in others if len(values)]
    from_zero = all((values >= 0).all() and (values == np.floor(values)).all() for values in known)
    return from_zero and bool(known) and not all((values == 1).all() for values in known)
