"""A table whose rows are the folders that were read as classes: patients, and what each of them has."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.columns.path_columns import first_rows

#: The share of the folders that a table names, at least, where its rows are theirs.
_MOST: Final = 0.9


def notes_on_rows_of_folders(root: Path, tables: Iterable[str], names: Collection[str]) -> list[str]:
    """A note on a table that tells of each folder, by its name, something that may be the class: then the
    folders are patients or the like."""
    for table in tables:
        try:
            columns = first_rows(root / table)
        except AssayError:
            continue  # a hint less
        told = {column: {cell.strip() for cell in cells} for column, cells in columns.items()}
        key = next((c for c, cells in told.items() if len(cells & set(names)) >= _MOST * len(names)), None)
        label = next(
            (c for c, cells in told.items() if c != key and _may_be_classes(c, len(cells), names)), None
        )
        if key is not None and label is not None:
            return [
                f"{one_line(table)} has rows for the folders, by their names in its column {one_line(key)}: "
                f"are these patients or the like, and is {one_line(label)} the class?"
            ]
    return []


def _may_be_classes(column: str, count: int, folders: Collection[str]) -> bool:
    return usual_spelling(column) in LABEL_NAMES and 1 < count <= len(folders) / 2
