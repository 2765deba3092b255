"""Reading IDX, the format of MNIST and its relatives: a big-endian header, then the values.

Nothing is allocated before the header, the length and the checksum have been found right, so no file,
however wrong, takes memory. Whether a file is compressed with gzip is decided by its content.
"""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.formats.safe_open import open_file

#: Type byte of the header -> type of the values (LeCun, "The MNIST database", file formats).
_TYPES: Final = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: (n), (n, h, w) and (n, h, w, c) are all that images and labels need.
_MOST_DIMENSIONS: Final = 4

#: Decoded bytes of one file. EMNIST, the largest relative in common use, has 0.5 GiB.
LARGEST: Final = 16 << 30

#: A file that is both larger than this and compressed better than that is a bomb: real images do
#: not reach a ratio of 10, and only blank ones come near deflate's limit of 1,032.
_BOMB_BYTES: Final = 64 << 20
_BOMB_RATIO: Final = 200

_BLOCK: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class IdxFile:
    """What an IDX file holds.

    values: the array in the machine's byte order. sha256: of the decoded content, header included.
    compressed: whether the file was gzip.
    """

    values: NDArray[Any]
    sha256: str
    compressed: bool


@dataclass(frozen=True)
class _Header:
    raw: bytes
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def total_bytes(self) -> int:
        return len(self.raw) + self.dtype.itemsize * math.prod(self.shape)


def read_idx(path: Path, largest: int = LARGEST) -> IdxFile:
    """The array in an IDX file of at most `largest` decoded bytes.

    Raises AssayError: `idx-header`, `idx-truncated`, `idx-too-long`, `idx-too-large`, `gzip-damaged`,
    `gzip-bomb`, and those of `open_file`.
    """
    with open_file(path) as file:
        compressed = file.read(2) == _GZIP_MAGIC
        with _decoded(file, path, compressed) as stream:
            header = _read_header(stream, path)
            if header.total_bytes > largest:
                raise _too_large(path, header, largest)
            _check_length(stream, path, header, file if compressed else None)
        with _decoded(file, path, compressed) as stream:
            values, sha256 = _read_values(stream, path)
    return IdxFile(values.astype(values.dtype.newbyteorder("="), copy=False), sha256, compressed)


@contextmanager
def _decoded(file: IO[bytes], path: Path, compressed: bool) -> Iterator[IO[bytes]]:
    """The decoded content from its start, with errors of the compression explained."""
    file.seek(0)
    if not compressed:
        yield file
        return
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield stream  # type: ignore[misc]  # GzipFile reads like any binary file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise AssayError(
            "gzip-damaged",
            path,
            f"the compressed content is damaged or cut off ({error})",
            "Replace the file with an intact copy.",
        ) from error


def _read_header(stream: IO[bytes], path: Path) -> _Header:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise _bad_header(
            path, f"it begins with {start.hex(' ') or 'nothing'}, not with 00 00, type, dimensions"
        )
    if start[2] not in _TYPES:
        raise _bad_header(path, f"its type byte is 0x{start[2]:02x}, not one of {_known_types()}")
    if not 1 <= start[3] <= _MOST_DIMENSIONS:
        raise _bad_header(path, f"it has {start[3]} dimensions, not 1 to {_MOST_DIMENSIONS}")
    sizes = stream.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise _bad_header(path, f"it ends after {4 + len(sizes)} of {4 + 4 * start[3]} bytes")
    shape = struct.unpack(f">{start[3]}I", sizes)
    dtype = np.dtype(_TYPES[start[2]])
    if 0 in shape and dtype.itemsize * math.prod(side for side in shape if side) >= 1 << 63:
        raise _bad_header(path, f"no array is as large as {' x '.join(map(str, shape))}")
    return _Header(start + sizes, dtype, shape)


def _known_types() -> str:
    return ", ".join(f"0x{code:02x}" for code in _TYPES)


def _check_length(stream: IO[bytes], path: Path, header: _Header, file: IO[bytes] | None) -> None:
    """Read to the end, keeping nothing: the length must be the header's, gzip's checksum right.

    file: the compressed file that `stream` decodes, for the share that has been read of it.
    """
    total = len(header.raw)
    while block := stream.read(_BLOCK):
        total += len(block)
        if total > header.total_bytes:
            raise _too_long(path, header)
        if file and total > _BOMB_BYTES and total > _BOMB_RATIO * file.tell():
            raise _bomb(path, total, file.tell())
    if total < header.total_bytes:
        raise AssayError(
            "idx-truncated",
            path,
            f"the header {_promise(header)}, but the content ends after {total:,}",
            "Replace the file with a complete copy.",
        )


def _read_values(stream: IO[bytes], path: Path) -> tuple[NDArray[Any], str]:
    header = _read_header(stream, path)
    digest = hashlib.sha256(header.raw)
    values = np.empty(header.shape, header.dtype)
    view = values.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view):
        count = stream.readinto(view[done : done + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            raise AssayError("data-changed", path, "it became shorter while it was read", "Read it again.")
        digest.update(view[done : done + count])
        done += count
    return values, digest.hexdigest()


def _promise(header: _Header) -> str:
    return f"({' x '.join(map(str, header.shape))}) promises {header.total_bytes:,} bytes"


def _bad_header(path: Path, what: str) -> AssayError:
    return AssayError("idx-header", path, f"no IDX header: {what}", "Check that this is an IDX file.")


def _too_large(path: Path, header: _Header, largest: int) -> AssayError:
    return AssayError(
        "idx-too-large",
        path,
        f"the header {_promise(header)}; at most {largest:,} are read",
        "Check the file, or split it into smaller ones.",
    )


def _too_long(path: Path, header: _Header) -> AssayError:
    return AssayError(
        "idx-too-long",
        path,
        f"the header {_promise(header)}, but there are more",
        "Replace the file with an intact copy.",
    )


def _bomb(path: Path, total: int, read: int) -> AssayError:
    return AssayError(
        "gzip-bomb",
        path,
        f"{read:,} compressed bytes gave {total:,}: no images compress so well",
        "Unpack it yourself if you trust it, and give the unpacked file.",
    )
