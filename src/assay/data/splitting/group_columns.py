"""Columns that seem to name groups and that nobody asked for: patients, lesions, videos."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any, Final, Protocol

from assay.core.text import counted, one_line
from assay.data.listing.table_labels import is_missing
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
    names = dict.fromkeys(name for images in splits.values() for name in images.columns if names_groups(name))
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
    """The groups of a split, "" where there is none."""
    given = images.columns.get(name)
    if given is None:
        return [""] * len(images.labels)
    return ["" if is_missing(str(cell)) else str(cell) for cell in given]
