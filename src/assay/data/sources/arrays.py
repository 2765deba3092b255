"""Images and labels that are arrays in Python already."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import detached, unmasked
from assay.core.errors import AssayError
from assay.data.checked_images import IN_MEMORY, array_images, own_copy
from assay.data.request import OF_ARRAYS, Request
from assay.data.sources.array_dataset import dataset_from_arrays
from assay.data.sources.objects.series import refuse_another_order
from assay.data.sources.packed.unlabelled_rows import RawSplit
from assay.data.values import Dataset, Split

_ARGUMENTS: Final = ("arrays[0]", "arrays[1]", "arrays[2]", "arrays[3]")

#: The options of a request that this source reads.
TAKES: Final = OF_ARRAYS


def matches(request: Request) -> bool:
    """Whether arrays were given."""
    return request.arrays is not None


def read(request: Request) -> Dataset:
    """The data set of `(X, y)` or `(X, y, X_test, y_test)`; see `dataset_from_arrays` for the rules."""
    given = _as_arrays(request.arrays or ())
    # The caller may write to the arrays later, and a mapped file may change: from here on they are ours.
    parts = {"train": RawSplit(own_copy(given[0]), given[1], *_ARGUMENTS[:2])}
    if len(given) == 4:
        parts["test"] = RawSplit(own_copy(given[2]), given[3], *_ARGUMENTS[2:])
    found = dataset_from_arrays(
        request.name or "arrays",
        parts,
        "arrays",
        request.classes,
        "in memory",
        request.array_form,
        request.skip_unlabelled,
    )
    return replace(found, splits={name: _guarded(split, parts[name]) for name, split in found.splits.items()})


def _guarded(split: Split, part: RawSplit) -> Split:
    """The split; of images too many to copy, which are still the caller's, each is checked at every read."""
    if part.images.nbytes <= IN_MEMORY or not np.may_share_memory(split.images, part.images):
        return split
    return replace(split, images=array_images(split.images, split.digests, part.images_name))


def _as_arrays(given: Sequence[Any]) -> list[NDArray[Any]]:
    if not isinstance(given, tuple | list):
        what = f"a {type(given).__module__}.{type(given).__name__} is no tuple of arrays"
        raise AssayError("bad-arrays", "arrays", what, "Give (X, y) or (X, y, X_test, y_test).")
    if len(given) not in (2, 4):
        what = f"{len(given)} arrays were given"
        fix = 'Give (X, y) or (X, y, X_test, y_test); of more splits {"train": (X, y), "validation": ...}.'
        raise AssayError("bad-arrays", "arrays", what, fix)
    for number in range(0, len(given), 2):
        refuse_another_order(given[number], given[number + 1], _ARGUMENTS[number + 1])
    found = [_as_array(values, where) for values, where in zip(given, _ARGUMENTS, strict=False)]
    if len(found) == 4 and found[2].ndim == 1 and found[1].ndim == found[0].ndim > 1:
        what = "they look like X_train, X_test, y_train, y_test, as train_test_split gives them"
        raise AssayError("bad-arrays", "arrays", what, "Give (X_train, y_train, X_test, y_test).")
    return found


def _as_array(values: Any, where: str) -> NDArray[Any]:
    try:
        found = np.asarray(unmasked(detached(values), where))
    except (ValueError, TypeError) as error:
        raise AssayError("bad-arrays", where, f"it is no array ({error})", "Give a NumPy array.") from error
    if found.ndim == 0:
        what = f"a {type(values).__module__}.{type(values).__name__} is no array"
        raise AssayError("bad-arrays", where, what, "Give a NumPy array or a list.")
    if where in _ARGUMENTS[1::2] and (names := _names_of_columns(values, found)) is not None:
        found = names[found.argmax(axis=1)]
    return _of_one_type(found) if found.dtype == object else found


def _names_of_columns(values: Any, rows: NDArray[Any]) -> NDArray[Any] | None:
    """The names of the columns of a frame with one 1 in each row, as `pandas.get_dummies` makes it.

    By number they would be other classes in a frame that lacks one. None for anything else, or numbers alone.
    """
    columns = list(getattr(values, "columns", ()))
    if rows.ndim != 2 or len(columns) < 2 or not all(isinstance(name, str) for name in columns):
        return None
    whole = rows.dtype.kind in "biuf" and bool(np.isin(rows, (0, 1)).all())
    return np.array(columns) if whole and bool((rows.sum(axis=1) == 1).all()) else None


def _of_one_type(objects: NDArray[Any]) -> NDArray[Any]:
    """Python's objects as an array of their own type: whole numbers, and arrays of one shape; others stay."""
    items = objects.tolist() if objects.ndim == 1 else []
    if items and all(type(item) is int or isinstance(item, np.integer) for item in items):
        return np.array(items)
    forms = {(item.shape, item.dtype) if isinstance(item, np.ndarray) else None for item in items}
    return np.stack(items) if len(forms) == 1 and None not in forms else objects
