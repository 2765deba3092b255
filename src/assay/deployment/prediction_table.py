"""Predictions as a table, of any length: what it looks like is known only when the last picture was read."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Any, Final

from assay.core.disk_errors import environment_errors
from assay.core.text import csv_lines
from assay.deployment.predict import Prediction, Unread

#: Bytes of rows that are kept in memory; more go to a temporary file.
_IN_MEMORY: Final = 8 << 20


def json_lines(predictions: Iterable[Prediction | Unread]) -> Iterator[str]:
    """An object for each picture, as soon as it is there."""
    return (json.dumps(found.as_record(), allow_nan=False) + "\n" for found in predictions)


def table_lines(predictions: Iterable[Prediction | Unread], classes: Sequence[str]) -> Iterator[str]:
    """The predictions as CSV, line by line: `file,predicted,probability,p:<class>...`.

    Where a risk was named a column `answer` holds the class once more, or nothing where the model does not
    know. Where a picture could not be read a last column `error` says why, and its other columns are empty.
    The first line comes when all pictures were read; until then their rows lie in a temporary file.
    """
    # In this order: closing the file writes what is left in its buffer, which a full disk refuses as well.
    with _told_of_temporary_files(), SpooledTemporaryFile(_IN_MEMORY) as kept:
        ruled, unread = _keep(predictions, kept.write)
        kept.seek(0)
        header = ["file", "predicted", "probability", *(f"p:{name}" for name in classes)]
        header += ["answer"] * ruled + ["error"] * unread
        yield from csv_lines(header, (_full(json.loads(line), len(header), unread) for line in kept))


@contextmanager
def _told_of_temporary_files() -> Iterator[None]:
    """Errors of the disk name the folder of temporary files, which is asked for only then: asking writes."""
    try:
        yield
    except OSError as error:
        with environment_errors(Path(gettempdir())):
            raise error


def _keep(predictions: Iterable[Prediction | Unread], write: Callable[[bytes], Any]) -> tuple[bool, bool]:
    """Write a line of JSON for each; whether any has an answer by a rule, and whether any was not read."""
    ruled = unread = False
    for found in predictions:
        if isinstance(found, Unread):
            unread, row = True, [found.file, found.as_record()["error"]]
        else:
            ruled, row = ruled or found.answered is not None, _row(found)
        write(json.dumps(row).encode("ascii") + b"\n")
    return ruled, unread


def _full(row: list[Any], width: int, unread: bool) -> list[Any]:
    """A row of all columns; two cells are those of a picture that could not be read."""
    if len(row) == 2:
        return [row[0], *[None] * (width - 2), row[1]]
    return [*row, *[None] * unread]


def _row(p: Prediction) -> list[Any]:
    answer = [] if p.answered is None else [p.predicted if p.answered else None]
    return [p.file, p.predicted, p.probability, *p.probabilities.values(), *answer]
