"""Opening zip files that may be hostile: everything that can be told from the directory is checked first."""

import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file

#: Entries of one archive. Their directory alone takes 500 bytes of memory each.
MOST_ENTRIES: Final = 250_000

#: Bytes of all files of an archive together.
MOST_BYTES: Final = 64 << 30

#: An archive that is both larger than this and packed better than that is a bomb: pictures do not
#: reach a ratio of 10.
_BOMB_BYTES: Final = 64 << 20
_BOMB_RATIO: Final = 200

#: Bytes of the directory for each entry: far more than a name and its attributes take.
_DIRECTORY_BYTES: Final = 400

#: Folders inside each other, and bytes of one name and of a whole one: what every file system takes, below a
#: cache that lies deep itself. Pictures lie three or four folders deep.
_MOST_DEPTH: Final = 64
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 2048

_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_WIDE_END_MAGIC: Final = b"PK\x06\x06"
_MOST_COMMENT: Final = 1 << 16


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file, all of whose entries have been found harmless.

    Raises AssayError `archive-refused` (not a zip, encrypted, links, names twice or out of the folder),
    `archive-too-large` (entries, bytes, ratio), and those of `open_file`.
    """
    with open_file(path) as file:
        _check_end(file, path)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError) as error:
            raise refused(path, f"it is no readable zip file ({error})") from error
        with archive:
            check_entries(path, archive.infolist(), os.fstat(file.fileno()).st_size)
            yield archive


def _check_end(file: IO[bytes], path: Path) -> None:
    """Refuse by the record at the end, before the directory is read into memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - _MOST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) < at + _END.size:
        raise refused(path, "it is no zip file, or cut off")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, at)
    entries, directory = _wide_end(tail, at) or (entries, directory)
    if entries > MOST_ENTRIES or directory > MOST_ENTRIES * _DIRECTORY_BYTES:
        size_words = f"{entries:,} files in a directory of {directory:,} bytes"
        raise too_large(path, f"it has {size_words}; at most {MOST_ENTRIES:,} files are read")


def _wide_end(tail: bytes, end: int) -> tuple[int, int] | None:
    """Entries and bytes of the directory from the 64-bit end record (APPNOTE 4.3.14), where there is one."""
    at = tail.rfind(_WIDE_END_MAGIC, 0, end)
    if at < 0 or len(tail) < at + 48:
        return None
    entries, directory = struct.unpack_from("<QQ", tail, at + 32)
    return int(entries), int(directory)


def check_entries(path: Path, entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Refuse an archive for any of its entries."""
    if len(entries) > MOST_ENTRIES:
        raise too_large(path, f"it has {len(entries):,} files; at most {MOST_ENTRIES:,} are read")
    for entry in entries:
        # Windows programs part folders by backslashes, against the format: they are meant as slashes.
        entry.filename = entry.filename.replace("\\", "/")
        check_name(path, entry.orig_filename.replace("\\", "/"))
        if entry.flag_bits & 1:
            raise refused(path, f"{one_line(entry.filename)} is encrypted")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise refused(path, f"{one_line(entry.filename)} is a link")
        if not 0 <= entry.header_offset < size:  # seeking there would be told as a fault of the disk
            raise refused(path, f"{one_line(entry.filename)} begins outside of the file")
    check_distinct(
        path,
        [entry.filename for entry in entries if not entry.is_dir()],
        [entry.filename for entry in entries if entry.is_dir()],
    )
    check_total(path, sum(entry.file_size for entry in entries), size)


def check_name(path: object, name: str) -> None:
    """Refuse a name that is absolute, leads upwards, or means something else on another system."""
    parts = re.split(r"[/\\]", name)
    bad = name.startswith(("/", "\\")) or ".." in parts or "\0" in name or "\\" in name
    if bad or re.match(r"[A-Za-z]:", name) or not name.strip("/"):
        raise refused(path, f"the name {one_line(name)!r} leads out of the archive")
    if len(parts) > _MOST_DEPTH:
        raise refused(
            path, f"{one_line(name)[:60]}... lies {len(parts):,} folders deep, at most {_MOST_DEPTH} are"
        )
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if max(sizes) > _LONGEST_NAME or sum(sizes) + len(sizes) > _LONGEST_PATH:
        shown, size = one_line(name)[:60], max(sizes)
        raise refused(path, f"the name {shown}... has {size:,} bytes, longer than file systems take")


def check_distinct(path: object, names: Sequence[str], folders: Sequence[str] = ()) -> None:
    """Refuse two files of one name, and a file that is a folder as well: the reader would have to choose.

    names: of files; folders: of folders, which may occur more than once.
    """
    files: set[tuple[str, ...]] = set()
    for name in names:
        place = _place(name)
        if not place:
            raise refused(path, f"a file has no name but {one_line(name)!r}")
        if place in files:
            raise refused(path, f"{one_line(name)} occurs twice")
        files.add(place)
    inner = {place[:depth] for place in files for depth in range(1, len(place))}
    inner |= {place[:depth] for place in map(_place, folders) for depth in range(1, len(place) + 1)}
    if both := sorted(files & inner):
        raise refused(path, f"{one_line('/'.join(both[0]))} is a file and a folder")


def _place(name: str) -> tuple[str, ...]:
    """Where an entry comes to lie: a//b and ./a/b are a/b."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


def check_total(path: object, total: int, size: int) -> None:
    """Refuse more bytes than any set has, or better packed than pictures can be."""
    if total > MOST_BYTES:
        raise too_large(path, f"its files have {total:,} bytes; at most {MOST_BYTES:,} are read")
    if total > _BOMB_BYTES and total > _BOMB_RATIO * max(size, 1):
        raise too_large(path, f"{size:,} bytes would become {total:,}: no pictures are packed so well")


def refused(path: object, what: str) -> AssayError:
    """The error for an archive that cannot or must not be unpacked."""
    return AssayError("archive-refused", path, what, "Nothing was unpacked; make the archive again.")


def too_large(path: object, what: str) -> AssayError:
    """The error for an archive beyond a limit."""
    return AssayError(
        "archive-too-large", path, what, "Unpack it yourself if you trust it, and give the folder."
    )
