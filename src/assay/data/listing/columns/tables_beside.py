"""What lies beside a table that was given, and may belong to it: a table of the test split, lists."""

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, read_table
from assay.data.listing.advice.split_tables import note_on_split_files
from assay.data.listing.tree import besides_split, has_split_word, split_in

#: Lists of the images of a split.
_LISTS: Final = (".txt", ".lst", ".list", ".json", *SUFFIXES)

_FEWEST_LISTS: Final = 2


def notes_beside_table(table: Path, columns: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Notes on files beside a table that was read as train alone.

    columns: those of the table. paths: the cells that name its images. A table called as that is but for the
    split, with the same columns, is told with the command that joins both; so are files that tell the splits
    of its images, and two or more lists that are called after splits.
    """
    beside = os.listdir(table.parent)  # noqa: PTH208  texts: there may be a million images
    names = sorted(name for name in beside if name.lower().endswith(_LISTS) and name != table.name)
    alike = [name for name in names if name.endswith(table.suffix)] if split_in(table.stem) else []
    twins = [name for name in alike if _is_twin(table, table.parent / name, columns)]
    if twins:
        return [_on_twin(table, twins[0])]
    if told := note_on_split_files(table, paths, columns, names):
        return [told]
    lists = [
        name
        for name in names
        if has_split_word(name.rpartition(".")[0])
        and "submission" not in name.lower()
        and not name.lower().endswith(".json")
    ]
    if len(lists) < _FEWEST_LISTS:
        return []
    told = ", ".join(map(one_line, lists[:3]))
    return [f"no split was read; {told} may tell which image is in which (give a table with a column split)"]


def _is_twin(table: Path, other: Path, columns: Sequence[str]) -> bool:
    """Whether another table is the same of another split."""
    own, split = split_in(table.stem), split_in(other.stem)
    if split in (None, own) or not other.is_file():
        return False
    if besides_split(table.stem) != besides_split(other.stem) or other.suffix.lower() not in SUFFIXES:
        return False
    try:
        return list(read_table(other, most=1)) == list(columns)
    except AssayError:
        return False  # no table: a note less


def _on_twin(table: Path, name: str) -> str:
    told = f"{one_line(name)} beside it has the same columns and was not read: all images here are train"
    if table.suffix.lower() != ".csv":
        return told
    # awk takes `a=b.csv` for an assignment, and -f for an option, but no path that begins with a dot.
    first, second = (
        quote(f"./{each}" if each[0] == "-" or "=" in each else each) for each in (table.name, name)
    )
    split = split_in(Path(name).stem)
    command = (
        rf"""awk '{{sub(/\r$/, "")}} FNR == 1 {{if (NR == 1) print $0 ",split"; next}} """
        f"""{{print $0 "," (NR == FNR ? "train" : "{split}")}}' {first} {second} > all.csv"""
    )
    return f"{told} (in its folder, to read both: {one_line(command)})"
