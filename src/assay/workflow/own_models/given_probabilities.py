"""Class probabilities that a user brings to a run: read once, and kept in the run folder."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.answers.class_probabilities import ClassProbabilities, are_answers, read_probabilities
from assay.data.formats.npy import read_npz
from assay.data.values import Dataset

#: What `config.toml` has in place of a file where an array was given in Python.
IN_MEMORY: Final = "in memory"


@dataclass(frozen=True)
class Kind:
    """One use of given probabilities. setting: its name in `Settings`; option: on the command line.

    alone: the split whose rows may be given without the others. file: the run folder's own copy.
    """

    setting: str
    option: str
    alone: str
    file: str

    def keep(self, probabilities: ClassProbabilities, classes: Sequence[str], folder: Path) -> None:
        """Write the run's own copy. Raises AssayError `config-changed` where another one lies there."""
        copy = folder / self.file
        if not copy.exists():
            out, ids = io.BytesIO(), np.array(probabilities.ids, str)
            np.savez(out, probabilities=probabilities.array(), classes=np.array(classes, str), ids=ids)
            durable.write_bytes(copy, out.getvalue())
        elif not _holds(copy, probabilities, classes):
            fix = "Give that run's probabilities to continue it, or another folder with --out."
            raise AssayError(
                "config-changed", folder, "the unfinished run there has other probabilities", fix
            )


def _holds(copy: Path, probabilities: ClassProbabilities, classes: Sequence[str]) -> bool:
    """Whether a copy holds these; one of an earlier version has no ids."""
    there, own = read_npz(copy), probabilities.array()
    same = np.array_equal(there.get("probabilities", ()), own)
    same &= list(there.get("classes", ())) == [*classes]
    return same and list(there.get("ids", probabilities.ids)) == list(probabilities.ids)


#: What the audit holds labels against.
PRED_PROBS: Final = Kind("pred_probs", "--pred-probs", "train", "given_pred_probs.npz")

#: What a model said that was trained elsewhere.
ANSWERS: Final = Kind("answers", "probabilities", "test", "given_answers.npz")


@dataclass(frozen=True, eq=False)
class Given:
    """Probabilities as they were given: an array, a data frame, a path, or None.

    own: it is the run's own copy. Those that were read already stay as they are.
    """

    kind: Kind
    value: Any = None
    own: bool = False

    @classmethod
    def of_run(cls, folder: Path, setting: str | None, kind: Kind) -> "Given":
        """Those of a run folder: its own copy, for the file may be gone or changed."""
        if setting is None:
            return cls(kind)
        copy = folder / kind.file
        return cls(kind, copy, own=True) if copy.exists() else cls(kind, setting)

    @property
    def told(self) -> str | None:
        """What `config.toml` says of them."""
        if self.value is None or isinstance(self.value, str | Path):
            return None if self.value is None else str(self.value)
        return IN_MEMORY

    def read(self, dataset: Dataset) -> ClassProbabilities | None:
        """The checked probabilities. Raises AssayError as `read_probabilities` does."""
        if self.value is None or isinstance(self.value, ClassProbabilities):
            return self.value
        if isinstance(self.value, str) and self.value == IN_MEMORY:
            fix = f"Give the run's own copy: {self.kind.option} RUN/{self.kind.file}."
            raise AssayError("file-missing", self.kind.setting, "that run was given an array in Python", fix)
        found = read_probabilities(self.value, dataset, self.kind.alone, self.kind.option, own=self.own)
        if self.kind is PRED_PROBS and not self.own and are_answers(found.array()):
            what = "every row is 1 for one class and 0 for the others: each label that differs would be wrong"
            fix = "Give what predict_proba returns, or leave them out: Assay then judges the labels itself."
            raise AssayError("bad-arrays", self.kind.option, what, fix)
        return found
