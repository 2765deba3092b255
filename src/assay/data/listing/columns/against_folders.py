"""A table of labels beside folders that are read as classes: whether both tell the same of the images."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.formats.text_table import (
    LABEL_NAMES,
    PATH_NAMES,
    Columns,
    optional_column,
    read_table,
    usual_spelling,
)
from assay.data.listing.columns.file_index import without_ending
from assay.data.listing.table_labels import is_missing, one_hot_columns

#: So many cells of a table are looked at, and rows.
_MOST_CELLS: Final = 1_000_000
_MOST_ROWS: Final = 5_000

#: Fewer rows with an image tell nothing.
_FEWEST: Final = 8

#: Where one tells the other in this share of the images, they are the same, or one is a part of the other.
_TELLS: Final = 0.9


@dataclass(frozen=True)
class OtherLabels:
    """Labels of a table that part the images otherwise than their folders do.

    images: how many of those looked at it names. labels: some of its labels. apart: whether the folders tell
    nothing of them, nor they of the folders; else one is a part of the other, as breeds are of dogs.
    """

    images: int
    labels: tuple[str, ...]
    apart: bool


def first_rows(table: Path) -> Columns:
    """The first rows of a table. Errors as of `read_table`."""
    width = max(1, len(read_table(table, most=1)))
    return read_table(table, most=min(_MOST_ROWS, max(_FEWEST, _MOST_CELLS // width)))


def other_labels(table: Path, classes: Mapping[str, str]) -> OtherLabels | None:
    """What a table says of images otherwise than their folders; None where it says the same, or nothing.

    classes: the class of each image by its path, as the folders have it. Images are known by their names
    without endings. Raises AssayError as `read_table`.
    """
    named = _labels(table)
    of_names: dict[str, str | None] = {}
    for path, label in classes.items():
        name = _bare(path)
        of_names[name] = None if name in of_names else label
    pairs = [(known, label) for name, label in named if (known := of_names.get(name)) is not None]
    labels = {label for _, label in pairs}
    if len(pairs) < _FEWEST or len(labels) < 2:
        return None
    by_table = _told([(label, known) for known, label in pairs])
    by_folder = _told(pairs)
    if by_table >= _TELLS and by_folder >= _TELLS:
        return None
    constant = len({known for known, _ in pairs}) == 1
    return OtherLabels(len(pairs), tuple(sorted(labels)[:4]), constant or max(by_table, by_folder) < _TELLS)


def path_column(columns: Columns) -> str | None:
    """The column that names images: by its usual name or, of others, the first whose cells all end so."""
    folded = {usual_spelling(name): name for name in reversed(list(columns))}
    usual = next((folded[name] for name in PATH_NAMES if name in folded), None)
    return usual if usual is not None else next(iter(columns_of_images(columns)), None)


def columns_of_images(columns: Columns) -> list[str]:
    """The columns whose cells all end as names of images do."""
    endings = (*FORMAT_BY_NAME, *REFUSED_SUFFIXES)
    return [
        name
        for name, cells in columns.items()
        if cells and all(cell.strip().lower().endswith(endings) for cell in cells)
    ]


def _labels(table: Path) -> list[tuple[str, str]]:
    """The name of each image and its label, where a table has usual columns for both."""
    try:
        columns = first_rows(table)
        names = list(columns)
        path = optional_column(table, names, None, PATH_NAMES, "--path-column")
        label = optional_column(table, names, None, LABEL_NAMES, "--label-column")
    except AssayError:
        return []
    if path is None:
        return []
    if label is not None:
        labels: Sequence[str] = columns[label]
    elif hot := one_hot_columns(columns, [name for name in names if name != path]):
        rows = zip(*(columns[name] for name in hot), strict=True)
        ones = [[name for name, cell in zip(hot, row, strict=True) if cell.startswith("1")] for row in rows]
        labels = [one[0] if len(one) == 1 else "" for one in ones]
    else:
        return []
    rows_ = zip(columns[path], labels, strict=True)
    return [(_bare(cell), label) for cell, label in rows_ if not is_missing(label)]


def _bare(path: str) -> str:
    """The name of a file without folders and ending."""
    return without_ending(path.replace("\\", "/").rpartition("/")[2]).casefold()


def _told(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of pairs whose second is the most usual one beside their first."""
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one, other in pairs:
        together[one][other] += 1
    return sum(counts.most_common(1)[0][1] for counts in together.values()) / len(pairs)
