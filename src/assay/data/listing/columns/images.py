"""Columns that name images besides the one that was read, and images beside those that a table names."""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import Columns
from assay.data.formats.texts.column_names import PATH_NAMES, chosen_column
from assay.data.listing.columns.file_index import file_index, without_ending
from assay.data.listing.columns.path_columns import columns_of_images
from assay.data.listing.names import split_of

#: Folders that are looked into.
_MOST_FOLDERS: Final = 2_000

#: Rows of a table whose cells may be names of files, at least, and the share of them that must be.
_FEWEST_IDS: Final = 3
_NAMED: Final = 0.9

#: A column of a table of pixels, and how many of one kind it has at least.
_NUMBERED: Final = re.compile(r"(\D*)\d+")
_FEWEST_PIXELS: Final = 64
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


def note_on_other_images(columns: Columns, path: str) -> list[str]:
    """A note on columns that name images too: another view, a mask, an earlier photograph.

    path: the column that was read.
    """
    others = [name for name in columns_of_images(columns) if name != path]
    others = [name for name in others if list(columns[name]) != list(columns[path])]
    if not others:
        return []
    told = ", ".join(map(one_line, others))
    return [
        f"the images are those of the column {one_line(path)}; other files are named in {told} "
        f"(--path-column {quote(one_line(others[0]))})"
    ]


def image_column(table: Path, columns: Columns, asked: str | None) -> str:
    """The column that names the images: as asked for, or by its usual name.

    Raises AssayError `column-missing` with the columns that name images, and `table-unreadable` where the
    first line names an image, and no columns.
    """
    names = list(columns)
    image = next((name for name in names if name.strip().lower().endswith(tuple(FORMAT_BY_NAME))), None)
    if asked is None and image is not None:
        what = f"its first line names an image, {one_line(image)}, and no columns"
        header = ",".join(_meant(columns))
        fix = (
            f"In its folder, put a line with the names of the columns before it: "
            f"(echo {header}; cat {quote(table.name)}) > {quote('named-' + table.name)}"
        )
        raise AssayError("table-unreadable", table, what, fix)
    try:
        return chosen_column(table, names, asked, PATH_NAMES, "--path-column")
    except AssayError as error:
        named = columns_of_images(columns) or _columns_of_ids(table, columns)
        ways = [f"--path-column {quote(one_line(name))}" for name in named]
        if asked is None and (fix := _of_odd_lines(table, names) or _of_pixels(names)):
            raise AssayError(error.code, error.where, error.what, fix) from error
        if asked is not None or not ways:
            raise
        fix = f"Say which column names the images: {' or '.join(ways[:3])}."
        raise AssayError(error.code, error.where, error.what, fix) from error


def _columns_of_ids(table: Path, columns: Columns) -> list[str]:
    """The columns whose values are, for nearly all rows, each the name of a file below the table's folder,
    without its ending: `isic_id`. None of a table in memory."""
    if not table.is_file():
        return []
    known = {without_ending(name) for name in file_index(table.parent)}
    return [
        name
        for name, cells in columns.items()
        if len(cells) >= _FEWEST_IDS and len(known.intersection(cells)) >= _NAMED * len(cells)
    ]


def _of_pixels(names: Sequence[str]) -> str:
    """What to do with a table of pixels that is not read as one; empty for other tables."""
    numbered = Counter(found[1] for name in names if (found := _NUMBERED.fullmatch(name.strip())))
    start, count = numbered.most_common(1)[0] if numbered else ("", 0)
    if count < _FEWEST_PIXELS:
        return ""
    others = [name for name in names if not re.fullmatch(rf"{re.escape(start)}\d+", name.strip())]
    told = f" It has the columns {', '.join(map(one_line, others[:5]))} besides." if len(others) > 1 else ""
    return (
        "For a table of pixels keep the label and the pixels alone, a square of them as whole numbers from 0 "
        f"to 255, in a folder with a table for each split, train.csv and test.csv.{told}"
    )


def _of_odd_lines(table: Path, names: Sequence[str]) -> str:
    """What to do with a header of numbers, with lines that are quoted as a whole, and with cells that two
    signs part; empty for other tables."""
    if table.suffix.lower() not in (".csv", ".tsv"):
        return ""
    old, new = quote(table.name), f"plain-{table.stem}"
    same, tabs = quote(f"{new}{table.suffix}"), quote(f"{new}.tsv")
    if len(names) > _FEWEST_PIXELS and all(map(_NUMBER.fullmatch, names)):
        told = "Its first line holds numbers, of which pandas makes names where there is no header (0, 0.1)"
        return f"{told}: in its folder: sed '1s/\\.[0-9]*//g' {old} > {same}"
    if len(names) == 1 and "::" in names[0]:
        return f"Its cells are parted by two signs: in its folder: sed 's/::/\\t/g' {old} > {tabs}"
    if len(names) == 1 and re.search(r"[,;\t]", names[0]):
        unquoted = """sed 's/^"//; s/"\\r*$//; s/""/"/g'"""
        return f"Its lines are quoted as a whole: in its folder: {unquoted} {old} > {same}"
    return ""


def _meant(columns: Columns) -> list[str]:
    """What to call columns without a header: that of the images, of words for splits, and of the labels,
    which is the first whose values come several times, for the first of all may number the rows."""
    names: dict[str, str] = {}
    others = []
    for cell in columns:
        image = cell.strip().lower().endswith(tuple(FORMAT_BY_NAME))
        meant = "file_name" if image else "split" if split_of(cell) else ""
        if meant and meant not in names:
            names[meant] = cell
        else:
            others.append(cell)
    label = next((cell for cell in others if 2 * len({*columns[cell]}) <= len(columns[cell])), "")
    names["label"] = label or next(iter(others), "")
    called = {cell: meant for meant, cell in names.items()}
    return [called.get(cell, f"column{number}") for number, cell in enumerate(columns, 1)]


def notes_on_unnamed(root: Path, named: Collection[str]) -> list[str]:
    """A note on images in the folders of those that a table names, which no row names.

    named: paths below `root`. Folders that cannot be listed have none.
    """
    found = list(_unnamed(root, named))
    if not found:
        return []
    count = counted(len(found), "image lies", "images lie")
    return [
        f"{count} beside those that the table names, and no row names them: they were not read, "
        f"{one_line(found[0])} the first"
    ]


def _unnamed(root: Path, named: Collection[str]) -> Iterator[str]:
    endings = tuple(FORMAT_BY_NAME)
    for folder in list(dict.fromkeys(path.rpartition("/")[0] for path in named))[:_MOST_FOLDERS]:
        try:
            names = sorted(os.listdir(root / folder))  # noqa: PTH208
        except OSError:
            continue
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if name.lower().endswith(endings) and name[0] != "." and path not in named:
                yield path
