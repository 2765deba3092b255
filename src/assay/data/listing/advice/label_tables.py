"""Commands that write a table of labels, for labels that stand in paths, in names of files, or in lists."""

from collections.abc import Iterable, Mapping
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.text import one_line
from assay.data.listing.from_names.splits import NamedSplits

#: A table of this name is read with the folder that it lies in; the other name where there is one.
_READ: Final = "metadata.csv"
_OTHER: Final = "labels.csv"


def python_command(
    root: Path, endings: Iterable[str], rows: str, columns: Iterable[str], setup: str = ""
) -> str:
    """A line for the shell that writes a table of the images below a folder, and never over a file.

    endings: of the images, in lower case. setup, rows: Python, in which `F` are the images, as `pathlib.Path`
    below `root`; `rows` is an iterable of tuples of `columns`.
    """
    known = ",".join(map(dumps, sorted(endings)))
    header = ",".join(map(dumps, columns))
    code = (
        'import csv,json,re;from pathlib import Path;F=[f for f in sorted(Path(".").rglob("*"))'
        f' if f.suffix.lower() in ({known},) and not any(q[0]=="." for q in f.parts)];{setup}'
        f"rows=[({header}),*{rows}];"
        f'csv.writer(open("{table_name(root)}","x",newline="",encoding="utf-8")).writerows(rows)'
    )
    return one_line(f"(cd {quote(str(root))} && python3 -c {quote(code)})")


def table_command(
    root: Path,
    endings: Iterable[str],
    label: str,
    only: str = "",
    splits: Mapping[str, str] | None = None,
    depth: int = 0,
    told: NamedSplits | None = None,
) -> str:
    """The line for labels that are told by the path of each image.

    label: Python for the label of a file, `f`. only: Python for which files count. splits: the split of each
    folder at the given depth, if any; told: or what the names tell.
    """
    cells, columns = f"f.as_posix(),{label}", ["file_name", "label"]
    if splits:
        columns.append("split")
        cells += f",{dumps(splits)}[f.parts[{depth}]]"
    elif told:
        columns.append("split")
        cells += ",Sp(f.as_posix())"
    rows = f"(({cells}) for f in F{f' if {only}' if only else ''})"
    return python_command(root, endings, rows, columns, told.setup if told else "")


def table_name(root: Path) -> str:
    """What the table of a folder is to be called."""
    others = (f"labels-{number}.csv" for number in count(2))
    return next(name for name in chain((_READ, _OTHER), others) if not (root / name).exists())


def then_give(root: Path) -> str:
    """What to give to Assay after the command."""
    name = table_name(root)
    return one_line(quote(str(root if name == _READ else root / name)))
