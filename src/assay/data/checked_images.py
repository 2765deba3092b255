"""Pixel storage that detects changes: a private copy, or blocks hashed again at every read.

What is used must be what was hashed. A set of at most `IN_MEMORY` bytes is held in memory that nobody else
can reach. Of a larger one every image is hashed again whenever it is read, by ordinary reads: a file that was
cut short is then an error, where a mapped one would end the process.
"""

import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Rows, Shape, distinct
from assay.core.errors import AssayError
from assay.data.digests import image_digests

#: Bytes of pixels up to which a set is held in memory.
IN_MEMORY: Final = 256 << 20


class Pixels(Protocol):
    """Where images lie. shape: `(n, height, width, channels)`; where: what to call it in an error."""

    shape: tuple[int, ...]
    where: str

    def read(self, rows: Rows) -> Bytes:
        """The images of some rows, uint8 `(len(rows), h, w, c)`. Raises AssayError `data-changed`."""


class CheckedImages:
    """Images `(n, h, w, c)` to be read like an array of uint8: by row, slice, rows or mask of rows.

    Each is compared with its digest at every read; AssayError `data-changed` for the first that differs.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, pixels: Pixels, digests: Bytes) -> None:
        self._pixels, self._digests = pixels, digests
        self.shape = pixels.shape

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __getitem__(self, key: Any) -> Bytes:
        rows = _numbered(key, len(self))
        found = self._checked(np.atleast_1d(rows))
        return found if isinstance(rows, np.ndarray) else found[0]

    def __iter__(self) -> Iterator[Bytes]:
        return (self[row] for row in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the images must be read, so there is no array without a copy")
        return self[:].astype(dtype or np.uint8, copy=False)

    def _checked(self, rows: Rows) -> Bytes:
        images = self._pixels.read(rows)
        wrong = np.flatnonzero((image_digests(images) != self._digests[rows]).any(axis=1))
        if len(wrong):
            raise changed(
                self._pixels.where, f"image {rows[wrong[0]]} is no longer what it was when it was read first"
            )
        return images


def _numbered(key: Any, count: int) -> Any:
    """What `np.arange(count)[key]` gives, without all numbers: of a million images few are read at once."""
    if isinstance(key, slice):
        return np.arange(*key.indices(count))
    plain = isinstance(key, np.ndarray) and key.ndim == 1 and key.dtype.kind == "i"
    if plain and (not len(key) or 0 <= key.min() <= key.max() < count):
        return key
    return np.arange(count)[key]


def changed(where: object, what: str) -> AssayError:
    """The error for content that is no longer what was hashed."""
    return AssayError(
        "data-changed", where, what, "Leave the data alone while a command runs, and start it again."
    )


def read_exactly(descriptor: int, target: memoryview, place: int, where: object) -> None:
    """Fill `target` from the place of an open file, by ordinary reads. where: what to call it in an error.

    Raises AssayError `file-unreadable`, and `data-changed` where the file ends before.
    """
    done = 0
    while done < len(target):
        try:
            count = os.preadv(descriptor, [target[done:]], place + done)
        except OSError as error:
            what, fix = f"it cannot be read any more ({error.strerror})", "Check the disk."
            raise AssayError("file-unreadable", where, what, fix) from error
        if not count:
            raise changed(where, "it became shorter while it was in use")
        done += count


def read_rows(descriptor: int, rows: Rows, target: memoryview, offset: int, where: object) -> None:
    """Fill `target` with rows of equal length from an open file, where the first lies at `offset`: those that
    follow each other in one go. Errors as of `read_exactly`."""
    each = len(target) // max(len(rows), 1)
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    for start, stop in zip([0, *breaks.tolist()], [*breaks.tolist(), len(rows)], strict=True):
        if stop > start:
            place = offset + int(rows[start]) * each
            read_exactly(descriptor, target[start * each : stop * each], place, where)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file opened for reading, as its descriptor. Raises AssayError `data-changed` where it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise changed(path, f"it cannot be opened any more ({error.strerror})") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class FilePixels:
    """Images in a file, raw, row by row, from `offset` on. The file stays open when its name is gone."""

    def __init__(self, path: Path, shape: tuple[int, ...], offset: int = 0) -> None:
        self.shape, self.where = shape, str(path)
        self._offset, self._each = offset, int(np.prod(shape[1:], dtype=np.int64))
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, rows: Rows) -> Bytes:
        """The images of some rows; those that follow each other in one go."""
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        read_rows(self._descriptor, rows, images.reshape(-1).data, self._offset, self.where)
        return images


class ClosedFilePixels:
    """The same, of a file that is opened at every read: of thousands of parts not all can be open at once."""

    def __init__(self, path: Path, shape: tuple[int, ...], offset: int = 0) -> None:
        self.shape, self.where = shape, str(path)
        self._path, self._offset = path, offset

    def read(self, rows: Rows) -> Bytes:
        """The images of some rows. Raises AssayError `data-changed` where the file is gone."""
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        if images.size:
            with opened(self._path) as descriptor:
                read_rows(descriptor, rows, images.reshape(-1).data, self._offset, self.where)
        return images


class JoinedPixels:
    """Images in several places, one after the other."""

    def __init__(self, places: Sequence[Pixels], shape: Shape) -> None:
        sizes = [place.shape[0] for place in places]
        self._places, self._starts = places, np.cumsum([0, *sizes])
        self.shape: tuple[int, ...] = (sum(sizes), *shape)
        self.where = f"{len(places)} files"

    def read(self, rows: Rows) -> Bytes:
        """The images of some rows."""
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        owner = np.searchsorted(self._starts, rows, side="right") - 1
        for number in distinct(owner):
            mine = np.flatnonzero(owner == number)
            images[mine] = self._places[number].read(rows[mine] - self._starts[number])
        return images


class _ArrayPixels:
    """Images in somebody else's array."""

    def __init__(self, values: Bytes, where: str) -> None:
        self.shape, self.where, self._values = values.shape, where, values

    def read(self, rows: Rows) -> Bytes:
        return self._values[rows]


