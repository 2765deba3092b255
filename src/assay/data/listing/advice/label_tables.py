"""Commands that write a table of labels, for labels that stand in the paths or the names of files."""

from collections.abc import Iterable, Mapping
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.text import one_line

#: A table of this name is read with the folder that it lies in; the other name where there is one.
_READ: Final = "metadata.csv"
_OTHER: Final = "labels.csv"


def table_command(
    root: Path,
    endings: Iterable[str],
    label: str,
    only: str = "",
    splits: Mapping[str, str] | None = None,
    depth: int = 0,
) -> str:
    """A line for the shell that writes a table of the images below a folder, and never over a file.

    endings: of the images, in lower case. label: Python for the label of a file, `f`, a `pathlib.Path` below
    `root`. only: Python for which files count. splits: the split of each folder at the given depth, if any.
    """
    known = ",".join(f'"{ending}"' for ending in sorted(endings))
    tests = [
        f"f.suffix.lower() in ({known},)",
        'not any(q[0]=="." for q in f.parts)',
        *([only] if only else []),
    ]
    cells, header = f"f.as_posix(),{label}", '"file_name","label"'
    if splits:
        header += ',"split"'
        cells += f",{dumps(splits)}[f.parts[{depth}]]"
    code = (
        f"import csv,re;from pathlib import Path;rows=[({header}),*(({cells})"
        ' for f in sorted(Path(".").rglob("*"))'
        f" if {' and '.join(tests)})];"
        f'csv.writer(open("{table_name(root)}","x",newline="",encoding="utf-8")).writerows(rows)'
    )
    return one_line(f"(cd {quote(str(root))} && python3 -c {quote(code)})")


def table_name(root: Path) -> str:
    """What the table of a folder is to be called."""
    return _OTHER if (root / _READ).exists() else _READ


def then_give(root: Path) -> str:
    """What to give to Assay after the command."""
    name = table_name(root)
    return one_line(str(root) if name == _READ else str(root / name))
