"""Files beside a table of labels that tell the splits of its images: what to type."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of, read_table
from assay.data.listing.advice.split_files import pairs_code, rest_of, together, worth_a_look
from assay.data.listing.advice.split_formats import SplitFile, split_file
from assay.data.listing.exported.lists_of_groups import GROUPS, groups_told, part_groups

#: Python for the name of a file without folders and ending, whichever way slashes lean.
_BARE = 'K=lambda x:Path(x.strip().replace(chr(92),"/")).stem;'
_WHOLE = 'K=lambda x:x.strip().replace(chr(92),"/").lstrip("./");'


def note_on_split_files(
    table: Path, paths: Sequence[str], columns: Sequence[str], beside: Iterable[str]
) -> str:
    """A note on files that tell the splits of a table's images, with the command that writes a table with
    them; empty where there are none.

    paths: the cells that name images. columns: those of the table. beside: names of files.
    """
    if not paths or "split" in columns:
        return ""
    found = [file for name in worth_a_look(beside) for file in [split_file(table.parent, name)] if file]
    plain = [path.strip().replace("\\", "/").lstrip("./") for path in paths]
    bare = Counter(_bare(path) for path in plain)
    by_name = max(bare.values()) == 1
    files = [SplitFile(f.name, [(_bare(k) if by_name else k, s) for k, s in f.pairs], f.code) for f in found]
    group = next(iter(together(files, list(bare) if by_name else plain)), None)
    if group is None:
        return _note_on_groups(table, beside)
    shown = ", ".join(one_line(file.name) for file in group[:3])
    rest = rest_of(group)
    told = f"; rows that are not named become {rest}" if rest else ""
    command = _command(table, paths, by_name, group, rest)
    how = f"this writes a table with them{told}: {command}" if command else "give a table with a column split"
    return f"no split was read; {shown} may tell which image is in which ({how})"


def _note_on_groups(table: Path, beside: Iterable[str]) -> str:
    """The note on files that tell the splits of groups, which a column of the table names."""
    if table.suffix.lower() not in SUFFIXES[:2]:
        return ""
    try:
        columns = read_table(table)
    except AssayError:
        return ""  # a hint less
    for files in groups_told(table.parent, worth_a_look(beside)):
        for name, cells in columns.items():
            if not part_groups(files, [[cell] for cell in cells]):
                continue
            rest = rest_of(files)
            split = f"P.get(r[{dumps(name)}],{dumps(rest)})" if rest else f"P[r[{dumps(name)}]]"
            only = "" if rest else f" if r[{dumps(name)}] in P"
            command = _written(table, f"{pairs_code(files)}{GROUPS}", split, only)
            shown = ", ".join(one_line(file.name) for file in files[:3])
            told = f"; rows of other groups become {rest}" if rest else ""
            return (
                f"no split was read; {shown} may tell the splits by the column {one_line(name)} "
                f"(this writes a table with them{told}: {command} --group-column {quote(one_line(name))})"
            )
    return ""


def _bare(path: str) -> str:
    return Path(path.replace("\\", "/")).stem


def _command(
    table: Path,
    paths: Sequence[str],
    by_name: bool,
    files: Sequence[SplitFile],
    rest: str,
) -> str:
    """A line for the shell that writes the table once more with a column of splits, never over a file."""
    if table.suffix.lower() not in SUFFIXES[:2]:
        return ""
    try:
        path = next(name for name, cells in read_table(table).items() if list(cells) == list(paths))
    except (AssayError, StopIteration):
        return ""  # a hint less
    key, cell = _BARE if by_name else _WHOLE, f"K(r[{dumps(path)}])"
    split = f"D.get({cell},{dumps(rest)})" if rest else f"D[{cell}]"
    only = "" if rest else f" if {cell} in D"
    return _written(table, f"{pairs_code(files)}{key}D={{K(k):s for k,s in P.items()}};", split, only)


def _written(table: Path, setup: str, split: str, only: str) -> str:
    """The line for the shell, and what to give then. setup: Python before the rows, `r`; split: for the split
    of a row; only: which rows count."""
    names = (f"{table.stem}-splits{number}.csv" for number in chain(("",), map(str, count(2))))
    name = next(name for name in names if not (table.parent / name).exists())
    given = f'open({dumps(table.name)},encoding="utf-8-sig",newline="")'
    code = (
        f"import csv,json,re;from pathlib import Path;{setup}"
        f"R=csv.DictReader({given},delimiter={dumps(delimiter_of(table))});"
        f'rows=[{{**r,"split":{split}}} for r in R{only}];'
        f'w=csv.DictWriter(open({dumps(name)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    folder = table.parent
    command = f"(cd {quote(str(folder))} && python3 -c {quote(code)})"
    return one_line(f"{command} ; then give {quote(str(folder / name))}")