class _SomePixels:
    """Neighboring images among others."""

    def __init__(self, images: CheckedImages, rows: range) -> None:
        self.shape, self.where = (len(rows), *images.shape[1:]), "the images"
        self._images, self._start = images, rows.start

    def read(self, rows: Rows) -> Bytes:
        return self._images[rows + self._start]


def file_images(path: Path, shape: tuple[int, ...], digests: Bytes, offset: int = 0) -> Bytes:
    """Images in a file as a split takes them, checked at every read. digests: uint8 `(n, 32)`."""
    return _as_array(CheckedImages(FilePixels(path, shape, offset), digests))


def array_images(values: Bytes, digests: Bytes, where: str) -> Bytes:
    """Images in an array that others may write to, checked at every read."""
    return _as_array(CheckedImages(_ArrayPixels(values, where), digests))


def joined_images(places: Sequence[Pixels], shape: Shape, digests: Bytes) -> Bytes:
    """Images `shape` in several places as a split takes them: in memory where they are few, once checked."""
    images = CheckedImages(JoinedPixels(places, shape), digests)
    return images[:] if images.nbytes <= IN_MEMORY else _as_array(images)


def some_images(images: Bytes, rows: range, digests: Bytes) -> Bytes:
    """Neighboring images of a split, checked at every read where the split's are. digests: theirs."""
    whole = cast(CheckedImages | Bytes, images)
    if isinstance(whole, CheckedImages):
        return _as_array(CheckedImages(_SomePixels(whole, rows), digests))
    return whole[rows.start : rows.stop]


def own_copy(values: NDArray[Any]) -> NDArray[Any]:
    """A copy that nobody can write to; of an array over `IN_MEMORY` bytes, the array itself."""
    if values.nbytes > IN_MEMORY:
        return values
    copy = np.array(values, subok=False)
    copy.flags.writeable = False
    return copy


def _as_array(images: CheckedImages) -> Bytes:
    return cast(Bytes, images)  # what a split asks of its images, these can
