"""The members of a tar archive one after the other, where they lie in it: read in place, never unpacked."""

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final, NamedTuple

from assay.core.text import one_line
from assay.data.formats.zip import MOST_ENTRIES, check_name, check_total, refused, too_large

#: Names of files that are read so.
SUFFIXES: Final = (".tar", ".tar.gz", ".tgz")

_BLOCK: Final = 512

#: Blocks of zeros after which nothing more is looked for.
_PADDING: Final = 1 << 13

#: Bytes of a header that holds a long name or attributes; real ones are far shorter.
_LONGEST_HEADER: Final = 1 << 16

#: Such headers before one member: attributes, a long name, and the target of a link.
_MOST_HEADERS: Final = 4

_REGULAR: Final = (b"0", b"\0", b"7")
_FOLDER: Final = b"5"

#: Headers for the next member: attributes (POSIX 1003.1, pax), a long name (GNU).
_PAX: Final = b"x"
_LONG_NAME: Final = b"L"

#: Attributes of all that follows: comments of programs.
_GLOBAL: Final = b"g"
_SPARSE: Final = b"S"


class CutShortError(Exception):
    """The archive ends, or goes on as something else, before its end. The argument: how, in words."""


class Member(NamedTuple):
    """A file in an archive. offset: where its content begins in the (decompressed) archive.

    content: of a member whose content was wanted, at most as many bytes as were wanted.
    """

    name: str
    offset: int
    size: int
    content: bytes | None = None


class _Header(NamedTuple):
    name: str
    size: int
    kind: bytes


@contextmanager
def decompressed(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The tar inside of an open file, by content: plain or gzip. It can be sought forward."""
    start = file.read(2)
    file.seek(0)
    if start == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield stream  # type: ignore[misc]  # it reads like any binary file
    else:
        yield file


def tar_members(
    where: object, stream: IO[bytes], size: int, wanted: Callable[[str], int]
) -> Iterator[Member]:
    """The regular files of a tar, in its order. size: bytes of the archive as stored.

    wanted: for a name, how many bytes of its content to give with it (0: none; it is skipped).
    Raises AssayError `archive-refused` (a link, a device, a sparse file, a name that leads out, a file
    twice), `archive-too-large`, and CutShortError where the archive ends early or is damaged.
    """
    place = entries = 0
    names: set[str] = set()
    while any(block := _exactly(stream, _BLOCK)):
        place += _BLOCK
        header, place = _whole_header(where, stream, block, place)
        entries += 1
        check_total(where, place + header.size, size)
        if entries > MOST_ENTRIES:
            raise too_large(where, f"it has more than {MOST_ENTRIES:,} files")
        padded = -(-header.size // _BLOCK) * _BLOCK
        if header.kind not in _REGULAR:
            _skip(stream, padded)
            place += padded
            continue
        name = _checked_name(where, header.name, names)
        most = min(wanted(name), header.size)
        content = _exactly(stream, most) if most else None
        _skip(stream, padded - most)
        yield Member(name, place, header.size, content)
        place += padded
    if goes_on(stream):
        raise CutShortError("another archive follows after its end, which is not read")


def goes_on(stream: IO[bytes]) -> bool:
    """Whether another tar follows after the end of one: tools that read tars stop there without a word.

    Anything else that follows is padding, as some programs write it.
    """
    for _ in range(_PADDING):
        try:
            block = stream.read(_BLOCK)
        except (EOFError, OSError, zlib.error):  # of what follows a whole archive
            return False
        if len(block) < _BLOCK:
            return False
        if any(block):
            try:
                return bool(tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape").name)
            except tarfile.HeaderError:
                return False
    return False


def _checked_name(where: object, name: str, names: set[str]) -> str:
    check_name(where, name)
    plain = "/".join(part for part in name.split("/") if part not in ("", "."))
    if plain in names:
        raise refused(where, f"{one_line(name)} occurs twice")
    names.add(plain)
    return plain


def _whole_header(where: object, stream: IO[bytes], block: bytes, place: int) -> tuple[_Header, int]:
    """The header that begins with `block`, with what headers before it say of it; where its content begins.

    Raises AssayError `archive-refused`, and CutShortError.
    """
    name: str | None = None
    size: int | None = None
    before = 0
    while (header := _parsed(block)).kind in (_PAX, _GLOBAL, _LONG_NAME):
        before += 1
        if header.size > _LONGEST_HEADER or before > _MOST_HEADERS:
            raise refused(where, f"{before} headers before one member, the last of {header.size:,} bytes")
        padded = -(-header.size // _BLOCK) * _BLOCK
        data = _exactly(stream, padded)[: header.size]
        place += padded + _BLOCK
        if header.kind == _LONG_NAME:
            name = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        else:
            said = _attributes(where, data)
            if header.kind == _GLOBAL and said.keys() & {"path", "size"}:
                raise refused(where, "a header that gives all members one name or size")
            name = said.get("path", name)
            size = _whole(said["size"]) if "size" in said else size
        block = _exactly(stream, _BLOCK)
    header = _Header(name or header.name, header.size if size is None else size, header.kind)
    if header.kind == _SPARSE:
        raise _sparse(where, header.name)
    if header.kind not in (*_REGULAR, _FOLDER):
        raise refused(where, f"{one_line(header.name)} is a link or a device, not a file")
    return header._replace(size=0 if header.kind == _FOLDER else header.size), place


def _parsed(block: bytes) -> _Header:
    try:
        found = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise CutShortError(f"it is no tar file there, or damaged ({error})") from error
    if found.size < 0:
        raise CutShortError("it is damaged there (a member of a size below 0)")
    return _Header(found.name, found.size, found.type)


def _attributes(where: object, data: bytes) -> dict[str, str]:
    """The records of a pax header: `LENGTH KEY=VALUE\\n` each. Raises CutShortError, and as said above."""
    found = {}
    while data.strip(b"\0"):
        length, blank, _ = data[:20].partition(b" ")
        if not (blank and length.isdigit() and 0 < int(length) <= len(data)):
            raise CutShortError("it is damaged there (a header of attributes)")
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]
    if any(key.startswith("GNU.sparse") for key in found):
        raise _sparse(where, found.get("path", "a member"))
    return found


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise CutShortError("it is damaged there (the size of a member)")
    return int(text)


def _sparse(where: object, name: str) -> Exception:
    return refused(
        where, f"{one_line(name)} is a sparse file, which would become far larger than the archive"
    )


def _exactly(stream: IO[bytes], count: int) -> bytes:
    """So many bytes. Raises CutShortError where the archive ends before."""
    try:
        data = stream.read(count)
        while data and len(data) < count and (more := stream.read(count - len(data))):
            data += more
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CutShortError(f"its compressed content is damaged or cut ({error})") from error
    if len(data) < count:
        raise CutShortError("it is cut short")
    return data


def _skip(stream: IO[bytes], count: int) -> None:
    """Go on so many bytes, all of which must be there."""
    if count <= 0:
        return
    try:
        stream.seek(count - 1, 1)
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
        raise CutShortError(f"its compressed content is damaged or cut ({error})") from error
    _exactly(stream, 1)
