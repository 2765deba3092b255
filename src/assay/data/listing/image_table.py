"""A table of image paths and labels as a `Listing`."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, shortened
from assay.data.formats.safe_open import reading_errors
from assay.data.formats.text_table import Columns, read_table
from assay.data.formats.texts.column_names import chosen_column
from assay.data.listing.beside.notes import notes_on_names
from assay.data.listing.beside.other_tables import notes_beside_table
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.images import image_column, note_on_other_images
from assay.data.listing.columns.joined_paths import ways_by_columns
from assay.data.listing.columns.one_hot import several_labels
from assay.data.listing.columns.path_spellings import no_path
from assay.data.listing.columns.some_files import way_to_files
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.columns.votes import way_from_rows, with_way
from assay.data.listing.from_names.splits import note_on_other_splits, splits_of_paths
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import ordered_splits
from assay.data.listing.other_tasks import notes_on_boxes
from assay.data.listing.table_files import TableFiles, stamp
from assay.data.listing.table_labels import refuse_unlabelled, table_labels, without_any
from assay.data.listing.table_paths import path_rules
from assay.data.request import Request
from assay.data.values import UNLABELLED, LeftOut

#: Why an image is left out.
_NO_LABEL: Final = "the table has no label for it"


@dataclass
class _Rows:
    """The rows of one split as far as their files are there. places: which rows of the tables they are."""

    ids: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table to read: its file, and the split of its rows where it has no column for it.

    in_memory: it is no file but a data frame, which `path` names in messages.
    """

    path: Path
    split: str = "train"
    in_memory: bool = False


def list_tables(request: Request, root: Path, tables: Sequence[Table], form: str) -> Listing:
    """The images that tables name, by split. Paths are relative to each table, or to
    `request.root`, and stay below it.

    Raises AssayError `column-missing`, `table-value`, `path-outside`, and those of `read_table`.
    """
    found = _Found((request.root or root).resolve())
    for table in tables:
        nested: list[str] = []
        found.take(request, table, read_table(table.path, nested))
        found.notes += [f"left out columns of lists: {', '.join(map(one_line, nested))}"] if nested else []
    if request.classes is None:
        found.name_lists([table.path.parent for table in tables])
    return found.listing(request, tables, form)


def list_columns(request: Request, root: Path, tables: Sequence[tuple[Table, Columns]], form: str) -> Listing:
    """As `list_tables`, for tables whose columns were read already."""
    found = _Found((request.root or root).resolve())
    for table, columns in tables:
        found.take(request, table, columns)
    return found.listing(request, [table for table, _ in tables], form)


