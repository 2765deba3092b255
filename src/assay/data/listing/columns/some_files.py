"""What to type where no row of a table has its file as written, and most have one elsewhere."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import Columns
from assay.data.listing.columns.file_index import file_index, without_ending
from assay.data.listing.columns.one_hot import shown_columns
from assay.data.listing.columns.written import command_for_table
from assay.data.request import Request

#: The share of the rows that must have a file, and how many folders above the table are tried.
_SHARE: Final = 0.5
_ABOVE: Final = 2


def way_to_files(folder: Path, table: Path, columns: Columns, path: str, label: str, request: Request) -> str:
    """What reads the rows of a table of which none has its file as written; empty where nothing does.

    folder: where its paths begin. path, label: the columns that were read.
    """
    if not table.is_file():
        return ""  # a data frame
    some = _on_some_files(folder, table, path, columns[path])
    return some or _on_classes_in_ids(folder, columns, path, label, table, request)


def _on_some_files(folder: Path, table: Path, column: str, cells: Sequence[str]) -> str:
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
            return (
                f"From {one_line(str(start))} on {_told(start, given)}: --root {one_line(quote(str(start)))}."
            )
    found = _by_name(folder, given)
    if len(found) <= _SHARE * len(given):
        return ""
    places = {path.removesuffix(cell).rstrip("/") for cell, path in found.items() if path.endswith(cell)}
    if len(places) == 1 and all(path.endswith(cell) for cell, path in found.items()):
        start = folder / places.pop()
        return f"In {one_line(str(start))} {_told(start, given)}: --root {one_line(quote(str(start)))}."
    return _by_command(folder, table, column, given, found)


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
    return f", or say that they may lie above it: --root {one_line(quote(str(root)))}"


def _on_classes_in_ids(
    folder: Path, columns: Columns, path: str, label: str, table: Path, request: Request
) -> str:
    """What to do with a row for each image and class, both in one cell, and a label of 0 or 1 (ID_1_any,1):
    the command for a table with a column for each class. Empty where they are none such."""
    parts = [cell.strip().rpartition("_") for cell in columns[path]]
    classes = dict.fromkeys(part for _, _, part in parts)
    images = dict.fromkeys(image for image, _, _ in parts)
    whole = len(set(parts)) == len(parts) == len(classes) * len(images) and 1 < len(classes) < len(images)
    if not whole or "" in images or not {cell.strip() for cell in columns[label]} <= {"0", "1"}:
        return ""
    if len(_by_name(folder, list(images))) <= _SHARE * len(images):
        return ""
    code = (
        f"D={{}};[D.setdefault(i,{{}}).update({{c:r[{dumps(label)}]}}) for r in R "
        f'for i,_,c in [r[{dumps(path)}].strip().rpartition("_")]];'
        'rows=[{"file_name":i,**v} for i,v in D.items()]'
    )
    command = command_for_table(table, "wide", code, replace(request, path_column=None))
    shown = f"{len(classes):,} classes, {shown_columns(list(classes))}"
    told = f"Each of {len(images):,} images has a row for each of {shown}"
    return f"{told}: this writes a table with a column for each: {command}." if command else ""


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


def _by_command(
    folder: Path, table: Path, column: str, given: Sequence[str], found: Mapping[str, str]
) -> str:
    """The hint with a line for the shell that writes the rows which have a file, and never over a file."""
    known = ",".join(map(dumps, sorted(FORMAT_BY_NAME)))
    inside = os.path.relpath(folder, table.parent)
    code = (
        f'F=[f for f in sorted(Path({dumps(inside)}).rglob("*")) if f.suffix.lower() in ({known},) '
        'and not any(q[:1]=="." and q!=".." for q in f.parts)];'
        "n=Counter(f.name for f in F);e=Counter(f.stem for f in F);"
        "m={**{f.stem:f for f in F if e[f.stem]<2},**{f.name:f for f in F if n[f.name]<2}};"
        f"S=lambda c:Path(c).stem if Path(c).suffix.lower() in ({known},) else c;"
        f'L=lambda r:r[{dumps(column)}].strip().replace(chr(92),"/").rpartition("/")[2];'
        f"rows=[{{**r,{dumps(column)}:f.as_posix()}} for r in R "
        "for f in [m.get(L(r)) or m.get(S(L(r)))] if f]"
    )
    command = command_for_table(table, "found", code)
    if not command:
        return ""
    cell, path = next(iter(found.items()))
    gone = next((cell for cell in given if cell not in found), None)
    told = _of(sum(cell in found for cell in given), given, gone)
    where = f"where {one_line(cell)} is {one_line(path)}"
    return f"By their names alone {told}: {where}, this writes a table of these rows: {command}."
