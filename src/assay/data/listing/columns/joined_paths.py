"""Tables whose columns together make the paths of the images: a folder and a file, a slide and a place."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, combinations, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES, Columns, delimiter_of
from assay.data.listing.columns.file_index import file_index

#: Rows that are asked for a way, columns that may be in it, and images at most.
_ROWS: Final = 5
_COLUMNS: Final = 6
_MOST: Final = 200_000

#: So many rows must find an image of their own, and such a share of them.
_FEWEST: Final = 3
_SHARE: Final = 0.9

#: The refusals of paths that other columns may help.
_OF_PATHS: Final = ("column-missing", "ambiguous-layout")

#: What parts the words of a path; and a part of one: constant, or the cell of a column.
_TOKEN: Final = re.compile(r"[^\W_]+")
_Part = str | list[str]


@contextmanager
def ways_by_columns(table: Path | None, columns: Columns) -> Iterator[None]:
    """A refusal of a table's paths with what to type where its columns together make them. table: None where
    there is no file, or the column was asked for."""
    try:
        yield
    except AssayError as error:
        way = "" if table is None or error.code not in _OF_PATHS else way_by_columns(table, columns)
        if not way:
            raise
        fix = error.fix if error.code == "column-missing" else "Do so, or write the paths out in one column."
        raise AssayError(error.code, error.where, f"{error.what}; {way}", fix, error.more) from error


def way_by_columns(table: Path, columns: Columns) -> str:
    """What to type where the cells of two columns or more, put together, are the paths of images: the command
    that writes a table with these paths; empty where they are none."""
    if table.suffix.lower() not in SUFFIXES[:2]:
        return ""
    named = file_index(table.parent)
    paths = [
        path for name, own in named.items() if name.lower().endswith(tuple(FORMAT_BY_NAME)) for path in own
    ]
    if not paths or len(paths) > _MOST:
        return ""
    known = set(paths)
    parts = next((found for found in _ways(columns, paths) if _fits(found, columns, known)), None)
    return "" if parts is None else _command(table, columns, parts)


def _ways(columns: Columns, paths: Sequence[str]) -> Iterator[list[_Part]]:
    """The ways in which a few rows may make a path, those of most columns first."""
    by_token: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        for token in set(_TOKEN.findall(path)):
            by_token[token].append(path)
    rows = len(next(iter(columns.values()), ()))
    for row in range(0, rows, max(1, rows // _ROWS)):
        cells = {name: cell for name, own in columns.items() if (cell := own[row].strip())}
        likely = min(
            (
                by_token[token]
                for cell in cells.values()
                for token in _TOKEN.findall(cell)
                if token in by_token
            ),
            key=len,
            default=[],
        )
        for path in sorted(likely, key=lambda one: -len(_columns_in(one, cells)))[:_ROWS]:
            there = _columns_in(path, cells)[:_COLUMNS]
            for size in range(len(there), 1, -1):
                for chosen in combinations(there, size):
                    yield from _parted(path, {name: cells[name] for name in chosen})


def _columns_in(path: str, cells: Mapping[str, str]) -> list[str]:
    """The columns whose cells stand in a path as whole words, the longest cells first."""
    found = [name for name, cell in cells.items() if re.search(_whole(cell), path)]
    return sorted(found, key=lambda name: -len(cells[name]))


def _whole(cell: str) -> str:
    return rf"(?<![^\W_]){re.escape(cell)}(?![^\W_])"


def _parted(path: str, cells: Mapping[str, str]) -> Iterator[list[_Part]]:
    """The path as constant parts and columns, where each of them has a word of its own."""
    column = {cell: name for name, cell in cells.items()}
    if len(column) < len(cells):
        return
    pattern = "|".join(_whole(cell) for cell in sorted(column, key=len, reverse=True))
    parts: list[_Part] = []
    at = 0
    for found in re.finditer(pattern, path):
        parts += [path[at : found.start()], [column[found[0]]]]
        at = found.end()
    parts.append(path[at:])
    if {part[0] for part in parts if isinstance(part, list)} == set(cells):
        yield [part for part in parts if part]


def _fits(parts: Sequence[_Part], columns: Columns, known: set[str]) -> bool:
    made = [
        "".join(part if isinstance(part, str) else columns[part[0]][row].strip() for part in parts)
        for row in range(len(next(iter(columns.values()))))
    ]
    hits = {path for path in made if path in known}
    return len(hits) >= max(_FEWEST, _SHARE * len(made))


def _command(table: Path, columns: Columns, parts: Sequence[_Part]) -> str:
    own = next(name for name in chain(["file_name"], _numbered("file_name")) if name not in columns)
    stems = (f"{table.stem}-paths{ending}.csv" for ending in chain([""], map(str, count(2))))
    out = next(name for name in stems if not (table.parent / name).exists())
    given = f'open({dumps(table.name)},encoding="utf-8-sig",newline="")'
    code = (
        f"import csv;R=csv.DictReader({given},delimiter={dumps(delimiter_of(table))});"
        f'rows=[{{{dumps(own)}:"".join(p if isinstance(p,str) else r[p[0]].strip() for p in {dumps(parts)})'
        ",**r} for r in R];"
        f'w=csv.DictWriter(open({dumps(out)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    command = f"(cd {quote(str(table.parent))} && python3 -c {quote(code)})"
    shown = "".join(part if isinstance(part, str) else f"<{part[0]}>" for part in parts)
    return one_line(
        f"its columns together make the paths of images, {shown}: this writes a table with them: {command} ; "
        f"then give {quote(str(table.parent / out))} --path-column {quote(own)}"
    )


def _numbered(name: str) -> Iterator[str]:
    return (f"{name}_{number}" for number in count(2))
