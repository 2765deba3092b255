"""Columns that seem to name groups and that nobody asked for: patients, lesions, videos.

By their name, or by their form: many values, each of a few images of one class.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.core.text import counted, one_line
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.tree import words_of

#: What people call that of which there are several images, in lower case and in the singular.
_GROUPS: Final = frozenset(
    "patient subject lesion participant volunteer person individual animal case study exam examination "
    "accession video clip movie film footage sequence seq scene session visit slide specimen biopsy donor "
    "recording burst household family identity nodule wsi".split()
)

#: What may stand beside such a word: `patient_id`, `anonymized patient no`, `seq_id_remapped`.
_BESIDE: Final = frozenset(
    "id ids uid no nr num number code name key hash index idx identifier anonymized anon original unique "
    "dicom remapped".split()
)
_JOINED: Final = re.compile(r"(.+?)(id|ids|uid|no|nr|num|number|name|code|s)")

#: Columns that readers of files write, which name nothing.
_OF_FILES: Final = frozenset({"width", "height", "bytes", "mode", "format"})
_NUMBER: Final = re.compile(r"[+-]?\d{1,300}(\.\d*)?")

#: A column has the form of groups where it has so many values of several images at least, so many for each
#: class in the mean, most images have such a value, and this share of the values has images of one class,
#: where labels given at random would leave at most that share so. Numbers that rise with the class are no
#: names: from one number to the next the class changes less often than this share of what chance would do.
_FEWEST: Final = 20
_FOR_EACH_CLASS: Final = 5
_OF_ONE_CLASS: Final = 0.95
_BY_CHANCE: Final = 0.5
_CHANGES: Final = 0.5


@dataclass(frozen=True)
class GroupColumn:
    """A column that seems to name groups. groups: with several images; images: in them, of all splits.
    across: of each split but train that shares some with train, how many of its images are of those."""

    name: str
    groups: int
    images: int
    across: Mapping[str, int]


class _Images(Protocol):
    """A split, or a part of a listing."""

    @property
    def labels(self) -> Any: ...

    @property
    def columns(self) -> Mapping[str, Any]: ...


def group_columns(splits: Mapping[str, _Images]) -> list[GroupColumn]:
    """The columns by which a split parts groups, or would where there is none but train; the largest first.

    None where groups are named already, where each group is one image, where a class is one group, and where
    no group of train lies in another split.
    """
    if any("group" in images.columns for images in splits.values()):
        return []
    by_form = set(columns_by_form(splits))
    names = [name for name in _columns(splits) if name in by_form or names_groups(name)]
    found = [told for name in names if (told := _judged(splits, name)) is not None]
    return sorted(found, key=lambda told: (-sum(told.across.values()), told.groups))


def notes_on_group_columns(splits: Mapping[str, _Images]) -> list[str]:
    """A note on such columns, with what to type."""
    found = group_columns(splits)
    if not found:
        return []
    first, more = found[0], ", ".join(one_line(told.name) for told in found[1:4])
    way = f"--group-column {quote(one_line(first.name))} keeps each on one side of a split that Assay draws"
    others = f"; so may {more}" if more else ""
    if not first.across:
        what = f"{first.images:,} images are of {counted(first.groups, 'group', 'groups')} with several"
        return [f"the column {one_line(first.name)} may name groups: {what} ({way}{others})"]
    told = " and ".join(f"{count:,} images of {split}" for split, count in first.across.items())
    return [
        f"the column {one_line(first.name)} may name groups: {told} are of groups that lie in train too "
        f"({way}, and counts those that a given one parts{others})"
    ]


def names_groups(name: str) -> bool:
    """Whether the name of a column says that it holds groups, and nothing else."""
    words = {_single(word) for word in words_of(name)}
    return bool(words & _GROUPS) and words <= _GROUPS | _BESIDE


def columns_by_form(splits: Mapping[str, _Images]) -> list[str]:
    """The columns that name many small sets of images, each of one class, as objects and patients are."""
    names = [name for name in _columns(splits) if name not in _OF_FILES]
    if not names:
        return []
    labels = np.array([label for images in splits.values() for label in images.labels])
    _, labels = np.unique(labels, return_inverse=True)

    def cells(name: str) -> list[str]:
        return [cell for images in splits.values() for cell in _texts(images, name)]

    return [name for name in names if has_form_of_groups(cells(name), labels)]


def _columns(splits: Mapping[str, _Images]) -> list[str]:
    return list(dict.fromkeys(name for images in splits.values() for name in images.columns))


def has_form_of_groups(names: Sequence[str], labels: NDArray[np.int64]) -> bool:
    """Whether names stand for many small sets of images, each of one class.

    names: one for each image, "" for none. labels: int64 `(images,)`, classes from 0 on, each with images.
    """
    numbers: dict[str, int] = {}
    code = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
    sizes = np.bincount(code, minlength=len(numbers))
    there = np.array([name != "" for name in numbers], bool)
    several = np.flatnonzero(there & (sizes > 1))
    share = np.bincount(labels) / max(len(labels), 1)
    if len(several) < max(_FEWEST, _FOR_EACH_CLASS * len(share)) or sizes[several].sum() < len(names) / 2:
        return False
    lowest, highest = np.full(len(numbers), len(share)), np.full(len(numbers), -1)
    np.minimum.at(lowest, code, labels)
    np.maximum.at(highest, code, labels)
    of_one = (lowest == highest)[several]
    different, count = np.unique(sizes[several], return_counts=True)
    by_chance = float((share[:, None] ** different).sum(axis=0) @ count)
    if of_one.sum() < _OF_ONE_CLASS * len(several) or by_chance > _BY_CHANCE * len(several):
        return False
    words = list(numbers)
    return not _rises_with_the_class([words[i] for i in several.tolist()], lowest[several], share)


def _rises_with_the_class(
    names: Sequence[str], classes: NDArray[np.int64], share: NDArray[np.float64]
) -> bool:
    """Whether names are numbers, of which those of one class lie side by side."""
    if not all(_NUMBER.fullmatch(name) for name in names):
        return False
    rising = classes[np.argsort([float(name) for name in names], kind="stable")]
    changes = np.count_nonzero(np.diff(rising))
    return bool(changes < _CHANGES * (len(rising) - 1) * (1 - np.square(share).sum()))


def _texts(images: _Images, name: str) -> Sequence[str]:
    """Texts without case, and whole numbers as texts; "" for what is missing or something else."""
    column = images.columns.get(name)
    if column is None or (isinstance(column, np.ndarray) and column.dtype.kind not in "iuUSO"):
        return [""] * len(images.labels)
    cells = column.tolist() if isinstance(column, np.ndarray) else column
    named = (isinstance(cell, str | int) and not isinstance(cell, bool) for cell in cells)
    told = zip(cells, named, strict=True)
    return [str(cell).casefold() if is_name and not is_missing(str(cell)) else "" for cell, is_name in told]


def _single(word: str) -> str:
    """`patientid` and `patients` as `patient`."""
    joined = _JOINED.fullmatch(word)
    return joined[1] if joined and joined[1] in _GROUPS else word


def _judged(splits: Mapping[str, _Images], name: str) -> GroupColumn | None:
    cells = {split: _cells(images, name) for split, images in splits.items()}
    sizes = Counter(cell for own in cells.values() for cell in own if cell)
    several = {cell for cell, count in sizes.items() if count > 1}
    of_class: dict[Any, set[str]] = {}
    for split, images in splits.items():
        for label, cell in zip(images.labels, cells[split], strict=True):
            of_class.setdefault(label, set()).add(cell)
    if not several or sum(map(len, of_class.values())) < 2 * len(of_class):
        return None
    train = set(cells.get("train", ()))
    shared = {
        split: sum(cell in train for cell in own if cell) for split, own in cells.items() if split != "train"
    }
    across = {split: count for split, count in shared.items() if count}
    if shared and not across:
        return None
    return GroupColumn(name, len(several), sum(sizes[cell] for cell in several), across)


def _cells(images: _Images, name: str) -> Sequence[str]:
    """The groups of a split, whose case does not count; "" where there is none."""
    given = images.columns.get(name)
    if given is None:
        return [""] * len(images.labels)
    return ["" if is_missing(str(cell)) else str(cell).casefold() for cell in given]
