"""A table beside a table of labels that says which images belong together, and was not read."""

import os
from collections.abc import Mapping, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.listing.columns.file_index import ending_of
from assay.data.listing.columns.images import image_column
from assay.data.listing.columns.path_columns import first_rows
from assay.data.listing.listing import Part
from assay.data.request import Request
from assay.data.splitting.group_columns import group_columns
from assay.data.splitting.groups_beside import SHARE, Beside, notes_on_groups_beside, tail

#: Tables that the command can read and write.
_PLAIN: Final = SUFFIXES[:2]


def notes_on_groups_of_tables(
    tables: Sequence[Path], request: Request, parts: Mapping[str, Part]
) -> list[str]:
    """A note on a table beside those that were read, with a column that seems to name groups of their images;
    and the command that writes the table once more with that column.

    None where the tables name groups themselves, or the user does. parts: the images, by split.
    """
    if not tables or request.group_column or request.group_pattern or group_columns(parts):
        return []
    root = tables[0].parent
    beside = sorted(name for name in os.listdir(root) if name.lower().endswith(SUFFIXES))  # noqa: PTH208
    others = [name for name in beside if root / name not in tables and "submission" not in name.lower()]
    images = {split: dict(zip(part.ids, part.labels, strict=True)) for split, part in parts.items()}

    def way(found: Beside) -> str:
        return _command(tables[0], request, found) if len(tables) == 1 else ""

    return notes_on_groups_beside(root, others, images, way) if others else []


def _command(table: Path, request: Request, beside: Beside) -> str:
    """A line for the shell that writes the table once more with a column of the other one, never over a file;
    empty where that cannot be said in a line."""
    if not all(name.lower().endswith(_PLAIN) for name in (table.name, beside.table)):
        return ""
    try:
        columns = first_rows(table)
        path = image_column(table, columns, request.path_column)
    except AssayError:
        return ""  # a hint less
    known = {tail(cell, beside.parts) for cell in beside.columns[beside.path]}
    named = sum(tail(cell, beside.parts) in known for cell in columns[path])
    if beside.group in columns or named < SHARE * len(columns[path]):
        return ""
    cells = (*columns[path], *beside.columns[beside.path])
    group, name = dumps(beside.group), _free(table)
    code = (
        f"import csv,re;{_key(cells, beside.parts)}"
        "R=lambda t,d:csv.DictReader(open(t,encoding='utf-8-sig',newline=''),delimiter=d);"
        f"P={{K(r[{dumps(beside.path)}]):r[{group}] for r in {_rows(beside.root / beside.table)}}};"
        f'rows=[{{**r,{group}:P.get(K(r[{dumps(path)}]),"")}} for r in {_rows(table)}];'
        f"w=csv.DictWriter(open({dumps(name)},'x',newline='',encoding='utf-8'),list(rows[0]));"
        "w.writeheader();w.writerows(rows)"
    )
    folder = quote(str(table.parent))
    given = f"{quote(str(table.parent / name))} --group-column {quote(beside.group)}"
    given += f" --path-column {quote(path)}" if request.path_column else ""
    given += f" --label-column {quote(request.label_column)}" if request.label_column else ""
    return one_line(f"(cd {folder} && python3 -c {quote(code)}) ; then give {given}")


def _key(cells: Sequence[str], parts: int) -> str:
    """Python for the name by which images are known: `tail`."""
    endings = "|".join(sorted({ending_of(cell)[1:] for cell in cells} - {""}))
    bare = f'"/".join(x.strip().replace(chr(92),"/").lstrip("./").split("/")[-{parts}:])'
    name = f're.sub(r"(?i)\\.({endings})$","",{bare})' if endings else bare
    return f"K=lambda x:{name}.casefold();"


def _rows(table: Path) -> str:
    return f"R({dumps(table.name)},{dumps(delimiter_of(table))})"


def _free(table: Path) -> str:
    names = (f"{table.stem}-groups{number}.csv" for number in chain(("",), map(str, count(2))))
    return next(name for name in names if not (table.parent / name).exists())
