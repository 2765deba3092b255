"""Reading TFRecord and ArrayRecord files and the `tf.train.Example` messages in them, without TensorFlow.

TFRecord: for each record its length, a checksum of the length, the content, a checksum of the content.
Example: protocol buffers (proto3 wire format); of it only what a feature map needs is understood.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from assay.core.errors import AssayError
from assay.data.formats.safe_open import open_file

#: Bytes of one record: an image and its facts.
_LONGEST: Final = 1 << 27

_HEAD: Final = struct.Struct("<QI")
_TAIL: Final = struct.Struct("<I")

#: Values of one feature by name: bytes or whole numbers, as many as there are.
Example = dict[str, list[bytes] | list[int]]


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE: Final = _crc_table()


def masked_crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720) of `data`, rotated and shifted as TFRecord stores it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read_tfrecords(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file, each checked. Raises AssayError `records-unreadable`."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise unreadable(path, "it is cut off")
            length, crc = _HEAD.unpack(head)
            if masked_crc32c(head[:8]) != crc or length > min(_LONGEST, size):
                raise unreadable(path, f"a length before byte {file.tell():,} is damaged")
            content, tail = file.read(length), file.read(_TAIL.size)
            if len(content) < length or len(tail) < _TAIL.size:
                raise unreadable(path, "it is cut off")
            if masked_crc32c(content) != _TAIL.unpack(tail)[0]:
                raise unreadable(path, f"the record before byte {file.tell():,} is damaged")
            yield content


def read_array_records(path: Path) -> Iterator[bytes]:
    """The records of an ArrayRecord file. Raises AssayError `records-unreadable`, `missing-extra`."""
    reader_class = _array_record_reader()
    with open_file(path):
        pass  # refuses what is no file
    try:
        reader = reader_class(str(path))
        try:
            for start in range(0, reader.num_records(), 256):
                yield from reader.read(start, min(start + 256, reader.num_records()))
        finally:
            reader.close()
    except (RuntimeError, ValueError, IndexError) as error:
        raise unreadable(path, str(error).splitlines()[0] if str(error) else "it is damaged") from error


def _array_record_reader() -> Any:
    try:
        from array_record.python.array_record_module import ArrayRecordReader
    except ImportError as error:
        raise AssayError(
            "missing-extra", "tfds", "array_record is not installed", 'Install it: pip install "assay[tfds]"'
        ) from error
    return ArrayRecordReader


def parse_example(path: Path, data: bytes) -> Example:
    """The features of a `tf.train.Example`. Raises AssayError `records-unreadable`."""
    try:
        found: Example = {}
        for features in _fields(data, 1):
            for entry in _fields(features, 1):
                (name,), (feature,) = _fields(entry, 1), _fields(entry, 2)
                found[name.decode("utf-8")] = _values(feature)
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise unreadable(path, f"a record is no tf.train.Example ({error})") from error
    return found


def _values(feature: bytes) -> list[bytes] | list[int]:
    """bytes_list (1) or int64_list (3) of a feature; other kinds count as empty."""
    contents = [value for values in _fields(feature, 1) for value in _fields(values, 1)]
    if contents:
        return contents
    return [number for values in _fields(feature, 3) for number in _integers(values)]


def _integers(values: bytes) -> Iterator[int]:
    """int64_list.value: packed (the usual form) or one by one."""
    at = 0
    while at < len(values):
        key, at = _varint(values, at)
        if key == 0x0A:
            length, at = _varint(values, at)
            end = at + length
            if end > len(values):
                raise ValueError("it is cut off")
            while at < end:
                number, at = _varint(values, at)
                yield _signed(number)
        elif key == 0x08:
            number, at = _varint(values, at)
            yield _signed(number)
        else:
            raise ValueError(f"unknown field {key}")


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _fields(data: bytes, wanted: int) -> list[bytes]:
    """The contents of all fields of one number that have a length; others are passed over."""
    found = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(data, at)
            continue
        if kind in (1, 5):
            at += 8 if kind == 1 else 4
            continue
        if kind != 2:
            raise ValueError(f"unknown wire type {kind}")
        length, at = _varint(data, at)
        if at + length > len(data):
            raise ValueError("it is cut off")
        if key >> 3 == wanted:
            found.append(data[at : at + length])
        at += length
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def unreadable(path: object, what: str) -> AssayError:
    """The error for damaged records."""
    return AssayError("records-unreadable", path, what, "Prepare the data set again.")
