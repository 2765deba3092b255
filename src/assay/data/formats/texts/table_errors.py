"""The errors of tables of text, each with the way on."""

import csv
import io
from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, shortened
from assay.data.formats.safe_open import open_file

#: Characters of a line that are looked at.
_LONGEST: Final = 1 << 17

#: Lines above a header, and lines that are looked at to find it.
_ABOVE_HEADER: Final = 20
_LOOKED_AT: Final = 200


def unreadable(path: Path, what: str) -> AssayError:
    """The error of a text that is no table."""
    return AssayError(
        "table-unreadable", path, what, "Save it as UTF-8 with one header line, or as JSON lines."
    )


def not_unicode(path: Path, encoding: str) -> AssayError:
    """The error of a text in another encoding: its first such line as it would read in the most usual one."""
    if encoding == "utf-16":
        return unreadable(path, "it begins as UTF-16, and goes on as something else")
    with open_file(path) as file:
        lines = ((number, file.readline(_LONGEST)) for number in count(1))
        number, line = next((n, found) for n, found in lines if not found or not _is_utf_8(found))
    reading = shortened(one_line(line.decode("cp1252", "replace").strip()))
    fix = (
        f'Save it as UTF-8 (Excel: "CSV UTF-8"). If that reading is right, in its folder: '
        f"iconv -f WINDOWS-1252 -t UTF-8 {quote(path.name)} > {quote('utf8-' + path.name)}"
    )
    what = f"it is not UTF-8: line {number:,} reads {reading!r} as Windows-1252"
    return AssayError("table-unreadable", path, what, fix)


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def same_names(path: Path, names: Sequence[str]) -> AssayError:
    """The error of two columns of one name; where all names are numbers there is no header."""
    twice = next(name for number, name in enumerate(names) if name in names[:number])
    what = f"two columns have the same name, {shortened(one_line(twice))!r}"
    if all(name[:1] in "-+." or name[:1].isdigit() for name in names):
        fix = (
            "The first line holds numbers, so there is no header. A table of pixels has the label first, a "
            "whole number, and then nothing but the pixels of a square, from 0 to 255."
        )
        return AssayError("table-unreadable", path, what, fix)
    return AssayError("table-unreadable", path, what, "Give each column a name of its own.")


def other_width(
    path: Path,
    line: int,
    cells: int,
    width: int,
    delimiter_of: Callable[[str], str],
    is_usual: Callable[[str], bool],
) -> AssayError:
    """The error for a line that is no row of the table: with the command that leaves out what stands above
    the header, where all lines from a later one on have as many cells."""
    what = f"line {line} has {counted(cells, 'cell', 'cells')}, the header {width}"
    if line > _ABOVE_HEADER:
        return unreadable(path, what)
    with open_file(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as text:
        lines = list(islice(text, _LOOKED_AT))
    for above in range(1, min(_ABOVE_HEADER, len(lines) - 2)):
        header = lines[above]
        rows = list(filter(None, csv.reader(lines[above:], delimiter=delimiter_of(header))))
        usual = rows and any(map(is_usual, rows[0]))
        if usual and len({len(row) for row in rows}) == 1 < len(rows[0]):
            break
    else:
        return unreadable(path, what)
    shown, plain = shortened(one_line(header.strip())), quote(f"plain-{path.name}")
    fix = (
        f"Its lines have the same columns from line {above + 1} on, {shown}: if that is the header, "
        f"in its folder: tail -n +{above + 1} {quote(path.name)} > {plain}"
    )
    return AssayError("table-unreadable", path, what, fix)
