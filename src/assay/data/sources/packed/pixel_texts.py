"""Tables with all pixels of an image in one cell: `emotion,pixels,Usage`, as FER2013 has them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assay.core.arrays import Bytes
from assay.core.errors import AssayError
from assay.data.formats.text_table import read_table
from assay.data.formats.texts.column_names import LABEL_NAMES, chosen_column
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.request import Request
from assay.data.sources.packed.unlabelled_rows import RawSplit, array_of_cells


def packed_pixels(
    path: Path, column: str, request: Request, split: str
) -> tuple[dict[str, RawSplit], list[str]]:
    """The images of a table by split, uint8 `(n, values)`, with their labels; and notes.

    column: its cells hold whole numbers from 0 to 255 parted by spaces. split: of all rows where no column
    tells it. Raises AssayError `column-missing`, `table-value` with the row, and those of `read_table`.
    """
    columns = {name.strip(): cells for name, cells in read_table(path).items()}
    column = column.strip()
    names = [name for name in columns if name != column]
    label = chosen_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
    told = split_column(path, columns, names, request, {label})
    splits, notes = [split] * len(columns[column]), list(told.notes)
    if told.name is not None:
        splits, more = splits_of_cells(path, told.name, columns[told.name], request.split_names)
        notes += more
    images = _images(path, columns[column])
    values = array_of_cells([cell.strip() for cell in columns[label]])
    place = np.array(splits)
    return {
        own: RawSplit(images[place == own], values[place == own], f"{path.name}: {own}", path.name)
        for own in dict.fromkeys(splits)
    }, notes


def _images(path: Path, cells: Sequence[str]) -> Bytes:
    rows: list[Bytes] = []
    for number, cell in enumerate(cells, 1):
        try:
            values = np.array(cell.split(), np.int64)
        except (ValueError, OverflowError) as error:
            raise _wrong(path, f"row {number}: a pixel is no whole number from 0 to 255") from error
        if rows and len(values) != len(rows[0]):
            what = f"row {number} has {len(values):,} pixels, the first {len(rows[0]):,}"
            raise _wrong(path, what)
        if values.min(initial=0) < 0 or values.max(initial=0) > 255:
            raise _wrong(path, f"row {number}: a pixel is no whole number from 0 to 255")
        rows.append(values.astype(np.uint8))
    if not rows:
        raise AssayError("too-few-images", path, "the table has no rows", "Give at least one image.")
    return np.array(rows)


def _wrong(path: Path, what: str) -> AssayError:
    return AssayError("table-value", path, what, "Correct the table.")