class _Found:
    """What tables name, gathered by split, with everything that is needed to notice a change."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._rows: dict[str, _Rows] = {}
        self._columns: dict[str, dict[str, list[str]]] = {}
        self._files = TableFiles(root)
        self._stamps = self._files.stamps
        self.left_out: list[LeftOut] = []
        self.notes: list[str] = []
        self._seen: dict[str, str] = {}
        self._header: list[str] = []
        self._paths: Sequence[str] = ()
        self._asked: tuple[Columns, str, str, Request]
        self._groups: dict[str, str] = {}
        self._tables = 0
        self._bare: Mapping[str, int] = {}
        self._named: dict[str, set[str]] = defaultdict(set)

    def take(self, request: Request, table: Table, columns: Columns) -> None:
        """A table with its stamp."""
        if table.in_memory:
            self._stamps.append(repr({name: list(cells) for name, cells in columns.items()}))
        else:
            with reading_errors(table.path):
                self._stamps.append(stamp(str(table.path), table.path.stat()))
        self.add(request, table, columns)

    def listing(self, request: Request, tables: Sequence[Table], form: str) -> Listing:
        """Everything that was taken in."""
        asked = (
            *(request.columns, request.root, request.skip_unlabelled, request.classes),
            request.split_names and sorted(request.split_names.items()),
        )
        stamp = stamp_of([repr(asked), *self._stamps])
        self.need_some(tables)
        if len(tables) == 1 and not tables[0].in_memory and set(self._rows) == {"train"}:
            self.notes += notes_beside_table(tables[0].path, self._header, self._paths)
        self.notes += self._in_two_splits()
        return Listing(
            self.parts(), form, stamp, None, tuple(self.left_out), tuple(dict.fromkeys(self.notes))
        )

    def _in_two_splits(self) -> list[str]:
        """Notes on files that are named in train and in another split."""
        train = self._named.get("train", set())
        both = {split: len(train & names) for split, names in self._named.items() if split != "train"}
        return [
            f"{counted(count, 'file is', 'files are')} named in both train and {split}"
            for split, count in both.items()
            if count
        ]

    def name_lists(self, folders: Sequence[Path]) -> None:
        """Note a list of names beside the tables, where all labels are numbers."""
        labels = {label for rows in self._rows.values() for label in rows.labels}
        for folder in dict.fromkeys(folders):
            self.notes += notes_on_names(folder, sorted(os.listdir(folder)), labels)  # noqa: PTH208

    def add(self, request: Request, table: Table, columns: Columns) -> None:
        """Take the rows of a table in: those whose file is there, and the others as left out."""
        self._tables += 1
        names = self._header = list(columns)
        file = None if table.in_memory or request.path_column else table.path
        with ways_by_columns(file, columns):
            path = image_column(table.path, columns, request.path_column)
        self._paths = columns[path]
        group = _group_column(table.path, names, request)
        told = split_column(table.path, columns, names, request, {path, group or path})
        split, splits = told.name, [table.split] * len(columns[path])
        if split is not None:
            splits, notes = splits_of_cells(table.path, split, columns[split], request.split_names)
            self.notes += notes
        untold = split is None and table.split == "train" and not told.notes
        folder = self._folder(request, table)
        with ways_by_columns(file, columns):
            splits, files, how = _files_of(folder, table.path, columns[path], splits, untold)
        labels, of_labels, notes = table_labels(
            table.path, columns, request, {path, split or path, group or path}
        )
        self.notes += [*notes, *told.notes, *notes_on_boxes(names)]
        more = {name: columns[name] for name in names if name not in (path, split, *of_labels)}
        if group is not None:
            more["group"], notes = groups_of(group, columns[group], self._groups)
            self.notes += notes
        self._asked = columns, path, of_labels[0], request
        self._bare = without_any(splits, labels)
        missing_labels = {
            row: columns[path][row - 1]
            for row, (label, own) in enumerate(zip(labels, splits, strict=True), 1)
            if not label and own not in self._bare
        }
        if missing_labels and not request.skip_unlabelled:
            no = columns[of_labels[0]][min(missing_labels) - 1].strip()
            raise refuse_unlabelled(table.path, missing_labels, len(labels), of_labels, no)
        self.notes += [
            f"the {own} split has no labels: its {counted(count, 'image is', 'images are')} left out"
            for own, count in self._bare.items()
        ]
        self.notes += how
        self.notes += note_on_other_splits(split, splits, files) if split is not None else []
        if request.path_column is None:
            self.notes += note_on_other_images(columns, path)
        for row, found in enumerate(files):
            cells = {key: values[row] for key, values in more.items()}
            self._add_row(str(folder), table, row, splits[row], found, labels[row], cells)

    def _folder(self, request: Request, table: Table) -> Path:
        """Where the table's paths begin."""
        return self._root if request.root or table.in_memory else table.path.parent.resolve()

    def _add_row(
        self,
        start: str,
        table: Table,
        row: int,
        split: str,
        file: str,
        label: str,
        cells: Mapping[str, str],
    ) -> None:
        where = f"row {row + 1}"
        full, name = self._files.locate(table.path, start, where, file)
        if not label:
            reason = f"the {split} split has no labels" if split in self._bare else _NO_LABEL
            self.left_out.append(LeftOut(name, UNLABELLED, reason, split))
            return
        known = self._seen.setdefault(full, label)
        if known != label:
            told = f"{where} calls {one_line(file)} {one_line(label)!r}, an earlier one {one_line(known)!r}"
            raise with_way(several_labels(table.path, told), way_from_rows(table.path, *self._asked))
        if full in self._named[split]:
            self.left_out.append(LeftOut(name, "ignored", "named twice in the table", split, label))
            return
        self._named[split].add(full)
        reason = self._files.missing(full, name)
        if reason:
            self.left_out.append(LeftOut(name, "unreadable", reason, split, label))
            return
        rows = self._rows.setdefault(split, _Rows())
        columns = self._columns.setdefault(split, {})
        for key in cells.keys() - columns.keys():  # a column that an earlier table lacked
            columns[key] = [""] * len(rows.ids)
        for key, values in columns.items():
            values.append(cells.get(key, ""))
        rows.ids.append(name)
        rows.labels.append(label)
        rows.paths.append(full)
        rows.places.append(row)

    def need_some(self, tables: Sequence[Table]) -> None:
        """Raise AssayError `image-unreadable` where there are rows, and none has a file that can be read."""
        gone = [item for item in self.left_out if item.kind == "unreadable"]
        if self._rows or not gone:
            return
        first = shortened(one_line(gone[0].id))
        what = f"no row has an image that can be read, the first is {first} ({gone[0].reason})"
        table = tables[0]
        fix = (
            no_path(gone[0].id)
            or way_to_files(self._root, table.path, *self._asked)
            or f"Paths begin at {self._root}; --root gives another folder, --path-column another column."
        )
        raise AssayError("image-unreadable", table.path, what, fix)

    def parts(self) -> dict[str, Part]:
        return {split: self._part(split) for split in ordered_splits(self._rows)}

    def _part(self, split: str) -> Part:
        rows = self._rows[split]
        ids, columns = _distinct(rows.ids), self._columns[split]
        places = rows.places if self._tables == 1 else None  # of several, each has its own splits
        return Part(ids, rows.labels, lambda: iter(rows.paths), columns, places=places)


def _files_of(
    folder: Path, table: Path, cells: Sequence[str], splits: list[str], untold: bool
) -> tuple[list[str], list[str], list[str]]:
    """The split and the file of each cell, with notes. untold: no column or name of a table tells the splits,
    so folders in the paths may; of bare names those in which the files were found."""
    by_path = splits_of_paths(cells) if untold else None
    splits = by_path[0] if by_path else splits
    rules = path_rules(folder, cells, splits, table)
    files = [rules[own].path(cell) for own, cell in zip(splits, cells, strict=True)]
    by_path = by_path or (splits_of_paths(files) if untold else None)
    told = [by_path[1]] if by_path else []
    return (
        by_path[0] if by_path else splits,
        files,
        told + [rule.note for rule in rules.values() if rule.note],
    )


def _group_column(table: Path, names: Sequence[str], request: Request) -> str | None:
    if request.group_column is None:
        return None
    return chosen_column(table, names, request.group_column, (), "--group-column")


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that occurred before: ids are unique."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return distinct
