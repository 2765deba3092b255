"""Tables of metadata without labels, beside folders of classes: the folders give the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assay.data.formats.text_table import (
    LABEL_NAMES,
    PATH_NAMES,
    Columns,
    chosen_column,
    optional_column,
    read_table,
)
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.table_labels import is_missing, one_hot_columns
from assay.data.request import Request


def has_labels(where: object, columns: Columns) -> bool:
    """Whether a table has a column of labels, or one-hot columns."""
    names = list(columns)
    labelled = optional_column(where, names, None, LABEL_NAMES, "--label-column") is not None
    return labelled or bool(one_hot_columns(columns, names))


def with_metadata(listing: Listing, request: Request, root: Path, tables: Sequence[Path]) -> Listing:
    """The listing with the columns of tables, joined by the path of each image below `root`.

    Images that no table names have empty cells. Raises AssayError `column-missing`, and as `read_table`.
    """
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
