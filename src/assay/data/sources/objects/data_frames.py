"""Data frames of pandas and polars, tables of Arrow, rows and columns as dicts: of pictures, or of paths."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.texts.column_names import PATH_NAMES, optional_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.from_names.splits import splits_of_paths
from assay.data.listing.image_table import Table, list_columns
from assay.data.listing.listing import Listing, Payload
from assay.data.listing.shards.one_parquet import IMAGE_NAMES
from assay.data.listing.table_labels import table_labels
from assay.data.request import Request
from assay.data.sources.objects.python_items import as_payload, is_nothing, is_picture, wrong_objects

#: What columns of images, or of paths to them, are called.
_OF_IMAGES: Final = frozenset((*IMAGE_NAMES, *PATH_NAMES))


@dataclass
class SplitRows:
    """The rows of one split. classes: the names that the object knows its classes by."""

    name: str
    payloads: list[Payload] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    splits: list[str] = field(default_factory=list)
    classes: tuple[str, ...] | None = None
    notes: list[str] = field(default_factory=list)

    def take_splits_of_paths(self) -> None:
        """The splits that paths tell, where nobody said that all are train: as in a table of paths."""
        paths = [path for path in self.payloads if isinstance(path, str)]
        if len(paths) < len(self.payloads) or self.splits:
            return
        if told := splits_of_paths(paths, '{"train": items} in place of the items'):
            self.splits, note = told
            self.notes.append(note)


def is_frame(data: object) -> bool:
    """Whether it is a data frame: of pandas, polars, or a table of Arrow; or as dicts, by rows or columns."""
    frame = hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "to_dicts"))
    return frame or are_records(data) or _are_columns(data)


def are_records(data: object) -> bool:
    """Whether it is a list of rows, each a dict, as a stream of Hugging Face gives them."""
    return isinstance(data, list) and bool(data) and all(isinstance(row, Mapping) for row in data)


def _are_columns(data: object) -> bool:
    """Whether it is a dict of columns, one of which is called like images or their paths."""
    if not isinstance(data, Mapping) or not {str(name).casefold() for name in data} & _OF_IMAGES:
        return False
    return all(hasattr(cells, "__len__") and not isinstance(cells, str | bytes) for cells in data.values())


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """The columns by name, in order. Raises AssayError `table-value` where two have one name."""
    if are_records(frame):
        names = list(dict.fromkeys(name for row in frame for name in row))
        frame = {name: [row.get(name) for row in frame] for name in names}
    names = [str(name) for name in (frame if isinstance(frame, Mapping) else frame.columns)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        what = f"two columns are called {shortened(one_line(twice))}"
        raise AssayError("table-value", "DataFrame", what, "Rename or drop one of them.")
    columns = {
        str(name): list(frame[name]) for name in (frame if isinstance(frame, Mapping) else frame.columns)
    }
    counts = {name: len(cells) for name, cells in columns.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{one_line(name)} has {count:,}" for name, count in islice(counts.items(), 4))
        raise AssayError(
            "count-mismatch", "the data", f"its columns differ in length: {told}", "Give one label per image."
        )
    return columns


def image_column(columns: Mapping[str, Sequence[Any]], request: Request) -> str | None:
    """The column that holds pictures themselves; None where there are paths alone."""
    firsts = {
        name: next((cell for cell in cells if not is_nothing(cell)), None) for name, cells in columns.items()
    }
    for name in filter(None, [request.path_column, *IMAGE_NAMES, *columns]):
        if is_picture(firsts.get(name)) and not isinstance(firsts[name], str | os.PathLike):
            return name
    return None


def listing_of_paths(request: Request, frames: Mapping[str, Mapping[str, Sequence[Any]]]) -> Listing:
    """Frames of paths, by the rules of tables. Paths begin at the working folder, or at `root`."""
    tables = []
    for split, columns in frames.items():
        texts = {name: [text_of(cell) for cell in cells] for name, cells in columns.items()}
        tables.append((Table(Path("DataFrame"), split, in_memory=True), texts))
    return list_columns(request, _root(request, tables), tables, "a data frame of paths and labels")


def _root(request: Request, tables: Sequence[tuple[Table, Mapping[str, Sequence[str]]]]) -> Path:
    """Where all paths lie: the working folder, or the folder that absolute paths have in common."""
    paths = []
    for _, columns in tables:
        names = [name for name in columns if columns[name]]
        name = optional_column("DataFrame", names, request.path_column, PATH_NAMES, "--path-column")
        paths += [path for path in columns[name] if not is_missing(path)] if name else []
    if paths and all(map(os.path.isabs, paths)):
        return Path(os.path.commonpath([os.path.dirname(path) for path in paths]))  # noqa: PTH120  texts
    return Path()


def text_of(cell: Any) -> str:
    """A cell as a table of text would have it."""
    if is_nothing(cell):
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")  # one text for each content
    if not has_words(cell):
        return f"a {type(cell).__module__}.{type(cell).__name__}"
    whole = isinstance(cell, float | np.floating) and cell.is_integer()
    try:
        return str(int(cell)) if whole else str(cell)
    except ValueError as error:  # more digits than Python writes
        raise wrong_objects(f"a number cannot be written as text ({error})") from error


def has_words(cell: Any) -> bool:
    """Whether it can be told in words that stay the same: not by where it lies in memory."""
    if isinstance(cell, str | int):
        return True
    return not repr(cell).startswith("<") or str(cell) != repr(cell)


def rows_of_frame(columns: Mapping[str, list[Any]], split: str, request: Request) -> SplitRows:
    """The rows of a frame that holds pictures, with their labels, groups and splits, by the rules of tables.

    Raises AssayError `bad-arrays` where it holds paths, and those of tables.
    """
    image = image_column(columns, request)
    if image is None:
        raise wrong_objects("one data frame holds pictures, another paths")
    found = SplitRows(split)
    texts = {name: [text_of(cell) for cell in cells] for name, cells in columns.items() if name != image}
    group = request.group_column
    told = split_column("DataFrame", texts, list(texts), request, {group} if group else ())
    parted = told.name
    found.labels, of_labels, found.notes = table_labels(
        "DataFrame", texts, request, {name for name in (parted, group) if name}
    )
    found.notes += told.notes
    if group is not None:
        optional_column("DataFrame", list(texts), group, (), "--group-column")
        found.columns["group"], notes = groups_of(group, texts[group])
        found.notes += notes
    found.columns |= {name: texts[name] for name in texts if name not in (parted, *of_labels)}
    if parted is not None:
        found.splits, notes = splits_of_cells("DataFrame", parted, texts[parted], request.split_names)
        found.notes += notes
    found.payloads = [as_payload(value, f"row {row}", request) for row, value in enumerate(columns[image], 1)]
    return found
