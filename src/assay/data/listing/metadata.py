"""Tables of metadata without labels, beside folders of classes: the folders give the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import (
    LABEL_NAMES,
    PATH_NAMES,
    Columns,
    chosen_column,
    optional_column,
    read_table,
)
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.other_tasks import only_pictures
from assay.data.listing.table_labels import are_exclusive, is_missing, one_hot_columns
from assay.data.request import Request

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

    Images that no table names have empty cells. Raises AssayError `column-missing`, `ambiguous-layout` where
    the folders tell no classes either, and as `read_table`.
    """
    if request.layout is None and only_pictures(
        {label for p in listing.parts.values() for label in p.labels}
    ):
        has = ", ".join(map(one_line, islice(read_table(tables[0], most=1), _SHOWN)))
        what = (
            f"no folder is a class, and {one_line(tables[0].name)} has no usual name for a column of labels "
            f"(it has {has})"
        )
        raise AssayError(
            "ambiguous-layout", root, what, "Name it with --label-column, or say --layout classes."
        )
    cells: dict[str, dict[str, str]] = {}
    names: dict[str, None] = {}
    for table in tables:
        columns = read_table(table)
        path = chosen_column(table, list(columns), request.path_column, PATH_NAMES, "--path-column")
        more = {name: values for name, values in columns.items() if name != path}
        if request.group_column is not None:
            group = chosen_column(table, list(columns), request.group_column, (), "--group-column")
            more["group"] = ["" if is_missing(cell) else cell for cell in columns[group]]
        names |= dict.fromkeys(more)
        below = table.parent.relative_to(root).as_posix()
        for row, file in enumerate(columns[path]):
            place = file if below == "." else f"{below}/{file}"
            cells[place] = {name: values[row] for name, values in more.items()}
    parts = {split: _joined(part, cells, list(names)) for split, part in listing.parts.items()}
    known = sum(name in cells for part in parts.values() for name in part.ids)
    note = f"the folders give the classes, and a table without labels tells more of {known:,} images"
    files = {str(table.relative_to(root)) for table in tables}
    left_out = tuple(item for item in listing.left_out if item.id not in files)
    stamp = stamp_of([listing.stamp, str(request.columns)])
    return replace(listing, parts=parts, stamp=stamp, left_out=left_out, notes=(*listing.notes, note))


def _joined(part: Part, cells: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> Part:
    columns = {name: [cells.get(one, {}).get(name, "") for one in part.ids] for name in names}
    return replace(part, columns={**part.columns, **columns})
