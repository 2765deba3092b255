"""Which of other images a run held for training: the same to the bit, or nearly the same picture."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows
from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.core.text import one_line, read_csv_text
from assay.data.formats.safe_open import read_file
from assay.data.values import Dataset, Split
from assay.duplicates.find import Copies, find_copies, of_one_class
from assay.workflow.planning.data import open_data
from assay.workflow.planning.plan import reading_of_run

#: A row for each training image of a run, with its digest.
_TRAINED_ON: Final = "label_quality.csv"
_LONGEST_TABLE: Final = 1 << 31


@dataclass(frozen=True, eq=False)
class SeenBefore:
    """Of `n` images: equal, bool `(n,)`, those that the run held for training to the bit; None where it does
    not say. near: those that are near copies of such, equal ones left out; None, with the reason, where that
    could not be looked for."""

    equal: NDArray[np.bool_] | None = None
    near: NDArray[np.bool_] | None = None
    reason: str = ""

    @property
    def either(self) -> NDArray[np.bool_] | None:
        """Equal or near; None where nothing is known."""
        return self.equal if self.equal is None or self.near is None else self.equal | self.near


def seen_before(folder: Path, split: Split, classes: tuple[str, ...], offline: bool) -> SeenBefore:
    """What the run in `folder` knows of images. split: as its model sees them, with its numbers of classes.

    Near copies are looked for where the run's data still lie where they lay. Raises AssayError `run-damaged`.
    """
    digests = _trained_on(folder)
    if digests is None:
        return SeenBefore()
    equal = np.array([bytes(row).hex() in digests for row in split.digests], bool)
    if equal.all():
        return SeenBefore(equal, np.zeros(len(equal), bool))
    known = _known_splits(folder, digests, split, offline)
    if isinstance(known, str):
        return SeenBefore(equal, reason=known)
    whole = Dataset("", classes, {**known, "test": split}, "", fingerprints={"train": "not needed"})
    return SeenBefore(equal, _near(of_one_class(find_copies(whole), whole)) & ~equal)


def _trained_on(folder: Path) -> Collection[str] | None:
    """The digests of what the run held for training; None where it does not say. Raises `run-damaged`."""
    file = folder / _TRAINED_ON
    if not file.is_file():
        return None
    try:
        header, lines = read_csv_text(read_file(file, _LONGEST_TABLE).decode("utf-8"))
        of, digest = header.index("split"), header.index("digest")
        return {line[digest] for line in lines if line[of] != "test"}
    except (ValueError, IndexError) as error:
        raise AssayError("run-damaged", file, one_line(str(error)), "Repeat the run.") from error


def _known_splits(
    folder: Path, digests: Collection[str], split: Split, offline: bool
) -> dict[str, Split] | str:
    """The splits that the run learned from, or why they are not there."""
    try:
        dataset = open_data(*reading_of_run(folder), offline, ignore)
    except AssayError as error:  # they may be gone, moved or changed, and the score needs none of them
        return f"the run's data cannot be read ({error.code})"
    known = {name: own for name, own in dataset.splits.items() if name != "test" and len(own)}
    there = {bytes(row).hex() for own in known.values() for row in own.digests}
    if there != digests:
        return "the run's data are not what they were"
    if any(own.shape != split.shape for own in known.values()):
        return "the run's images are of another size"
    return known


def _near(copies: Copies) -> NDArray[np.bool_]:
    """For each image of the last split whether a near copy of its picture lies in another one."""
    last = copies.split == len(copies.splits) - 1
    learned = np.zeros(len(copies.first), bool)
    learned[copies.picture[~last]] = True
    near = np.zeros(len(copies.first), bool)
    for one, other in ((copies.near_first, copies.near_second), (copies.near_second, copies.near_first)):
        near[one[learned[other]]] = True
    own: Rows = copies.picture[last]
    return np.asarray(near[own], bool)
