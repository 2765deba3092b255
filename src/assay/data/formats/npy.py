"""Reading NumPy's files (`.npy`, `.npz`) that may be hostile: no pickle, nothing allocated on promise."""

import io
import math
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.arrays import Bytes
from assay.core.cache_folder import scratch_in_cache
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.checked_images import IN_MEMORY, changed
from assay.data.formats.safe_open import open_file
from assay.data.formats.zip import opened_zip

#: Characters of an array's header; NumPy's own limit.
_LONGEST_HEADER: Final = 10_000

#: Bytes read at a time.
_BLOCK: Final = 1 << 20

_KINDS: Final = "biufU"

#: How an `.npz` file begins.
ZIP: Final = b"PK\x03\x04"


def read_npy(path: Path) -> NDArray[Any]:
    """The array of an `.npy` file, read-only, in a copy of our own: what is hashed is what is used.

    The copy lies in memory or, where it is larger than `IN_MEMORY`, in a file of the cache that has no name,
    so that nobody else can change it or cut it short. Raises AssayError `npz-unreadable`, `data-changed`
    where the file becomes shorter while it is read, those of `open_file`, and `disk-full`.
    """
    with open_file(path) as file, _format_errors(path):
        size = os.fstat(file.fileno()).st_size
        _check_header(file, path, size)
        file.seek(0)
        return array_in(_copied(file, size, path) if size <= IN_MEMORY else _nameless(file, size, path))


def _copied(file: IO[bytes], size: int, path: Path) -> Bytes:
    content = np.empty(size, np.uint8)
    done = 0
    for block in _blocks(file, size, path):
        content[done : done + len(block)] = np.frombuffer(block, np.uint8)
        done += len(block)
    content.flags.writeable = False
    return content


def _nameless(file: IO[bytes], size: int, path: Path) -> Bytes:
    """A copy in a file of the cache that is removed at once: it lasts for as long as it is mapped."""
    with scratch_in_cache(size) as scratch:
        with durable.open_scratch(scratch / "copy", size) as target:
            for block in _blocks(file, size, path):
                target.write(block)
        return np.memmap(scratch / "copy", np.uint8, "r").view(np.ndarray)


def _blocks(file: IO[bytes], size: int, path: Path) -> Iterator[bytes]:
    left = size
    while left:
        block = file.read(min(left, _BLOCK))
        if not block:
            raise changed(path, "it became shorter while it was read")
        left -= len(block)
        yield block


def array_in(content: Bytes) -> NDArray[Any]:
    """The array that an `.npy` file of this content holds: a view, as writable as `content`.

    The header must be known to be sound (see `_check_header`).
    """
    file = io.BytesIO(content[: 2 * _LONGEST_HEADER].tobytes())
    shape, fortran_order, dtype = header_of(file)
    return np.ndarray(shape, dtype, content.data, file.tell(), order="F" if fortran_order else "C")


def header_of(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order (whether Fortran's) and type of an array; the file stands at its first value then."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(file, max_header_size=_LONGEST_HEADER)
    return shape, fortran_order, dtype


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an `.npz` file by name, in memory.

    Raises AssayError `npz-unreadable`, `archive-refused`, `archive-too-large`, and those of `open_file`.
    """
    with opened_zip(path) as archive, _format_errors(path):
        arrays = {}
        for info in archive.infolist():
            with archive.open(info) as member:
                _check_header(member, f"{path}: {one_line(info.filename)}", info.file_size)
            with archive.open(info) as member:
                values = np.lib.format.read_array(member, allow_pickle=False, max_header_size=_LONGEST_HEADER)
                if member.read(1):
                    raise _unreadable(path, "an array is longer than its header says")
            arrays[info.filename.removesuffix(".npy")] = values
    return arrays


#: What NumPy and zipfile raise on damaged files; a header is read as an expression of Python's.
_FORMAT_ERRORS: Final = (
    ValueError,
    TypeError,
    EOFError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    SyntaxError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def _format_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except _FORMAT_ERRORS as error:
        raise _unreadable(path, str(error) or type(error).__name__) from error


def _check_header(file: IO[bytes], where: object, size: int) -> None:
    """Refuse an array whose header promises other than `size` bytes in all, or Python objects."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise _unreadable(where, f"version {version} of the format is not read")
    file.seek(0)
    shape, _, dtype = header_of(file)
    if dtype.kind not in _KINDS:
        raise _unreadable(where, f"it holds {dtype}, which is neither numbers nor text")
    promised = file.tell() + dtype.itemsize * math.prod(shape)
    if any(side < 0 for side in shape) or promised != size:
        raise _unreadable(where, f"its header promises {promised:,} bytes, there are {size:,}")


def _unreadable(where: object, what: str) -> AssayError:
    return AssayError("npz-unreadable", where, what, "Save it again with numpy.savez or numpy.save.")
