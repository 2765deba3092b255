"""Groups that names tell: of frames of a video, pictures of a patient, views of a product."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.values import Split


def checked_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression with one part in parentheses, or none. Raises AssayError `bad-value`."""
    try:
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        what = f"{one_line(pattern)} is no regular expression: {one_line(str(error))}"
        raise AssayError("bad-value", "--group-pattern", what, "Correct it.") from error
    if found.groups > 1:
        what = f"{one_line(pattern)} has {found.groups} parts in parentheses, and one can be the group"
        raise AssayError("bad-value", "--group-pattern", what, "Write (?:...) around all others.")
    return found


def groups_of_names(names: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """What the pattern finds first in each name: its part in parentheses, or all of it where that took no
    part; "" where it finds nothing."""
    matches = (pattern.search(name) for name in names)
    return tuple((match[pattern.groups] or match[0]) if match else "" for match in matches)


def with_name_groups(splits: Mapping[str, Split], pattern: str) -> dict[str, Split]:
    """The splits with a column `group`: what `pattern` finds in each name (see `name_groups`)."""
    return {
        name: replace(split, columns={**split.columns, "group": name_groups(name, split, pattern)})
        for name, split in splits.items()
    }


class _Named(Protocol):
    """Images that have names: a split, or a part of a listing."""

    @property
    def ids(self) -> Sequence[str]: ...

    @property
    def columns(self) -> Mapping[str, object]: ...


def name_groups(split: str, images: _Named, pattern: str) -> tuple[str, ...]:
    """The group of each image of a split, by its name.

    Raises AssayError `bad-value` where the pattern is none, where a name gives no group (one that is meant to
    be alone needs a group of its own), and where the data bring groups.
    """
    if "group" in images.columns:
        what = "the data have a column of groups"
        raise AssayError("bad-value", "--group-pattern", what, "Leave out one of the two.")
    groups = groups_of_names(images.ids, checked_pattern(pattern))
    if "" in groups:
        first, missing = images.ids[groups.index("")], counted(groups.count(""), "name", "names")
        what = f"it finds nothing in {missing} of {len(groups):,} in {split}, the first {one_line(first)}"
        fix = "Correct it; names that stand alone may be found as a whole, by '|' and another pattern."
        raise AssayError("bad-value", "--group-pattern", what, fix)
    return groups
