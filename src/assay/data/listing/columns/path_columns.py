"""The column of a table that names the images, and the first rows by which it is told."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.formats.text_table import Columns, read_table
from assay.data.formats.texts.column_names import PATH_NAMES, usual_spelling
from assay.data.listing.columns.file_index import without_ending

#: So many cells of a table are looked at, and rows.
_MOST_CELLS: Final = 1_000_000
_MOST_ROWS: Final = 5_000

#: Fewer rows with an image tell nothing.
FEWEST_ROWS: Final = 8

#: The share of the images that a table names at least, where it is about them.
_NEARLY_ALL: Final = 0.9


def first_rows(table: Path) -> Columns:
    """The first rows of a table. Errors as of `read_table`."""
    width = max(1, len(read_table(table, most=1)))
    return read_table(table, most=min(_MOST_ROWS, max(FEWEST_ROWS, _MOST_CELLS // width)))


def path_column(columns: Columns) -> str | None:
    """The column that names images: by its usual name or, of others, the first whose cells all end so."""
    folded = {usual_spelling(name): name for name in reversed(list(columns))}
    usual = next((folded[name] for name in PATH_NAMES if name in folded), None)
    return usual if usual is not None else next(iter(columns_of_images(columns)), None)


def names_images(columns: Columns, paths: Collection[str]) -> bool:
    """Whether a column of a table names nearly all of some images, by their names without endings, and
    another one may have their labels: few words or numbers for all."""
    known = {bare_name(path) for path in paths}
    path = path_column(columns)
    cells = columns.get(path or "", [])
    named = {bare_name(cell.strip()) for cell in cells} & known
    few = (len(set(own)) for name, own in columns.items() if name != path)
    return any(1 < count <= len(cells) / 2 for count in few) and len(named) >= max(
        1, _NEARLY_ALL * min(len(known), _MOST_ROWS)
    )


def columns_of_images(columns: Columns) -> list[str]:
    """The columns whose cells all end as names of images do."""
    endings = (*FORMAT_BY_NAME, *REFUSED_SUFFIXES)
    return [
        name
        for name, cells in columns.items()
        if cells and all(cell.strip().lower().endswith(endings) for cell in cells)
    ]


def bare_name(path: str) -> str:
    """The name of a file without folders and ending."""
    return without_ending(path.replace("\\", "/").rpartition("/")[2]).casefold()
