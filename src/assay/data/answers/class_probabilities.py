"""Class probabilities that the user brings: one row per image, one column per class, checked before use."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import detached, unmasked
from assay.core.errors import AssayError
from assay.data.answers.class_columns import (
    class_columns,
    few,
    index_of,
    number_of,
    order_of,
    plain_name,
    refuse_other_order,
)
from assay.data.formats.npy import ZIP, read_npy, read_npz
from assay.data.formats.safe_open import read_file
from assay.data.formats.text_table import SUFFIXES, read_table
from assay.data.named_rows import counts_only, name_all, named_index, names_of_rows, rows_by_name
from assay.data.source_order import better, counts_splits, readings, rows_left_out, told_orders
from assay.data.values import Dataset

#: A row may sum to so much more or less than 1: half precision and six printed digits stay within it.
TOLERANCE: Final = 2e-3

Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassProbabilities:
    """Probabilities for some splits of a data set.

    by_split: float64 `(n, k)` by split name, rows in the order of the split, columns in that of the classes.
    ids: of the images, split after split.
    """

    by_split: Mapping[str, Rows]
    ids: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the numbers of all splits."""
        whole = hashlib.sha256()
        for name, rows in self.by_split.items():
            whole.update(f"{name} {rows.shape}\n".encode() + np.ascontiguousarray(rows).tobytes())
        return whole.hexdigest()

    def array(self) -> Rows:
        """All rows, split after split."""
        return np.concatenate(list(self.by_split.values()))


@dataclass(frozen=True)
class _Given:
    """What was read. names: of the columns; digests: of the images, row by row; None where not told.

    beside: what else stands beside each row, by the name of its column.
    """

    values: NDArray[Any]
    names: tuple[str, ...] | None = None
    digests: Sequence[str] | None = None
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_probabilities(
    given: Any, dataset: Dataset, alone: str, option: str, *, own: bool = False
) -> ClassProbabilities:
    """The user's class probabilities as float64, per split.

    given: an array `(n, k)`, a data frame with a column per class, or a file: `.npy`, `.npz` (arrays
    `probabilities` and, to name the columns, `classes`, to name the images, `ids`), or a table with columns
    `p:<class>`, such as a run's predictions.csv, or `<class>`. Named columns may stand in any order; others
    must be in the data's order. So may rows that name their images (`names_of_rows`), in a column or the
    index of a data frame.
    alone: the split whose rows may be given without the others; else all images, in the order of the source
    or split after split, whichever fits the labels (`source_order`). own: a run's own copy, by split.
    Raises AssayError `file-missing`, `bad-arrays` (rows, columns, range, sums, order), `class-names`.
    """
    classes = dataset.classes
    found = _read(given, option, classes)
    if found.values.ndim == 2 and found.values.shape[1] != len(classes):
        what = f"they have {found.values.shape[1]} columns, the data have {len(classes)} classes"
        raise _bad(option, what, f"Give one column per class, in this order: {few(classes)}.")
    values = _checked(found.values, option)
    if found.names is not None:
        values = values[:, order_of(found.names, classes, option)]
    by_split = _by_split(values, dataset, alone, option)
    ids = [one for name in by_split for one in dataset.splits[name].ids]
    rows = None if found.digests else names_of_rows(found.beside, ids, classes)
    if rows is not None and len(by_split) > 1 and counts_only(rows, ids):
        own = own or counts_splits(np.array(rows, np.int64), dataset)
        rows = None
    if rows is not None and own and not name_all(rows, ids):
        rows = None  # of a set whose files have other names now
    if rows is not None:
        by_split = _by_split(values[rows_by_name(rows, ids, option)], dataset, alone, option)
    elif len(by_split) > 1 and not found.digests and not own:
        by_split = _by_split(values[_rows_of_images(values, dataset, option)], dataset, alone, option)
    if found.digests is not None:
        _need_same_images(found.digests, dataset, by_split, option)
    if found.names is None:
        for name, answers in by_split.items():
            refuse_other_order(answers.argmax(axis=1), dataset.splits[name].labels, classes, option)
    return ClassProbabilities(by_split, tuple(ids))


def _read(given: Any, option: str, classes: Sequence[str]) -> _Given:
    if isinstance(given, str | Path):
        return _read_file(Path(given), classes)
    columns = getattr(given, "columns", None)
    if columns is not None and hasattr(given, "to_numpy"):
        return _read_frame(given, list(columns), option, classes)
    try:
        return _Given(np.asarray(unmasked(detached(given), option)))
    except (ValueError, TypeError) as error:
        raise _bad(option, f"they are no array ({error})") from error


def _read_frame(frame: Any, columns: Sequence[Any], option: str, classes: Sequence[str]) -> _Given:
    """A data frame; beside the columns of the classes it may have others, such as the names of images."""
    index = named_index(frame, option)
    chosen = class_columns(columns, classes)
    if not chosen or len(chosen) == len(columns):
        return _Given(frame.to_numpy(), tuple(map(plain_name, columns)), beside=index)
    beside = {str(name): list(map(str, frame[name])) for name in columns if name not in chosen}
    return _Given(frame[chosen].to_numpy(), tuple(map(plain_name, chosen)), beside={**index, **beside})


def _read_file(path: Path, classes: Sequence[str]) -> _Given:
    if path.suffix.casefold() in SUFFIXES:
        return _read_table(path, classes)
    try:
        if read_file(path, len(ZIP)) != ZIP:
            return _Given(read_npy(path))
        arrays = read_npz(path)
    except AssayError as error:
        if error.code in ("npz-unreadable", "archive-refused"):
            what = f"it is no NumPy file (.npy, .npz) and no table (.csv, .tsv, .jsonl): {error.what}"
            raise _bad(path, what) from error
        raise
    if "probabilities" not in arrays:
        raise _bad(path, f"it holds {few(list(arrays))} and no array probabilities")
    names = tuple(map(str, arrays["classes"])) if "classes" in arrays else None
    values = arrays["probabilities"]
    beside = {
        name: list(map(str, array))
        for name, array in arrays.items()
        if name not in ("probabilities", "classes") and array.shape == values.shape[:1]
    }
    return _Given(values, names, beside=beside)


