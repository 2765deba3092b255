"""Reading tables of text: CSV, TSV and JSON lines, as columns of equally long text."""

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Final

from assay.core.errors import AssayError
from assay.core.text import each_once
from assay.data.formats.safe_open import open_file
from assay.data.formats.texts.column_names import SINGLE_VALUED, usual_spelling
from assay.data.formats.texts.table_errors import not_unicode, other_width, same_names, unreadable

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson")

#: Bytes of one table; ten million rows of 100 bytes.
_LARGEST: Final = 1 << 30

#: Characters of one line of JSON, and of one cell of CSV.
_LONGEST: Final = 1 << 17

#: What `neutral_cell` puts an apostrophe before; it is taken away again.
_NEUTRALIZED: Final = ("'=", "'+", "'-", "'@", "'\t", "'\r", "''")

#: Objects in JSON lines are columns so deep, and with so many keys in all lines together.
_DEEPEST: Final = 3
_MOST_KEYS: Final = 30

#: How a zip file begins, an Excel workbook too; and the line by which Excel is told the delimiter.
_ZIP: Final = b"PK\x03\x04"
_SEPARATOR_LINE: Final = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)

#: How UTF-16 begins where it says so itself, as "Unicode text" of Excel does.
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


Columns = Mapping[str, Sequence[str]]


def read_table(path: Path, nested: list[str] | None = None, most: int | None = None) -> Columns:
    """The columns of a table by name, every cell as text ("" where JSON lines have nothing). What stands in
    objects of JSON lines is a column too, `class.name`; columns with lists, and objects with many keys, are
    left out, their names added to `nested`. most: rows to read; None: all.

    Raises AssayError `table-unreadable` with the line, and those of `open_file`.
    """
    with open_file(path) as file:
        first = file.read(4)
        if first == _ZIP:
            raise unreadable(path, "it is a workbook of Excel or another zip file, whatever its name")
        file.seek(0)
        if path.stat().st_size > _LARGEST:
            raise unreadable(path, f"it has more than {_LARGEST:,} bytes")
        encoding = "utf-16" if first.startswith(_UTF_16) else "utf-8-sig"
        with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            rows = (
                _json_rows(path, text, nested)
                if path.suffix.lower() in (".jsonl", ".ndjson")
                else _csv_rows(path, text)
            )
            try:
                return _columns(path, rows if most is None else islice(rows, most + 1))
            except UnicodeDecodeError as error:
                raise not_unicode(path, encoding) from error


