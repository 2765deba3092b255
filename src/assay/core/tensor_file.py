"""Arrays written to a safetensors file piece by piece, so that none need fit into memory.

The format: eight bytes with the length of a JSON header, the header, then every array, row by row.
Source: github.com/huggingface/safetensors, "Format".
"""

import hashlib
import json
import math
import os
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable

#: What the format calls each type of number.
_TYPES: Final = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "float16": "F16",
    "uint32": "U32",
    "int32": "I32",
    "float32": "F32",
    "uint64": "U64",
    "int64": "I64",
    "float64": "F64",
}

_LENGTH: Final = struct.Struct("<Q")


@dataclass(frozen=True, eq=False)
class Tensor:
    """One array to be written: its type and shape, and its rows in blocks."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    blocks: Iterable[NDArray[Any]]

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Tensor":
        """An array in memory."""
        return cls(values.dtype, values.shape, [values])

    @property
    def bytes(self) -> int:
        """How long it is in the file."""
        return math.prod(self.shape) * self.dtype.itemsize


def can_hold(dtype: np.dtype[Any]) -> bool:
    """Whether the format knows numbers of this type."""
    return dtype.name in _TYPES


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> tuple[int, str]:
    """Write arrays under their names, durably; the file's bytes and SHA-256.

    Raises ValueError where the blocks of an array are not of its type or shape, and as `durable.create`.
    """
    # The widest numbers first: each array then begins where its type may.
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header, place = {}, 0
    for name in order:
        tensor = tensors[name]
        span = [place, place + tensor.bytes]
        header[name] = {
            "dtype": _TYPES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": span,
        }
        place = span[1]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest, size = hashlib.sha256(), 0
    with durable.create(path, place) as file:
        head = memoryview(_LENGTH.pack(len(text)) + text)
        for part in chain([head], *(_rows(tensors[name]) for name in order)):
            file.write(part)
            digest.update(part)
            size += part.nbytes
    return size, digest.hexdigest()


def _rows(tensor: Tensor) -> Iterable[memoryview]:
    count = 0
    for block in tensor.blocks:
        if block.dtype != tensor.dtype or block.shape[1:] != tensor.shape[1:]:
            raise ValueError("a block is of another type or shape than its array")
        count += len(block)
        if block.size:
            yield (
                np.ascontiguousarray(block).astype(tensor.dtype.newbyteorder("<"), copy=False).data.cast("B")
            )
    if count != tensor.shape[0]:
        raise ValueError(f"an array of {tensor.shape[0]:,} rows has {count:,}")


def tensor_place(path: Path, name: str) -> tuple[int, tuple[int, ...]]:
    """Where an array begins in a file, in bytes, and its shape. Its bytes are there.

    Raises ValueError where the file does not have the form, KeyError where it has no such array.
    """
    with path.open("rb") as file:
        (length,) = _LENGTH.unpack(_next(file, _LENGTH.size))
        if length > _LONGEST_HEADER:
            raise ValueError("no header of ours")
        listed, place = _listed(_next(file, length)), _LENGTH.size + length
        there = os.fstat(file.fileno()).st_size
    for own, dtype, shape in listed:
        stop = place + math.prod(shape) * dtype.itemsize
        if own == name:
            if stop > there:
                raise ValueError("the file ends before its arrays do")
            return place, shape
        place = stop
    raise KeyError(name)


@dataclass(frozen=True, eq=False)
class Left:
    """An array that stays in its file. offset: where it begins, in bytes; digests: SHA-256 of its blocks."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    digests: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Tensors:
    """A file that was read once, from end to end. sha256: of all of it; arrays: those in memory, by name."""

    sha256: str
    arrays: Mapping[str, NDArray[Any]]
    left: Mapping[str, Left]


#: Bytes of a header, and the side of an array, beyond which a file is not one of ours.
_LONGEST_HEADER: Final = 1 << 26
_LONGEST_SIDE: Final = 1 << 40


def read_tensors(path: Path, leave: Collection[str], step: int) -> Tensors:
    """All arrays of a file that `write_tensors` wrote, but for some that are hashed and left where they are.

    leave: their names; step: rows of these that are hashed together. What is in memory is what was hashed.
    Raises ValueError where the file does not have the form, OSError where it cannot be read.
    """
    whole, arrays, left = hashlib.sha256(), {}, {}
    with path.open("rb") as file:
        head = _next(file, _LENGTH.size)
        (length,) = _LENGTH.unpack(head)
        if length > _LONGEST_HEADER:
            raise ValueError("no header of ours")
        text = _next(file, length)
        whole.update(head + text)
        place = _LENGTH.size + length
        for name, dtype, shape in _listed(text):
            if name in leave:
                left[name] = Left(place, shape, dtype, _hashed(file, dtype, shape, step, whole))
            else:
                values = _next(file, math.prod(shape) * dtype.itemsize)
                whole.update(values)
                arrays[name] = np.frombuffer(values, dtype).reshape(shape)
            place += math.prod(shape) * dtype.itemsize
        if file.read(1):
            raise ValueError("more bytes than arrays")
    return Tensors(whole.hexdigest(), arrays, left)


def _next(file: IO[bytes], count: int) -> bytearray:
    """The next bytes of a file. Nothing is allocated on the promise of a header alone."""
    found = bytearray()
    while len(found) < count:
        block = file.read(min(count - len(found), 1 << 24))
        if not block:
            raise ValueError("the file ends before its arrays do")
        found += block
    return found


def _listed(text: bytearray) -> list[tuple[str, np.dtype[Any], tuple[int, ...]]]:
    """Name, type and shape of each array in the order of the file, which they must fill without gaps."""
    header, kinds, found, place = json.loads(text), {name: kind for kind, name in _TYPES.items()}, [], 0
    if not isinstance(header, dict):
        raise ValueError("no header of ours")
    for name, record in sorted(header.items(), key=lambda item: _start(item[1])):
        dtype, shape = np.dtype(kinds[record["dtype"]]).newbyteorder("<"), tuple(record["shape"])
        if not all(isinstance(side, int) and 0 <= side <= _LONGEST_SIDE for side in shape):
            raise ValueError("no shape of an array")
        stop = place + math.prod(shape) * dtype.itemsize
        if record["data_offsets"] != [place, stop]:
            raise ValueError("arrays that do not follow each other")
        found.append((name, dtype, shape))
        place = stop
    return found


def _start(record: Any) -> tuple[int, int]:
    start, stop = record["data_offsets"]
    return int(start), int(stop)


def _hashed(
    file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], step: int, whole: Any
) -> tuple[bytes, ...]:
    """SHA-256 of each `step` rows of the next array; `whole` takes all of them in as well."""
    each, digests = math.prod(shape[1:]) * dtype.itemsize, []
    if not (shape and each):  # rows of no bytes: any number of them would be in the file
        raise ValueError("no rows of an array")
    for start in range(0, shape[0], step):
        rows = _next(file, min(step, shape[0] - start) * each)
        whole.update(rows)
        digests.append(hashlib.sha256(rows).digest())
    return tuple(digests)
