"""Reading NumPy's files (`.npy`, `.npz`) that may be hostile: no pickle, nothing allocated on promise."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file
from assay.data.formats.zip import opened_zip

#: Characters of an array's header; NumPy's own limit.
_LONGEST_HEADER: Final = 10_000

_KINDS: Final = "biufU"


def read_npy(path: Path) -> NDArray[Any]:
    """The array of an `.npy` file, memory-mapped.

    Raises AssayError `npz-unreadable`, and those of `open_file`.
    """
    with open_file(path) as file, _format_errors(path):
        _check_header(file, path, path.stat().st_size)
    with _format_errors(path):
        values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return values


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
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file, max_header_size=_LONGEST_HEADER)
    if dtype.kind not in _KINDS:
        raise _unreadable(where, f"it holds {dtype}, which is neither numbers nor text")
    promised = file.tell() + dtype.itemsize * math.prod(shape)
    if any(side < 0 for side in shape) or promised != size:
        raise _unreadable(where, f"its header promises {promised:,} bytes, there are {size:,}")


def _unreadable(where: object, what: str) -> AssayError:
    return AssayError("npz-unreadable", where, what, "Save it again with numpy.savez or numpy.save.")
