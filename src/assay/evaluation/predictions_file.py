"""`Answers`: what a model said of each test image, read back from the files of its run."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import no_constant, read_csv_text, shortened, whole_number

#: The columns of `predictions.csv` that every run has.
_COLUMNS = ("split", "index", "id", "digest", "label", "predicted", "probability")


@dataclass(frozen=True)
class Answer:
    """One row of `predictions.csv`: an image, its label, the answer with its probability, and its group."""

    split: str
    index: int
    id: str
    digest: str
    label: str
    predicted: str
    probability: float
    group: int | None = None

    @property
    def right(self) -> bool:
        """Whether the answer is the label."""
        return self.label == self.predicted


@dataclass(frozen=True, eq=False)
class Answers:
    """All answers of a run, ordered by the images' digests (then by label), not by their place in the source.

    So the answers of two runs on the same test images stand in the same order. Of equal images with equal
    labels, which no model can tell apart, the order of the source decides.
    """

    rows: tuple[Answer, ...]

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """bool `(n,)`: which answers are right."""
        return np.array([row.right for row in self.rows], bool)

    @cached_property
    def images(self) -> tuple[tuple[str, str], ...]:
        """Digest and label of each image."""
        return tuple((row.digest, row.label) for row in self.rows)

    @cached_property
    def predicted(self) -> NDArray[np.str_]:
        """The answers as class names, `(n,)`."""
        return np.array([row.predicted for row in self.rows], dtype=str)

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """int64 `(n,)`, equal for images of one group; None where each stands alone."""
        found = [row.group for row in self.rows if row.group is not None]
        return np.array(found, np.int64) if len(found) == len(self.rows) else None

    @cached_property
    def strata(self) -> NDArray[np.int64]:
        """int64 `(n,)`: the label of each image, numbered by name."""
        numbers: NDArray[np.int64] = np.unique([row.label for row in self.rows], return_inverse=True)[1]
        return numbers.astype(np.int64)


def read_answers(folder: Path) -> Answers:
    """The answers in a run's `predictions.csv`. Raises AssayError `run-damaged`."""
    file = folder / "predictions.csv"
    try:
        header, lines = read_csv_text(file.read_text("utf-8"))
        columns = [header.index(name) for name in (*_COLUMNS, *(("group",) if "group" in header else ()))]
        rows = [_answer([line[column] for column in columns]) for line in lines]
        if not rows:
            raise ValueError("it has no answers")
    except (OSError, ValueError, IndexError) as error:
        raise AssayError("run-damaged", file, str(error), "Repeat the run.") from error
    return Answers(tuple(sorted(rows, key=lambda row: (row.digest, row.label, row.index))))


def _answer(cells: list[str]) -> Answer:
    split, index, name, digest, label, predicted, probability, *group = cells
    if not 0 <= float(probability) <= 1:
        raise ValueError(f"a probability is {shortened(probability)}")
    number = whole_number(group[0]) if group else None
    if group and number is None:
        raise ValueError(f"a group is {shortened(group[0])}")
    return Answer(split, int(index), name, digest, label, predicted, float(probability), number)


def read_record(file: Path) -> dict[str, Any]:
    """A JSON file of a run. Raises AssayError `run-damaged`."""
    try:
        record = json.loads(file.read_text("utf-8"), parse_constant=no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise AssayError("run-damaged", file, str(error), "Repeat the run.") from error
    if not isinstance(record, dict):
        what = f"a JSON object was expected, not {type(record).__name__}"
        raise AssayError("run-damaged", file, what, "Repeat the run.")
    return record
