"""Tables under the names of texts whose rows name images by a folder and parts of a name: Adience's folds."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from json import dumps
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.exported.record_fields import are_labels

#: Texts that are looked into, rows that must name an image, and their share.
_LOOKED_INTO: Final = 50
_ROWS: Final = 4
_SHARE: Final = 0.9

#: Columns, at least; and values of a label, at most.
_COLUMNS: Final = 3
_CLASSES: Final = 100

_NAME: Final = re.compile(r"[A-Za-z][\w .-]*")

Row = Mapping[str, str]


def refuse_tables_in_texts(root: Path, files: Iterable[str], paths: Sequence[str]) -> None:
    """Raise AssayError `ambiguous-layout` where texts with a header name the images that folders were read as
    classes of, by the folder in one column and by the end of the name in one or two others: the folders are
    people, plates or the like, and one of the other columns has the classes.

    files: all that are no images. paths: of the images, below the root.
    """
    for names in _alike(files):
        tables = {name: _rows(root / name) for name in names}
        tables = {
            name: rows for name, rows in tables.items() if rows and list(rows[0]) == list(_first(tables))
        }
        rows = [row for own in tables.values() for row in own]
        found = _columns_of_images(rows, paths) if len(rows) >= _ROWS else None
        if found is None:
            continue
        folder, parts = found
        labels = [name for name in rows[0] if name not in (folder, *parts) and _is_label(rows, name)]
        if labels:
            raise _refusal(root, tables, found, labels, paths)


def _alike(files: Iterable[str]) -> Iterator[list[str]]:
    """Texts that are called alike but for numbers, the largest group first."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in [name for name in files if name.lower().endswith(".txt")][:_LOOKED_INTO]:
        groups[re.sub(r"\d+", "0", name)].append(name)
    yield from sorted(groups.values(), key=lambda names: (-len(names), names))


def _first(tables: Mapping[str, Sequence[Row]]) -> Row:
    return next((rows[0] for rows in tables.values() if rows), {})


def _rows(path: Path) -> list[Row]:
    """The first rows of a text whose first line names columns, parted by tabs or commas; none of others."""
    lines = lines_of(path)
    sign = "\t" if lines and "\t" in lines[0] else ","
    header = lines[0].split(sign) if lines else []
    if len(header) < _COLUMNS or len(set(header)) < len(header) or not all(map(_NAME.fullmatch, header)):
        return []
    found = csv.DictReader(lines[1:], header, delimiter=sign)
    return [row for row in found if None not in row and None not in row.values()]


def _columns_of_images(rows: Sequence[Row], paths: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The column of the folder, and those which make the end of the name of one image there."""
    below: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        below[PurePosixPath(path).parent.name].append(PurePosixPath(path).name)
    for folder in rows[0]:
        if sum(row[folder] in below for row in rows) < _SHARE * len(rows):
            continue
        others = [name for name in rows[0] if name != folder]
        hits: dict[tuple[str, ...], int] = {}
        for parts in [*permutations(others, 2), *permutations(others, 1)]:
            ends = [(row[folder], ".".join(row[name] for name in parts)) for row in rows]
            hits[parts] = sum(len(_of_end(below.get(place, ()), end)) == 1 for place, end in ends)
        best = max(hits, key=lambda parts: hits[parts], default=())  # two columns tell more than one
        if best and hits[best] >= _SHARE * len(rows):
            return folder, best
    return None


def _of_end(names: Iterable[str], end: str) -> list[str]:
    return [name for name in names if end and (name == end or name.endswith(f".{end}"))]


def _is_label(rows: Sequence[Row], name: str) -> bool:
    cells = [row[name].strip() for row in rows if row[name].strip() and row[name].strip() != "None"]
    return len(set(cells)) <= min(_CLASSES, len(cells) / 2) and are_labels(cells)


def _refusal(
    root: Path,
    tables: Mapping[str, Sequence[Row]],
    found: tuple[str, tuple[str, ...]],
    labels: Sequence[str],
    paths: Sequence[str],
) -> AssayError:
    folder, parts = found
    header = list(_first(tables))
    sign = "\t" if "\t" in lines_of(root / next(iter(tables)))[0] else ","
    fold = [] if "fold" in header or len(tables) == 1 else ["fold"]
    numbered = [[next(iter(re.findall(r"\d+", PurePosixPath(name).stem)), ""), name] for name in tables]
    end = '+"."+'.join(f"r[{dumps(name)}]" for name in parts)
    setup = (
        "G={};[G.setdefault(f.parent.name,[]).append(f) for f in F];"
        "E=lambda a,e:(lambda g:g if len(g)<2 else [])"
        '([f for f in G.get(a,[]) if e and ("."+f.name).endswith("."+e)]);'
    )
    rows = (
        f"((f.as_posix(),*(r[c] for c in {dumps(header)}){',n' if fold else ''}) "
        f"for n,t in {dumps(numbered)} "
        f'for r in csv.DictReader(open(t,encoding="utf-8-sig",newline=""),delimiter={dumps(sign)}) '
        f"for f in E(r[{dumps(folder)}],{end}))"
    )
    command = Images(root, paths).command(setup, rows, ("file_name", *header, *fold))
    shown = ", ".join(map(one_line, list(tables)[:2]))
    by, may = " and ".join(map(one_line, parts)), ", ".join(map(one_line, labels[:4]))
    what = (
        f"{shown} name the images by their folder ({one_line(folder)}) and {by}, so the folders may be no "
        f"classes; {may} may be: this writes a table of them: {command} "
        f"--label-column {quote(one_line(labels[0]))} --group-column {quote(one_line(folder))}"
    )
    return AssayError("ambiguous-layout", root, what, "Do so, or say --layout classes.")
