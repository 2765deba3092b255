"""Files of pictures that are none themselves - archives, arrays, tables - given where a picture is wanted."""

import shlex
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.archive import SUFFIXES

_ARRAYS: Final = (".npy", ".npz")
_TABLES: Final = (".csv", ".tsv", ".jsonl", ".txt", ".parquet")


def with_way_on(error: AssayError, file: str | Path) -> AssayError:
    """The error of a picture that is of no format, with what to do where the file holds several of them."""
    name = Path(file).name.lower()
    if error.code != "image-format":
        return error
    if name.endswith(SUFFIXES):
        return AssayError(error.code, error.where, "it is an archive, not a picture", _unpacked(Path(file)))
    if name.endswith(_ARRAYS):
        return AssayError(error.code, error.where, "it holds arrays, not a picture", _asked(Path(file)))
    if name.endswith(_TABLES):
        what = "it is a table or a list, not a picture"
        scored = "assay evaluate RUN TABLE --other-data"
        fix = f"Name the pictures or their folder. Of a table with labels: {scored}."
        return AssayError(error.code, error.where, what, f"{fix}{_listed(Path(file))}")
    return error


def _unpacked(file: Path) -> str:
    archive, folder = shlex.quote(str(file)), shlex.quote(str(file.with_name(f"{file.name}.unpacked")))
    # Both leave out names that lead out of the folder.
    first = f"mkdir {folder} && tar -xf {archive} -C {folder}"
    if file.suffix.lower() == ".zip":
        first = f"python -m zipfile -e {archive} {folder}"
    return f"Unpack it, and name the folder: {first} && assay predict RUN {folder}"


def _listed(file: Path) -> str:
    """The line that asks about the pictures which a list names, or the first column of a table."""
    names = {".txt": "cat", ".csv": "tail -n +2", ".tsv": "tail -n +2"}.get(file.suffix.lower())
    if names is None:
        return ""
    first = {".csv": " | cut -d, -f1", ".tsv": " | cut -f1"}.get(file.suffix.lower(), "")
    where = "in its first column" if first else "a line each"
    line = f"{names} {shlex.quote(str(file))}{first} | tr -d '\\r' | xargs -d '\\n' assay predict RUN"
    return f" Where it has names of pictures, {where}: {line}"


def _asked(file: Path) -> str:
    """A line of Python that asks the model about the arrays, if they are as the model takes them."""
    load = "numpy.load(sys.argv[2])" + ("[sys.argv[3]]" if file.suffix.lower() == ".npz" else "")
    more = " NAME" if file.suffix.lower() == ".npz" else ""
    answers = f"assay.load_model(sys.argv[1]).predict({load})"
    code = f"import assay, numpy, sys; sys.stdout.write(' '.join({answers}))"
    line = f"python -c {shlex.quote(code)} RUN {shlex.quote(str(file))}{more}"
    return f"Arrays are asked about in Python, uint8 and of the model's size: {line}"
