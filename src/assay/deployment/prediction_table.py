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

#: Columns that are there only where a picture has something to say in them.
_ASKED: Final = ("answer", "note", "error")


def json_lines(predictions: Iterable[Prediction | Unread]) -> Iterator[str]:
    """An object for each picture, as soon as it is there."""
    return (json.dumps(found.as_record(), allow_nan=False) + "\n" for found in predictions)


def table_lines(predictions: Iterable[Prediction | Unread], classes: Sequence[str]) -> Iterator[str]:
    """The predictions as CSV, line by line: `file,predicted,probability,p:<class>...`.

    Where a risk was named a column `answer` holds the class once more, or nothing where the model does not
    know. Where something of a file was not looked at (an animation is its first frame) a column `note` says
    so. Where a picture could not be read a last column `error` says why, and its other columns are empty.
    The first line comes when all pictures were read; until then their rows lie in a temporary file.
    """
    # In this order: closing the file writes what is left in its buffer, which a full disk refuses as well.
    with _told_of_temporary_files(), SpooledTemporaryFile(_IN_MEMORY) as kept:
        asked = _keep(predictions, kept.write)
        kept.seek(0)
        header = ["file", "predicted", "probability", *(f"p:{name}" for name in classes)]
        last: list[str] = [name for name in _ASKED if name in asked]
        yield from csv_lines(header + last, (_full(json.loads(line), len(header), last) for line in kept))


@contextmanager
def _told_of_temporary_files() -> Iterator[None]:
    """Errors of the disk name the folder of temporary files, which is asked for only then: asking writes."""
    try:
        yield
    except OSError as error:
        with environment_errors(Path(gettempdir())):
            raise error


def _keep(predictions: Iterable[Prediction | Unread], write: Callable[[bytes], Any]) -> set[str]:
    """Write what each says as a line of JSON; which of the columns `_ASKED` have something to say."""
    asked: set[str] = set()
    for found in predictions:
        cells, others = _row(found)
        asked.update(others)
        write(json.dumps([cells, others]).encode("ascii") + b"\n")
    return asked


def _row(found: Prediction | Unread) -> tuple[list[Any], dict[str, Any]]:
    """The cells of the columns that are always there, and those of `_ASKED` by name."""
    if isinstance(found, Unread):
        return [found.file], {"error": found.as_record()["error"]}
    others = {"note": found.note} if found.note else {}
    if found.answered is not None:
        others["answer"] = found.predicted if found.answered else ""
    return [found.file, found.predicted, found.probability, *found.probabilities.values()], others


def _full(row: list[Any], width: int, last: Sequence[str]) -> list[Any]:
    """A row of all columns. row: as `_row` gives it; width: of the columns that are always there."""
    cells, others = row
    return [*cells, *[None] * (width - len(cells)), *(others.get(name) for name in last)]
