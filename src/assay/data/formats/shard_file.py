"""`ShardFile`: one of the files that a data set was cut into, wherever it lies."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import IO, Final, TypeVar

from assay.core.errors import AssayError
from assay.data.formats.safe_open import open_file, reading_errors

_T = TypeVar("_T")

#: Endings of shards, by the form that they are of.
PARQUET: Final = (".parquet",)
TAR: Final = (".tar", ".tar.gz", ".tgz")

#: Folders that shards may lie deep: for a configuration and a split.
_DEPTH: Final = 2

#: Characters that make a path a pattern; alternatives and numbers in braces, as WebDataset writes them.
_WILD: Final = re.compile(r"[*?\[{]")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_RANGE: Final = re.compile(r"(\d{1,9})\.\.(\d{1,9})")

#: Names that one pattern may stand for.
_MOST_NAMES: Final = 100_000

#: What may be otherwise at a second look: a file that another program was writing, a disk of the network.
PASSING: Final = ("parquet-unreadable", "file-unreadable", "file-missing", "data-unavailable")


@dataclass(frozen=True, eq=False)
class ShardFile:
    """One shard. name: below the root of the set, with slashes. where: how messages call it.

    size: bytes. stamp: changes whenever the file does. opened: its whole content, open for reading and
    seeking. glanced: the same for a look at headers and labels, where that costs less than the whole.
    path: where it lies on this machine, or None.
    """

    name: str
    where: str
    size: int
    stamp: str
    opened: Callable[[], AbstractContextManager[IO[bytes]]]
    glanced: Callable[[], AbstractContextManager[IO[bytes]]]
    path: Path | None = None

    def __str__(self) -> str:
        return self.where


def local_shard(path: Path, root: Path) -> ShardFile:
    """A shard that lies on this machine. root: the folder of the set, or the file itself."""
    with reading_errors(path):
        status = path.stat()
    name = path.name if path == root else path.relative_to(root).as_posix()
    stamp = f"{path}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"

    def opened() -> AbstractContextManager[IO[bytes]]:
        return open_file(path)

    return ShardFile(name, str(path), status.st_size, stamp, opened, opened, path)


def twice(read: Callable[[], _T]) -> _T:
    """What `read` gives; where it fails by what may pass, it is tried once more, and that counts."""
    try:
        return read()
    except AssayError as error:
        if error.code not in PASSING:
            raise
    return read()


def shard_paths(place: Path, endings: Collection[str], pattern: str | None = None) -> list[Path]:
    """The shards with one of some endings at a place: the file itself, or those below it, in no order.

    Folders are gone down two deep, hidden things and links that lead far away are passed over. pattern: only
    those that it names (see `pattern_parts`).
    """
    ends = tuple(endings)
    if place.is_file():
        return [place] if place.name.lower().endswith(ends) else []
    found = (
        file
        for file in _below(place, ends, _DEPTH)
        if file.is_file() and (not file.is_symlink() or _near(file, place))
    )
    if pattern is None:
        return list(found)
    patterns = alternatives(pattern)
    return [file for file in found if fits(file.relative_to(place).as_posix(), patterns)]


def _below(folder: Path, endings: tuple[str, ...], depth: int) -> Iterator[Path]:
    with reading_errors(folder), os.scandir(folder) as entries:
        # In one expression: a folder may hold a million images, each of which is asked for its name here.
        found = [
            entry
            for entry in entries
            if entry.name.lower().endswith(endings) or (depth and entry.is_dir(follow_symlinks=False))
        ]
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.name.lower().endswith(endings):
            yield Path(entry.path)
        else:
            yield from _below(Path(entry.path), endings, depth - 1)


def _near(file: Path, root: Path) -> bool:
    # The hub's own cache consists of links to a folder beside; anything further away is not followed.
    return file.resolve().is_relative_to(root.resolve().parent.parent)


def pattern_parts(text: str) -> tuple[str, str] | None:
    """The folder before the first wildcard of a path, and the pattern below it; None where it has none."""
    parts = text.split("/")
    first = next((number for number, part in enumerate(parts) if _WILD.search(part)), None)
    if first is None:
        return None
    return "/".join(parts[:first]) or ("/" if text.startswith("/") else "."), "/".join(parts[first:])


def alternatives(pattern: str) -> list[str]:
    """The patterns that one with braces stands for: `{a,b}` and, with zeros in front, `{000..041}`.

    Raises AssayError `bad-value` where there are too many.
    """
    pieces = _BRACES.split(pattern)
    choices: list[list[str]] = []
    count = 1
    for number, piece in enumerate(pieces):
        own = _in_braces(piece) if number % 2 else [piece]
        choices.append(own)
        count *= len(own)
        if count > _MOST_NAMES:
            what = f"it stands for more than {_MOST_NAMES:,} names"
            raise AssayError("bad-value", pattern, what, "Use * in place of the numbers.")
    return ["".join(one) for one in product(*choices)]


def _in_braces(text: str) -> list[str]:
    found = _RANGE.fullmatch(text)
    if found is None:
        return text.split(",")
    first, last, width = int(found[1]), int(found[2]), len(found[1])
    return [f"{number:0{width}}" for number in range(first, min(last, first + _MOST_NAMES) + 1)] or [text]


def fits(name: str, patterns: Collection[str]) -> bool:
    """Whether a name below the root is one that the patterns stand for; `*` stays within a folder."""
    parts = name.split("/")
    for pattern in patterns:
        own = pattern.split("/")
        if len(own) == len(parts) and all(map(fnmatchcase, parts, own)):
            return True
    return False
