"""Which of other images a run held for training: the same to the bit, nearly the same picture, one group."""

from collections.abc import Collection
from dataclasses import dataclass, replace
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
from assay.workflow.evidence import GROUP
from assay.workflow.planning.data import open_data
from assay.workflow.planning.plan import reading_of_run

#: A row for each training image of a run, with its digest and its group.
_TRAINED_ON: Final = "label_quality.csv"
_LONGEST_TABLE: Final = 1 << 31


@dataclass(frozen=True, eq=False)
class SeenBefore:
    """Of `n` images: equal, bool `(n,)`, those that the run held for training to the bit; None where it does
    not say. near: those that are near copies of such, equal ones left out; None, with the reason, where that
    could not be looked for. grouped: those of neither kind whose group bears the name of one that the run
    held for training; None where the run, or these images, name no groups. shared: those names."""

    equal: NDArray[np.bool_] | None = None
    near: NDArray[np.bool_] | None = None
    reason: str = ""
    grouped: NDArray[np.bool_] | None = None
    shared: tuple[str, ...] = ()

    @property
    def any_way(self) -> NDArray[np.bool_] | None:
        """Equal, near or of one group; None where nothing is known."""
        if self.equal is None:
            return None
        found = self.equal.copy()
        for rows in (self.near, self.grouped):
            found |= False if rows is None else rows
        return found


@dataclass(frozen=True)
class _TrainedOn:
    """The digests of the images that a run held for training, and their groups, whose case does not count."""

    digests: Collection[str]
    groups: Collection[str]


def seen_before(folder: Path, split: Split, classes: tuple[str, ...], offline: bool) -> SeenBefore:
    """What the run in `folder` knows of images. split: as its model sees them, with its numbers of classes.

    Near copies are looked for where the run's data still lie where they lay. Raises AssayError `run-damaged`.
    """
    held = _trained_on(folder)
    if held is None:
        return SeenBefore()
    equal = np.array([bytes(row).hex() in held.digests for row in split.digests], bool)
    seen = _by_pictures(folder, held.digests, split, classes, offline, equal)
    names = [str(name or "") for name in split.columns.get(GROUP, ())]
    if not held.groups or not any(names):
        return seen
    shared = np.array([name.casefold() in held.groups for name in names], bool)
    told = tuple(dict.fromkeys(name for name, one in zip(names, shared, strict=True) if one))
    known = equal if seen.near is None else equal | seen.near
    return replace(seen, grouped=shared & ~known, shared=told)


def _by_pictures(
    folder: Path,
    digests: Collection[str],
    split: Split,
    classes: tuple[str, ...],
    offline: bool,
    equal: NDArray[np.bool_],
) -> SeenBefore:
    if equal.all():
        return SeenBefore(equal, np.zeros(len(equal), bool))
    known = _known_splits(folder, digests, split, offline)
    if isinstance(known, str):
        return SeenBefore(equal, reason=known)
    whole = Dataset("", classes, {**known, "test": split}, "", fingerprints={"train": "not needed"})
    return SeenBefore(equal, _near(of_one_class(find_copies(whole), whole)) & ~equal)


def _trained_on(folder: Path) -> _TrainedOn | None:
    """What the run held for training; None where it does not say. Raises `run-damaged`."""
    file = folder / _TRAINED_ON
    if not file.is_file():
        return None
    try:
        header, lines = read_csv_text(read_file(file, _LONGEST_TABLE).decode("utf-8"))
        of, digest, group = (header.index(name) for name in ("split", "digest", "group"))
        held = [(line[digest], line[group]) for line in lines if line[of] != "test"]
    except (ValueError, IndexError) as error:
        raise AssayError("run-damaged", file, one_line(str(error)), "Repeat the run.") from error
    return _TrainedOn({digest for digest, _ in held}, {group.casefold() for _, group in held} - {""})


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
