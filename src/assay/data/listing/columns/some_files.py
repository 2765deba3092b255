"""What to type where no row of a table has its file as written, and most have one elsewhere."""

import os
from collections.abc import Mapping, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES, delimiter_of, read_table
from assay.data.listing.columns.file_index import file_index, without_ending

#: The share of the rows that must have a file, and how many folders above the table are tried.
_SHARE: Final = 0.5
_ABOVE: Final = 2


def hint_on_some_files(folder: Path, table: Path, cells: Sequence[str]) -> str:
    """A sentence with what reads the rows that have a file: those whose paths begin above `folder`, or in one
    folder below it, by --root; else those of which a file has the name, with the command for a table of them.

    Nothing is read by it unasked: numbers from 1 over files from 0 have files too, all but the last. Empty
    where fewer than half of the rows have a file.
    """
    given = [cell.strip() for cell in cells if cell.strip() and "\0" not in cell]
    if not given:
        return ""
    for start in [Path(folder, *[".."] * up).resolve() for up in range(1, _ABOVE + 1)]:
        if start != start.parent and _share(start, given) > _SHARE:
            return f"From {one_line(str(start))} on {_told(start, given)}: --root {_typed(start)}."
    found = _by_name(folder, given)
    if len(found) <= _SHARE * len(given):
        return ""
    places = {path.removesuffix(cell).rstrip("/") for cell, path in found.items() if path.endswith(cell)}
    if len(places) == 1 and all(path.endswith(cell) for cell, path in found.items()):
        start = folder / places.pop()
        return f"In {one_line(str(start))} {_told(start, given)}: --root {_typed(start)}."
    return _by_command(folder, table, given, found)


def hint_on_paths_above(start: str, file: str) -> str:
    """The option that reads a path which leads out of the folder of a table, to a file that is there."""
    ups = 0
    for piece in Path(file).parts:
        if piece != "..":
            break
        ups += 1
    whole = Path(os.path.normpath(Path(start, file)))
    root = Path(start, *[".."] * ups).resolve()
    if not ups or root == root.parent or not whole.is_file():
        return ""
    return f", or say that they may lie above it: --root {_typed(root)}"


def _share(start: Path, given: Sequence[str]) -> float:
    return sum(_is_file(start, cell) for cell in given) / len(given)


def _is_file(start: Path, cell: str) -> bool:
    return os.path.isfile(os.path.join(start, cell))  # noqa: PTH113, PTH118  no error for names too long


def _told(start: Path, given: Sequence[str]) -> str:
    found = [cell for cell in given if _is_file(start, cell)]
    return _of(len(found), given, next((cell for cell in given if not _is_file(start, cell)), None))


def _of(found: int, given: Sequence[str], gone: str | None) -> str:
    last = f" ({one_line(gone)} has none)" if gone is not None else ""
    return f"{found:,} of {counted(len(given), 'row has its file', 'rows have their files')}{last}"


def _typed(folder: Path) -> str:
    return one_line(quote(str(folder)))


def _by_name(folder: Path, given: Sequence[str]) -> dict[str, str]:
    """The only file of each name, with the ending of an image or without; no file is that of two names."""
    index = file_index(folder)
    stems: dict[str, list[str]] = {}
    for name, paths in index.items():
        if name.lower().endswith(tuple(FORMAT_BY_NAME)):
            stems.setdefault(without_ending(name), []).extend(paths)
    found = {cell: path for cell in dict.fromkeys(given) if (path := _file_of(cell, index, stems))}
    return found if len(set(found.values())) == len(found) else {}


def _file_of(cell: str, index: Mapping[str, Sequence[str]], stems: Mapping[str, Sequence[str]]) -> str:
    name = cell.replace("\\", "/").rpartition("/")[2]
    paths = index.get(name) or stems.get(without_ending(name)) or ()
    return paths[0] if len(paths) == 1 else ""


def _by_command(folder: Path, table: Path, given: Sequence[str], found: Mapping[str, str]) -> str:
    """The hint with a line for the shell that writes the rows which have a file, and never over a file."""
    if table.suffix.lower() not in SUFFIXES[:2]:
        return ""
    try:
        cells = {
            name: [cell.strip() for cell in own if cell.strip()] for name, own in read_table(table).items()
        }
        column = next(name for name, own in cells.items() if own == list(given))
        delimiter = delimiter_of(table)
    except (AssayError, StopIteration):
        return ""  # a hint less
    names = (f"{table.stem}-found{number}.csv" for number in chain(("",), map(str, count(2))))
    name = next(name for name in names if not (table.parent / name).exists())
    known = ",".join(map(dumps, sorted(FORMAT_BY_NAME)))
    inside = os.path.relpath(folder, table.parent)
    code = (
        "import csv;from pathlib import Path;from collections import Counter;"
        f'F=[f for f in sorted(Path({dumps(inside)}).rglob("*")) if f.suffix.lower() in ({known},) '
        'and not any(q[:1]=="." and q!=".." for q in f.parts)];'
        "n=Counter(f.name for f in F);e=Counter(f.stem for f in F);"
        "m={**{f.stem:f for f in F if e[f.stem]<2},**{f.name:f for f in F if n[f.name]<2}};"
        f"S=lambda c:Path(c).stem if Path(c).suffix.lower() in ({known},) else c;"
        f'L=lambda r:r[{dumps(column)}].strip().replace(chr(92),"/").rpartition("/")[2];'
        f'R=list(csv.DictReader(open({dumps(table.name)},encoding="utf-8-sig",newline=""),'
        f"delimiter={dumps(delimiter)}));"
        f"rows=[{{**r,{dumps(column)}:f.as_posix()}} for r in R "
        "for f in [m.get(L(r)) or m.get(S(L(r)))] if f];"
        f'w=csv.DictWriter(open({dumps(name)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        'w.writeheader();w.writerows(rows);print(len(rows),"of",len(R),"rows")'
    )
    cell, path = next(iter(found.items()))
    gone = next((cell for cell in given if cell not in found), None)
    told = _of(sum(cell in found for cell in given), given, gone)
    return one_line(
        f"By their names alone {told}: where {one_line(cell)} is {one_line(path)}, this writes a table of "
        f"these rows: (cd {quote(str(table.parent.absolute()))} && python3 -c {quote(code)}) ; then give "
        f"{quote(str(table.parent / name))}."
    )
