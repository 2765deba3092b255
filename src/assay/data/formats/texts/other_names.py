"""Texts that are tables but for their names or what stands above their header: how they are read."""

from itertools import count, islice
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import read_table
from assay.data.formats.texts.column_names import LABEL_NAMES, PATH_NAMES, usual_spelling

#: What files are called by their names that may be such texts.
TEXTS: Final = ("a list", "a file of bare bytes")

#: Rows that are looked at; and values of the smallest picture, 4 x 4, in a row.
_ROWS: Final = 50
_FEWEST_VALUES: Final = 16

#: Bytes of a line.
_LONGEST: Final = 1 << 17


def way_to_read_text(path: Path) -> str:
    """A sentence with the command that calls a table what it is: `labels.txt` with columns of images and
    labels, `optdigits.tra` with a row of numbers for each picture. Empty for any other file."""
    numbers = map(str, count(2))
    names = (path.with_name(f"{path.stem}{n}.csv") for n in ("", *islice(numbers, 99)))
    old, new = quote(path.name), quote(next(name for name in names if not name.exists()).name)
    told = f"in its folder: cp {old} {new}"
    if _has_header(path):
        return one_line(f"It is a table, for its first line names columns; call it one, {told}.")
    sign = _sign_of_numbers(path)
    if sign == " ":
        told = f"in its folder: sed 's/^ *//; s/ *$//; s/ \\+/,/g' {old} > {new}"
    if not sign:
        return ""
    return one_line(f"It is a table of numbers; if each row is a picture, call it one, {told}.")


def _has_header(path: Path) -> bool:
    try:
        columns = read_table(path, most=_ROWS)
    except AssayError:
        return False
    names = {usual_spelling(name) for name in columns}
    image = any(name.lower().endswith(tuple(FORMAT_BY_NAME)) for name in columns)
    return not image and not names.isdisjoint(PATH_NAMES) and not names.isdisjoint(LABEL_NAMES)


def _sign_of_numbers(path: Path) -> str:
    """What parts the numbers of each line, as many in all; empty where there is more than numbers."""
    try:
        with open_file(path) as file:
            lines = [file.readline(_LONGEST).decode("ascii").strip() for _ in range(_ROWS)]
    except (AssayError, UnicodeDecodeError):
        return ""
    given = list(filter(None, lines))
    for sign in ",;\t ":
        rows = [line.split(None if sign == " " else sign) for line in given]
        if rows and len({len(row) for row in rows}) == 1 and len(rows[0]) > _FEWEST_VALUES:
            return sign if all(_is_number(cell) for row in rows for cell in row) else ""
    return ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