def delimiter_of(path: Path) -> str:
    """What parts the cells of a table of text. Errors as of `read_table`."""
    with open_file(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as text:
        first = text.readline(_LONGEST)
    told = _SEPARATOR_LINE.fullmatch(first)
    return told[1] if told else _delimiter(path, first)


def _columns(path: Path, rows: Iterator[Sequence[str]]) -> Columns:
    """Columns from rows, the first of which is the header."""
    header = next(rows, None)
    if header is None:
        raise unreadable(path, "it is empty")
    header = [name.lstrip("\ufeff") for name in header]  # of two marks the decoder takes one
    columns: list[list[str]] = [[] for _ in header]
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    # What spreadsheets write behind the last column, and no line of data has anything in.
    named = [both for both in zip(header, columns, strict=True) if both[0].strip() or any(both[1])]
    if len({name for name, _ in named}) < len(named):
        raise same_names(path, [name for name, _ in named])
    return dict(named)


def _csv_rows(path: Path, text: IO[str]) -> Iterator[Sequence[str]]:
    first = text.readline()
    told = _SEPARATOR_LINE.fullmatch(first)
    first = text.readline() if told else first
    delimiter = told[1] if told else _delimiter(path, first)
    reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
    width = None
    try:
        for row in reader:
            if not row or (len(row) > 1 and not any(map(str.strip, row))):
                continue  # a blank line, as spreadsheets write it too: ",,"
            width = width or len(row)
            if len(row) != width:
                raise _other_width(path, reader.line_num, len(row), width)
            yield [cell[1:] if cell.startswith(_NEUTRALIZED) else cell for cell in row]
    except csv.Error as error:
        raise unreadable(path, f"line {reader.line_num}: {error}") from error


def _other_width(path: Path, line: int, cells: int, width: int) -> AssayError:
    def is_usual(cell: str) -> bool:
        return usual_spelling(cell) in SINGLE_VALUED

    return other_width(path, line, cells, width, lambda header: _delimiter(path, header), is_usual)


def _delimiter(path: Path, header: str) -> str:
    """Tab for .tsv; else whichever of comma, semicolon, tab, or else bar, space, the header has most of."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    usual = max(",;\t", key=header.count)
    return usual if usual in header.strip("\r\n") else max("| ", key=header.count)


def _json_rows(path: Path, text: IO[str], left_out: list[str] | None = None) -> Iterator[Sequence[str]]:
    """Rows of JSON lines, under a header of all the keys that occur in them."""
    numbers, objects = [], []
    for number, line in _lines(path, text):
        numbers.append(number)
        objects.append(_record(path, number, line))
    alone = _whole(objects)
    for key in alone.intersection(SINGLE_VALUED):
        number = next(n for n, one in zip(numbers, objects, strict=True) if isinstance(one.get(key), dict))
        raise unreadable(path, f"line {number} has several values as its {key}")
    records = [_cells(record, alone) for record in objects]
    nested = {key for record in records for key, value in record.items() if value is None}
    header = list(dict.fromkeys(key for record in records for key in record if key not in nested))
    if left_out is not None:
        left_out += sorted(nested)
    yield header
    for record in records:
        yield [record.get(key) or "" for key in header]


def _whole(records: Sequence[dict[str, Any]]) -> set[str]:
    """The keys whose objects are left out as one column: they have many keys in all, as of boxes by their
    names, or stand beside plain values."""
    inner: dict[str, set[str]] = {}
    plain: set[str] = set()
    for record in records:
        for key, value in record.items():
            if isinstance(value, dict):
                inner.setdefault(key, set()).update(name for name, _ in _leaves(value, key))
            elif value is not None:
                plain.add(key)
    known = plain.union(key for record in records for key in record)
    return {key for key, names in inner.items() if len(names) > _MOST_KEYS or key in plain or names & known}


def _leaves(values: dict[str, Any], outer: str, depth: int = 1) -> Iterator[tuple[str, Any]]:
    """What an object holds, by names such as `class.name`; what lies deep as it is."""
    for key, value in values.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _leaves(value, f"{outer}.{key}", depth + 1)
        else:
            yield f"{outer}.{key}", value


def _cells(record: dict[str, Any], alone: Collection[str]) -> dict[str, str | None]:
    """The cells of a record as text; None for what is left out: lists, and objects of the keys in `alone`."""
    found: dict[str, str | None] = {}
    for key, value in record.items():
        inside = isinstance(value, dict) and key not in alone
        for name, leaf in _leaves(value, key) if inside else [(key, value)]:
            several = isinstance(leaf, list | dict) or name in found
            found[name] = None if several else _cell(leaf)
    return found


def _lines(path: Path, text: IO[str]) -> Iterator[tuple[int, str]]:
    number = 0
    while line := text.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            raise unreadable(path, f"line {number} is longer than {_LONGEST:,} characters")
        if line.strip():
            yield number, line


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    """The object in a line, in which what must be one value is no list: of a list of one value that value."""
    try:
        record = json.loads(line, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f"line {number} is not JSON ({error})") from error
    if not isinstance(record, dict):
        raise unreadable(path, f"line {number} is not one JSON object")
    for key in SINGLE_VALUED:
        value = record.get(key)
        if isinstance(value, list):
            if len(value) != 1 or isinstance(value[0], list | dict):
                what = f"line {number} has several values as its {key}"
                fix = "Give each line one image and one class; Assay does not train on several at once."
                raise AssayError("table-unreadable", path, what, fix)
            record[key] = value[0]
    return {key: _thinned(value) for key, value in record.items()}


def _thinned(value: Any, depth: int = 1) -> Any:
    """A value without what is no cell: of lists, of objects that lie too deep and of keys beyond the most it
    is only asked whether they are there, and all lines are held at once."""
    if isinstance(value, dict) and depth <= _DEEPEST:
        return {key: _thinned(inner, depth + 1) for key, inner in islice(value.items(), _MOST_KEYS + 1)}
    return type(value)() if isinstance(value, list | dict) else value


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
