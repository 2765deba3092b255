"""Rows of numbers that stay in files, to be read like an array `(n, d)`: what does not fit into memory.

What others can change is compared with its hash, block by block, at every read; what lies in a file without
a name nobody else can reach. All is read by ordinary reads: a mapped file that is cut short ends the process.
"""

import hashlib
import os
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.arrays import Rows, distinct
from assay.core.cache_folder import scratch_in_cache
from assay.data.checked_images import changed, opened, read_exactly, read_rows

#: Rows read at once where only some columns are kept.
_AT_ONCE: Final = 4096

#: Bytes of a table up to which it is held in memory.
IN_MEMORY: Final = 256 << 20


class _Place(Protocol):
    """Where rows lie. shape: `(n, d)`; dtype: of the numbers."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]

    def read(self, rows: Rows) -> NDArray[Any]:
        """Some rows, in any order: `(len(rows), d)`. Raises AssayError `data-changed`, `file-unreadable`."""


class StoredRows:
    """Rows `(n, d)` to be read like an array: by slice, row number or numbers, or mask, and a slice of
    columns."""

    ndim = 2

    def __init__(self, place: _Place) -> None:
        self._place = place
        self.shape, self.dtype = place.shape, place.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def __getitem__(self, key: Any) -> NDArray[Any]:
        which, columns = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(which, int | np.integer):
            row: NDArray[Any] = self[np.array([which]), columns][0]
            return row
        rows = _numbers(which, len(self))
        width = len(range(*columns.indices(self.shape[1])))
        found = np.empty((len(rows), width), self.dtype)
        for start in range(0, len(rows), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._place.read(rows[start : start + _AT_ONCE])[:, columns]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the rows must be read, so there is no array without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)


def _numbers(which: Any, count: int) -> Rows:
    """The row numbers that a key names, none of them negative."""
    if isinstance(which, slice):
        return np.arange(*which.indices(count))
    rows = np.asarray(which)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64, copy=False)
    if rows.ndim != 1 or (len(rows) and not 0 <= rows.min() <= rows.max() < count):
        raise IndexError(f"no rows of {count:,}")
    return rows


class _HashedRows:
    """Rows in a file that others can change."""

    def __init__(
        self,
        path: Path,
        offset: int,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
        digests: Sequence[bytes],
        step: int,
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._path, self._offset, self._digests, self._step = path, offset, digests, step
        self._each = shape[1] * dtype.itemsize

    def read(self, rows: Rows) -> NDArray[Any]:
        """Some rows, of blocks that are as they were."""
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        block = rows // self._step
        numbers = distinct(block)
        if len(numbers):
            with opened(self._path) as descriptor:
                for number in numbers.tolist():
                    mine = np.flatnonzero(block == number)
                    found[mine] = self._block(descriptor, number)[rows[mine] - number * self._step]
        return found

    def _block(self, descriptor: int, number: int) -> NDArray[Any]:
        count = min(self._step, self.shape[0] - number * self._step)
        values = np.empty((count, self.shape[1]), self.dtype)
        place = self._offset + number * self._step * self._each
        bytes_of_it = values.reshape(-1).data.cast("B")
        read_exactly(descriptor, bytes_of_it, place, self._path)
        if hashlib.sha256(bytes_of_it).digest() != self._digests[number]:
            raise changed(
                self._path, "figures of images are no longer what they were when they were read first"
            )
        return values


class _ScratchRows:
    """Rows in a file of our own that has no name. descriptor: of that file, closed at the end."""

    def __init__(self, descriptor: int, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        self.shape, self.dtype, self._descriptor = shape, dtype, descriptor
        weakref.finalize(self, os.close, descriptor)

    def read(self, rows: Rows) -> NDArray[Any]:
        """Some rows; those that follow each other in one go."""
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        read_rows(self._descriptor, rows, found.reshape(-1).data.cast("B"), 0, "a file without a name")
        return found


class _JoinedRows:
    """The first `count` rows of several tables, one after the other."""

    def __init__(self, tables: Sequence[NDArray[Any]], count: int) -> None:
        self._tables, self._starts = tables, np.cumsum([0, *map(len, tables)])
        self.shape, self.dtype = (count, tables[0].shape[1]), tables[0].dtype

    def read(self, rows: Rows) -> NDArray[Any]:
        """Some rows."""
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        owner = np.searchsorted(self._starts, rows, side="right") - 1
        for number in distinct(owner).tolist():
            mine = np.flatnonzero(owner == number)
            found[mine] = self._tables[number][rows[mine] - self._starts[number]]
        return found


def joined_rows(tables: Sequence[NDArray[Any]], count: int | None = None) -> NDArray[Any]:
    """The first `count` rows (all when None) of tables one after the other: in memory, but for stored ones of
    more than `IN_MEMORY` bytes, which are read where they lie."""
    if all(isinstance(table, np.ndarray) for table in tables):
        return np.concatenate(tables)[:count]
    total = sum(map(len, tables))
    joined = StoredRows(_JoinedRows(tables, total if count is None else count))
    return joined[:] if joined.nbytes <= IN_MEMORY else as_array(joined)


def kept_in_scratch(blocks: Iterable[NDArray[Any]], shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    """Rows `(n, d)` given in blocks: an array in memory or, of over `IN_MEMORY` bytes, in a file of the cache
    without a name. Raises AssayError `disk-full`, `not-writable`."""
    dtype = np.dtype(dtype)
    size = shape[0] * shape[1] * dtype.itemsize
    if size <= IN_MEMORY:
        rows = np.empty(shape, dtype)
        done = 0
        for block in blocks:
            rows[done : done + len(block)] = block
            done += len(block)
        return rows
    with scratch_in_cache(size) as scratch:
        file = scratch / "rows"
        with durable.open_scratch(file, size) as target:
            for block in blocks:
                target.write(np.ascontiguousarray(block, dtype).reshape(-1).data.cast("B"))
        return as_array(StoredRows(_ScratchRows(os.open(file, os.O_RDONLY | os.O_CLOEXEC), shape, dtype)))


def hashed_rows(
    path: Path, offset: int, shape: tuple[int, int], dtype: np.dtype[Any], digests: Sequence[bytes], step: int
) -> NDArray[Any]:
    """Rows in a file that others can change, from `offset` on. digests: SHA-256 of each `step` rows of it."""
    return as_array(StoredRows(_HashedRows(path, offset, shape, dtype, digests, step)))


def as_array(rows: StoredRows) -> NDArray[Any]:
    """Stored rows under the type that signatures name: what is asked of tables of figures, these can."""
    return cast(NDArray[Any], rows)
