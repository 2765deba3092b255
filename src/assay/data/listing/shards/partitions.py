"""Parquet files in folders such as `class=cat`, as Spark and Hive part a table: these hold columns, too."""

from shlex import quote

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.shard_file import ShardFile

#: Reads such folders, and writes one file with their columns, never over another one.
_CODE = (
    "import pyarrow.dataset as d,pyarrow.parquet as q;"
    'q.write_table(d.dataset(".",format="parquet",partitioning="hive").to_table(),open("all.parquet","xb"))'
)


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
