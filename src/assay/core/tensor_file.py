"""Arrays written to a safetensors file piece by piece, so that none need fit into memory.

The format: eight bytes with the length of a JSON header, the header, then every array, row by row.
Source: github.com/huggingface/safetensors, "Format".
"""

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

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
    """Where an array begins in a file, in bytes, and its shape. For files that were verified before."""
    with path.open("rb") as file:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        found = json.loads(file.read(length))[name]
    return _LENGTH.size + length + int(found["data_offsets"][0]), tuple(found["shape"])
