"""Parquet files in folders such as `class=cat`, as Spark and Hive part a table: these hold columns, too."""

import re
from collections.abc import Sequence
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.shard_file import ShardFile
from assay.data.listing.tree import has_split_word

#: Reads such folders, and writes one file with their columns, never over another one.
_CODE = (
    "import pyarrow.dataset as d,pyarrow.parquet as q;"
    'q.write_table(d.dataset(".",format="parquet",partitioning="hive").to_table(),open("all.parquet","xb"))'
)


#: Reads the files of a folder, and writes one with their names as labels.
_JOIN: Final = (
    "import pyarrow as a,pyarrow.parquet as q;from pathlib import Path;"
    'T=[(f.stem,q.read_table(f)) for f in sorted(Path(".").glob("*.parquet"))];'
    'q.write_table(a.concat_tables([t.append_column("label",a.array([s]*len(t))) for s,t in T]),'
    'open("all.parquet","xb"))'
)

_FEWEST_FILES: Final = 2


def refuse_files_of_classes(file: ShardFile) -> None:
    """Raise AssayError `column-missing` where the file has no column of labels and, like those beside it, a
    name that tells no number and no split (`cat.parquet`): the command that writes one file of all."""
    if file.path is None:
        return
    beside = sorted(path.stem for path in file.path.parent.glob("*.parquet"))
    words = {re.sub(r"\d+", "", stem) for stem in beside}
    if len(words) < max(_FEWEST_FILES, len(beside)) or any(map(has_split_word, beside)):
        return
    root = file.path.parent
    command = f"(cd {quote(str(root))} && python3 -c {quote(_JOIN)})"
    what = f"it has no column of labels, as {len(beside):,} files beside each other ({_some(beside)})"
    given = quote(str(root / "all.parquet"))
    fix = f"If each is a class, write one file of them: {command} ; then give {given}"
    raise AssayError("column-missing", file, what, one_line(fix))


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(one_line, names[:3])) + (", ..." if len(names) > len(names[:3]) else "")


def refuse_partitions(file: ShardFile) -> None:
    """Raise AssayError `column-missing` where the file has no column of labels, and its folders have columns:
    the command that writes these into one file."""
    folders = file.name.split("/")[:-1]
    columns = [folder for folder in folders if all(folder.partition("="))]
    if not columns:
        return
    root = file.path.parents[len(folders)] if file.path is not None else None
    place = shortened(one_line("/".join(columns)))
    what = f"it has no column of labels, but lies in {place}: a folder for each value of a column"
    fix = "Write these columns into the file."
    if root is not None:
        command = f"(cd {quote(str(root))} && python3 -c {quote(_CODE)})"
        given = f"{quote(str(root / 'all.parquet'))} --label-column {quote(columns[-1].partition('=')[0])}"
        fix = f"Write them into one file: {command} ; then give {given}"
    raise AssayError("column-missing", file, what, one_line(fix))
