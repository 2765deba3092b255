"""Files below a folder by their names alone, for tables whose images lie in several folders."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.listing.tree import split_in

#: Endings of images: those of formats that are not read, too, for the files are then told as such.
_KNOWN: Final = (*FORMAT_BY_NAME, *REFUSED_SUFFIXES)
_ENDINGS: Final = ("", *_KNOWN, *(ending.upper() for ending in _KNOWN))

#: How deep files are looked for, and how many at most.
_DEEPEST: Final = 8
_MOST_FILES: Final = 5_000_000

#: The paths of files by name.
FileIndex = Mapping[str, Sequence[str]]


def file_index(root: Path) -> FileIndex:
    """All files below a folder, but for hidden ones and links; none where there are too many."""
    found: dict[str, list[str]] = {}
    for count, (folder, name) in enumerate(_files(root)):
        if count == _MOST_FILES:
            return {}
        found.setdefault(name, []).append(f"{folder}/{name}" if folder else name)
    return found


def in_one_case(index: FileIndex) -> FileIndex:
    """The same by names in lower case."""
    found: dict[str, list[str]] = {}
    for name, paths in index.items():
        found.setdefault(name.casefold(), []).extend(paths)
    return found


def found_by_name(index: FileIndex, names: Sequence[str], split: str | None) -> dict[str, list[str]]:
    """By ending, the path of each name's only file, where every name has one with that ending.

    split: of the table that asks; then of several files the one in a folder of that split is meant.
    """
    found = {}
    for ending in _ENDINGS:
        paths = [path for name in names if (path := _only(index.get(name + ending, ()), split)) is not None]
        if len(paths) == len(names):
            found[ending] = paths
    return found


def without_ending(name: str) -> str:
    """A name without the ending of an image."""
    ending = ending_of(name)
    return name[: len(name) - len(ending)]


def ending_of(name: str) -> str:
    """The ending of an image that a name has, in lower case and with its dot; or empty."""
    stem, dot, ending = name.rpartition(".")
    known = f"{dot}{ending}".lower()
    return known if stem and known in _KNOWN else ""


def _only(paths: Sequence[str], split: str | None) -> str | None:
    if len(paths) > 1 and split is not None:
        paths = [path for path in paths if split in set(map(split_in, path.split("/")[:-1]))]
    return paths[0] if len(paths) == 1 else None


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """The folder, below the root, and the name of every file."""
    level = [""]
    for _ in range(_DEEPEST):
        below: list[str] = []
        for place in level:
            for entry in _entries(root, place):
                if entry.is_dir(follow_symlinks=False):
                    below.append(f"{place}/{entry.name}" if place else entry.name)
                elif entry.is_file(follow_symlinks=False):
                    yield place, entry.name
        level = sorted(below)


def _entries(root: Path, place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / place) as entries:
            return [entry for entry in entries if entry.name[0] != "."]
    except PermissionError:
        return []