def _read_table(path: Path, classes: Sequence[str]) -> _Given:
    columns = read_table(path)
    names = class_columns(columns, classes)
    if not names:
        fix = (
            "Name a column for each class after it, as cat or p:cat; a run's predictions.csv has the latter."
        )
        what = f"it has no column of probabilities for each class, it has {few(list(columns))}"
        raise AssayError("column-missing", path, what, fix)
    try:
        values = np.array([[number_of(cell) for cell in columns[name]] for name in names], np.float64).T
    except ValueError as error:
        raise _bad(path, f"a cell holds no number ({error})") from error
    beside = index_of({name: cells for name, cells in columns.items() if name not in names}, path)
    return _Given(values, tuple(map(plain_name, names)), columns.get("digest"), beside)


def _checked(values: NDArray[Any], option: str) -> Rows:
    """The numbers as float64, each row summing to 1."""
    if values.dtype.kind not in "fiu" or values.ndim != 2:
        raise _bad(option, f"they are {values.dtype} {values.shape}, not numbers in rows and columns")
    rows = np.asarray(values, np.float64)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        what = f"row {bad[0]} holds a number that is not finite ({len(bad):,} such rows)"
        raise _bad(option, what, "Find out why the model gave it; leave no image out in silence.")
    out = np.flatnonzero(((rows < -TOLERANCE) | (rows > 1 + TOLERANCE)).any(axis=1))
    sums = rows.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > TOLERANCE)
    if len(out) or len(off):
        row = int(out[0] if len(out) else off[0])
        raise _bad(option, _what_they_are(rows, row), _remedy(rows))
    kept = np.clip(rows, 0, 1)
    found: Rows = kept / kept.sum(axis=1, keepdims=True)
    return found


def _what_they_are(rows: Rows, row: int) -> str:
    low, high, total = rows[row].min(), rows[row].max(), rows[row].sum()
    return f"row {row} has values from {low:.4g} to {high:.4g} that sum to {total:.4g}: no probabilities"


def _remedy(rows: Rows) -> str:
    """How to make probabilities of what these numbers probably are."""
    if np.abs(rows.sum(axis=1) - 100).max(initial=0) < 100 * TOLERANCE and rows.min(initial=0) >= 0:
        return "They look like percent: divide by 100."
    if rows.max(initial=0) <= TOLERANCE and np.abs(np.exp(rows).sum(axis=1) - 1).max(initial=0) < 0.01:
        return "They look like log-probabilities: give their exponential."
    if rows.min(initial=0) < 0 or rows.max(initial=0) > 1:
        return "They look like logits: give their softmax, so that each row sums to 1."
    return "They look like a score for each class alone: bring each row to sum 1."


def _by_split(values: Rows, dataset: Dataset, alone: str, option: str) -> dict[str, Rows]:
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    if len(values) == sizes.get(alone):
        return {alone: values}
    if len(values) == sum(sizes.values()):
        parts = np.split(values, np.cumsum(list(sizes.values()))[:-1])
        return dict(zip(sizes, parts, strict=True))
    counts = ", ".join(f"{size:,} {name}" for name, size in sizes.items())
    fix = f"Give a row for each image of {alone}, or for every image ({counts}), in source order."
    what = f"they have {len(values):,} rows for images {counts}{rows_left_out(len(values), dataset)}"
    raise _bad(option, what, fix)


def _rows_of_images(values: Rows, dataset: Dataset, option: str) -> NDArray[np.int64]:
    """For each image, split after split, its row, where nothing names the images of rows.

    Of two orders that by which the labels go better with the answers. Raises AssayError `bad-arrays` where
    neither plainly does.
    """
    found = readings(dataset)
    if len(found) == 1:
        return found[0].rows
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    fits = [_foretold(values[one.rows].argmax(axis=1), labels)[np.argsort(one.rows)] for one in found]
    best = better(*fits) if found else -1
    if best < 0:
        what = f"nothing tells which image each row is about: the order may be {told_orders(dataset)}"
        raise _bad(option, what, "Name the images in a column file of a table, or an array ids in an .npz.")
    return found[best].rows


def are_answers(rows: Rows) -> bool:
    """Whether each row is 1 for one class and 0 for all others: nothing tells how sure any answer is."""
    return bool(len(rows)) and bool(((rows == 0) | (rows == 1)).all())


def _foretold(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each label is the most frequent one of its answer, whatever the answers are called."""
    table = np.zeros((answers.max() + 1, labels.max() + 1), np.int64)
    np.add.at(table, (answers, labels), 1)
    return np.asarray(labels == table.argmax(axis=1)[answers])


def _need_same_images(
    digests: Sequence[str], dataset: Dataset, by_split: Mapping[str, Rows], option: str
) -> None:
    expected = [
        dataset.splits[name].hex_digest(row) for name in by_split for row in range(len(by_split[name]))
    ]
    wrong = [row for row, (a, b) in enumerate(zip(digests, expected, strict=True)) if a != b]
    if wrong:
        what = f"row {wrong[0]} is about another image ({len(wrong):,} such rows)"
        raise _bad(option, what, "Give the rows in the order of the data; column digest names the image.")


def _bad(
    where: object, what: str, fix: str = "Give an array (images, classes) of probabilities."
) -> AssayError:
    return AssayError("bad-arrays", where, what, fix)
