"""Tables of metadata without labels, beside folders of classes: the folders give the labels."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, shortened
from assay.data.formats.text_table import Columns, read_table
from assay.data.formats.texts.column_names import LABEL_NAMES, PATH_NAMES, chosen_column, optional_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.one_hot import are_exclusive, one_hot_columns
from assay.data.listing.columns.path_columns import names_images
from assay.data.listing.columns.splits import SplitColumn, split_column, splits_of_cells
from assay.data.listing.columns.unused_rows import notes_on_unused_rows
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import ordered_splits
from assay.data.listing.other_tasks import only_pictures
from assay.data.listing.table_paths import Rule, path_rule
from assay.data.request import Request

#: Tables of labels that lie with the images and are read with their folder, as on the Hugging Face hub.
OF_A_FOLDER: Final = ("metadata.csv", "metadata.jsonl", "_classes.csv")

#: Roboflow's table of classes: what it holds are labels, be they several.
_OF_CLASSES: Final = "_classes.csv"

#: Columns that an error shows.
_SHOWN: Final = 8


def has_labels(table: Path, columns: Columns) -> bool:
    """Whether a table has a column of labels, or one-hot columns (columns of 0 and 1 may be attributes)."""
    names = list(columns)
    if optional_column(table, names, None, LABEL_NAMES, "--label-column") is not None:
        return True
    hot = one_hot_columns(columns, names)
    return bool(hot) and (table.name.lower() == _OF_CLASSES or are_exclusive(columns, hot))


def with_metadata(listing: Listing, request: Request, root: Path, tables: Sequence[Path]) -> Listing:
    """The listing with the columns of tables, joined by the path of each image below `root`.

    Where the folders tell no splits, a column may. Images that no table names have empty cells, and stay in
    train. Raises AssayError `column-missing`, `ambiguous-layout` where the folders tell no classes either,
    `table-value` where groups or splits are asked for and no row names an image, and as `read_table`.
    """
    labels = {label for part in listing.parts.values() for label in part.labels}
    images = [name for part in listing.parts.values() for name in part.ids]
    alone = len(labels) == 1 and any(names_images(read_table(table), images) for table in tables)
    if request.layout is None and (only_pictures(labels) or alone):
        has = ", ".join(map(one_line, islice(read_table(tables[0], most=1), _SHOWN)))
        by_folders = (
            f"all images are of one class, {one_line(min(labels))}" if alone else "no folder is a class"
        )
        what = (
            f"{by_folders}, and {one_line(tables[0].name)} has no usual name for a column of labels "
            f"(it has {has})"
        )
        raise AssayError(
            "ambiguous-layout", root, what, "Name it with --label-column, or say --layout classes."
        )
    cells, notes = _Cells(set(listing.parts) == {"train"}), list(listing.notes)
    for table in tables:
        notes += cells.take(request, table, root)
    known = sum(name in cells.of for name in images)
    notes += cells.told(request, tables[0], known, len(images))
    parts = {split: _joined(part, cells.of, list(cells.names)) for split, part in listing.parts.items()}
    if cells.splits:
        whole = parts["train"]
        splits = [cells.splits.get(name, "train") for name in whole.ids]
        rows = {split: [row for row, own in enumerate(splits) if own == split] for split in set(splits)}
        parts = {split: whole.chosen(rows[split]) for split in ordered_splits(rows)}
    files = {str(table.relative_to(root)) for table in tables}
    left_out = tuple(item for item in listing.left_out if item.id not in files)
    stamp = stamp_of([listing.stamp, str(request.columns), str(request.split_names)])
    return replace(listing, parts=parts, stamp=stamp, left_out=left_out, notes=tuple(notes))


class _Cells:
    """What tables tell of images, by their paths below the root.

    with_splits: whether a column of theirs may give the splits, as the folders give none.
    """

    def __init__(self, with_splits: bool) -> None:
        self._with_splits = with_splits
        self.of: dict[str, Mapping[str, str]] = {}
        self.splits: dict[str, str] = {}
        self.names: dict[str, None] = {}
        self._groups: dict[str, str] = {}
        self._rows = 0
        self._first = ""

    def take(self, request: Request, table: Path, root: Path) -> list[str]:
        """The cells of a table; notes on it."""
        columns = read_table(table)
        names = list(columns)
        path = chosen_column(table, names, request.path_column, PATH_NAMES, "--path-column")
        group = request.group_column and chosen_column(
            table, names, request.group_column, (), "--group-column"
        )
        told = SplitColumn()
        if self._with_splits:
            told = split_column(table, columns, names, request, {path, group or path})
        notes = list(told.notes)
        more = {name: values for name, values in columns.items() if name not in (path, told.name)}
        if group:
            more["group"], of_groups = groups_of(group, columns[group], self._groups)
            notes += of_groups
        splits: list[str] = []
        if told.name is not None:
            splits, of_splits = splits_of_cells(table, told.name, columns[told.name], request.split_names)
            notes += [f"the column {one_line(told.name)} of {one_line(table.name)} gives the splits"]
            notes += of_splits
        notes += notes_on_unused_rows(
            table.name, columns, [name for name in more if name in columns], request
        )
        self.names |= dict.fromkeys(more)
        try:
            rule = path_rule(table.parent.resolve(), columns[path], table)
        except AssayError:  # ids with several images each: the folders give the labels, so none is guessed
            rule = Rule(str)
        notes += [rule.note] if rule.note else []
        below = table.parent.relative_to(root).as_posix()
        for row, file in enumerate(columns[path]):
            place = os.path.normpath(rule.path(file) if below == "." else f"{below}/{rule.path(file)}")
            self.of[place] = {name: values[row] for name, values in more.items()}
            self.splits |= {place: splits[row]} if splits else {}
        self._rows += len(columns[path])
        self._first = self._first or next(iter(columns[path]), "")
        return notes

    def told(self, request: Request, table: Path, known: int, images: int) -> list[str]:
        """Notes on how many images the tables name. Raises AssayError where what was asked for is of none."""
        if not known:
            what = (
                f"none of its {counted(self._rows, 'row names', 'rows name')} an image of the folder, the "
                f"first is {shortened(one_line(self._first))}"
            )
            if request.group_column or self.splits:
                raise AssayError("table-value", table, what, "Write the paths below the folder into it.")
            return [f"the folders give the classes; of {one_line(table.name)} {what}"]
        notes = [f"the folders give the classes, and a table without labels tells more of {known:,} images"]
        if known < images and (request.group_column or self.splits):
            left = [*(["have no group"] if request.group_column else [])]
            left += ["are train"] if self.splits else []
            notes.append(
                f"{counted(images - known, 'image is', 'images are')} not named in {one_line(table.name)}: "
                f"they {' and '.join(left)}"
            )
        return notes


def _joined(part: Part, cells: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> Part:
    columns = {name: [cells.get(one, {}).get(name, "") for one in part.ids] for name in names}
    return replace(part, columns={**part.columns, **columns})
