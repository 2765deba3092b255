"""A table beside the data that was not read, and may say which images belong together.

Beside folders of classes, and beside a table of labels.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.text_table import Columns, read_table
from assay.data.formats.texts.column_names import PATH_NAMES, optional_column
from assay.data.listing.columns.file_index import without_ending
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.splitting.group_columns import GroupColumn, group_columns

#: Tables that are looked into; rows of an image in each of which that many must be named.
_TABLES: Final = 5
SHARE: Final = 0.9

#: Tables that are read with the folder that they lie in.
_READ: Final = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class Known:
    """The images of one split: labels, and what a table says of each; "" where it says nothing."""

    labels: Sequence[str]
    columns: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Beside:
    """A table that was not read. path: its column that names images, by so many parts of their paths.

    root: where `table` begins. columns: its first rows. group: the column that seems to name groups.
    """

    root: Path
    table: str
    columns: Columns
    path: str
    parts: int
    group: str


def notes_on_groups_beside(
    root: Path,
    tables: Sequence[str],
    images: Mapping[str, Mapping[str, str]],
    way: Callable[[Beside], str] | None = None,
) -> list[str]:
    """A note on the first table with a column that seems to name groups, with what reads it.

    tables: paths below the root. images: the class of each image by its path, by split. way: gives the
    command that has the groups read; unasked, one that has the table read with the folder.
    """
    for table in tables[:_TABLES]:
        try:
            columns = first_rows(root / table)
            path = path_column(columns)
            if path is None or not _named(columns[path], images):
                continue
            found = group_columns(_joined(read_table(root / table), path, images))
            if found:
                parts = _parts(columns[path], images)
                beside = Beside(root, table, columns, path, parts, found[0].name)
                return [_told(beside, found[0], (way or _way)(beside))]
        except AssayError:
            continue  # a hint less
    return []


def tail(path: str, parts: int) -> str:
    """The last parts of a path, without the ending of an image and in one case."""
    plain = path.strip().replace("\\", "/").lstrip("./").split("/")
    return without_ending("/".join(plain[-parts:])).casefold()


def _parts(cells: Sequence[str], images: Mapping[str, Mapping[str, str]]) -> int:
    """By how many parts of their paths, from the end on, cells name images, each one of its own; else 0."""
    for parts in range(1, 4):
        known = Counter(tail(path, parts) for own in images.values() for path in own)
        if max(known.values(), default=2) == 1:
            named = {tail(cell, parts) for cell in cells}
            return parts if sum(name in known for name in named) >= SHARE * len(named) else 0
    return 0


def _named(cells: Sequence[str], images: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether cells name images, each once."""
    parts = _parts(cells, images)
    return parts > 0 and len({tail(cell, parts) for cell in cells}) == len(cells)


def _joined(columns: Columns, path: str, images: Mapping[str, Mapping[str, str]]) -> dict[str, Known]:
    parts = _parts(columns[path], images)
    row = {tail(cell, parts): number for number, cell in enumerate(columns[path])}
    found = {}
    for split, own in images.items():
        rows = [row.get(tail(name, parts)) for name in own]
        more = {
            name: ["" if number is None else cells[number] for number in rows]
            for name, cells in columns.items()
            if name != path
        }
        found[split] = Known(list(own.values()), more)
    return found


def _told(beside: Beside, found: GroupColumn, way: str) -> str:
    if found.across:
        told = " and ".join(f"{count:,} images of {split}" for split, count in found.across.items())
        what = f"{told} are of groups that lie in train too"
    else:
        several = counted(found.groups, "group", "groups")
        what = f"{found.images:,} images are of {several} with several"
    column = f"the column {one_line(found.name)} of {one_line(beside.table)}, which was not read,"
    return f"{column} may name groups: {what}{f' (to keep each on one side: {way})' if way else ''}"


def _way(beside: Beside) -> str:
    """The command that has the table read with the folder; empty where one is read already."""
    root, table = beside.root, beside.table
    if any((root / name).exists() for name in _READ):
        return ""
    copy = "metadata.jsonl" if table.lower().endswith("jsonl") else "metadata.csv"
    command = f"(cd {quote(str(root))} && cp -n -- {quote(table)} {copy})"
    given = f"{quote(str(root))} --group-column {quote(beside.group)}"
    usual = optional_column(table, list(beside.columns), None, PATH_NAMES, "--path-column") == beside.path
    given += "" if usual else f" --path-column {quote(beside.path)}"
    return one_line(f"{command} ; then give {given}")
