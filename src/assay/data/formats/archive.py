"""Unpacking zip and tar archives that may be hostile: refused whole, or unpacked below one folder."""

import bz2
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file
from assay.data.formats.tar_members import goes_on
from assay.data.formats.zip import (
    MOST_ENTRIES,
    check_distinct,
    check_name,
    check_total,
    opened_zip,
    refused,
    too_large,
)

SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2")

_BLOCK: Final = 512

#: Bytes of a header of a tar entry that holds a long name or attributes; real ones are far shorter.
_LONGEST_HEADER: Final = 1 << 16

#: Types of such headers (POSIX 1003.1, pax; and GNU's).
_HEADER_TYPES: Final = (b"x", b"g", b"L", b"K", b"X")

#: The type of a file with holes: a few bytes stand for as many as one likes (GNU's old form).
_SPARSE: Final = b"S"


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an archive below `folder`, which exists; the folder in it that holds everything.

    All entries are checked before the first is written. Raises AssayError `archive-refused`,
    `archive-too-large`, `disk-full`, and those of `open_file`.
    """
    if path.name.lower().endswith(".zip"):
        _unpack_zip(path, folder)
    else:
        _unpack_tar(path, folder)
    return _only_folder(folder)


def _only_folder(folder: Path) -> Path:
    """Down through folders that hold nothing but one other folder: archives are often packed so."""
    while len(entries := list(folder.iterdir())) == 1 and entries[0].is_dir():
        folder = entries[0]
    return folder


def _unpack_zip(path: Path, folder: Path) -> None:
    with opened_zip(path) as archive, _damage_told(path):
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as member:
                    _write(folder / info.filename, member, info.file_size, path)


def _unpack_tar(path: Path, folder: Path) -> None:
    with open_file(path) as file, _damage_told(path):
        size = path.stat().st_size
        with _decompressed(file) as stream:
            _check_headers(path, stream, size)
        file.seek(0)
        with _decompressed(file) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            _check_members(path, archive, size)
        file.seek(0)
        with _decompressed(file) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    _write(folder / member.name, content, member.size, path)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        ValueError,
        NotImplementedError,
        NotADirectoryError,
        IsADirectoryError,
        FileExistsError,
    ) as error:
        raise refused(path, f"it is damaged ({error})") from error
    except OSError as error:
        if error.errno is not None:  # of the disk, not of a decoder
            raise
        raise refused(path, f"it is damaged ({error})") from error


@contextmanager
def _decompressed(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The tar inside, by content: gzip, bzip2 or plain."""
    start = file.read(3)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield stream  # type: ignore[misc]  # it reads like any binary file
    elif start == b"BZh":
        with bz2.BZ2File(file) as stream:
            yield stream
    else:
        yield file


def _check_headers(path: Path, stream: IO[bytes], size: int) -> None:
    """Walk the blocks of a tar: no bomb, not too many entries, no header that the reader would swallow."""
    total = entries = 0
    while any(block := _next_block(stream, path)):
        try:
            length = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape").size
        except tarfile.HeaderError as error:
            raise refused(path, f"it is no tar file, or damaged ({error})") from error
        if block[156:157] == _SPARSE:
            raise _sparse(path, block[:100].partition(b"\0")[0].decode("utf-8", "replace"))
        if length < 0 or (block[156:157] in _HEADER_TYPES and length > _LONGEST_HEADER):
            raise refused(path, f"a header of {length:,} bytes")
        entries += 1
        total += _skip(stream, -(-length // _BLOCK) * _BLOCK, path)
        check_total(path, total, size)
        if entries > MOST_ENTRIES:
            raise too_large(path, f"it has more than {MOST_ENTRIES:,} files")
    if not entries:
        raise refused(path, "it is no tar file, or empty")
    if goes_on(stream):
        raise refused(path, "another archive follows after its end, and would not be read")


def _next_block(stream: IO[bytes], path: Path) -> bytes:
    """A block of 512 bytes; a tar ends with blocks of zeros, so one that just ends was cut off."""
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        raise refused(path, "it is cut off, or no tar file")
    return block


def _skip(stream: IO[bytes], length: int, path: Path) -> int:
    left = length
    while left > 0:
        read = len(stream.read(min(left, 1 << 20)))
        if not read:
            raise refused(path, "it is cut off")
        left -= read
    return length


def _check_members(path: Path, archive: tarfile.TarFile, size: int) -> None:
    names: list[str] = []
    folders: list[str] = []
    total = 0
    for member in archive:
        check_name(path, member.name)
        if member.issparse():
            raise _sparse(path, member.name)
        if not (member.isreg() or member.isdir()):
            raise refused(path, f"{one_line(member.name)} is a link or a device, not a file")
        (names if member.isreg() else folders).append(member.name)
        total += member.size
        check_total(path, total, size)
    check_distinct(path, names, folders)


def _sparse(path: Path, name: str) -> AssayError:
    return refused(path, f"{one_line(name)} is a sparse file, which would become far larger than the archive")


def _write(target: Path, content: IO[bytes], size: int, path: Path) -> None:
    durable.make_directory(target.parent)
    left = size
    with durable.open_scratch(target, size) as file:
        while data := content.read(1 << 20):
            left -= len(data)
            if left < 0:
                raise refused(path, "a file is longer than its entry says")
            file.write(data)


def is_archive(path: Path) -> bool:
    """Whether the name of a file is that of an archive."""
    return path.name.lower().endswith(SUFFIXES)


def too_few(path: Path) -> AssayError:
    """The error for an archive in which nothing can be read."""
    return AssayError(
        "too-few-images", path, "it holds no data of a form that Assay reads", "Pack a folder of images."
    )
