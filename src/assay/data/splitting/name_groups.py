"""Groups that names tell: of frames of a video, pictures of a patient, views of a product."""

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from assay.core.errors import AssayError
from assay.core.memory import short_of
from assay.core.text import counted, one_line, shortened
from assay.data.listing.columns.groups import one_spelling
from assay.data.splitting.version_names import NAMED_BY_CHANGES, VERSIONS
from assay.data.values import Split

#: Seconds that a pattern may take, and names for which it has one more: each takes microseconds.
SECONDS: Final = 20.0
_NAMES_A_SECOND: Final = 5_000

#: Characters of a pattern: longer ones take seconds to be understood.
_LONGEST: Final = 10_000

#: A pattern such as `(a+)+$` tries more ways than there is time for, and `re` cannot be stopped inside a
#: process: so another one asks it, which can be ended.
_SEARCH: Final = """
import json, re, sys
pattern, names = json.load(sys.stdin)
found = re.compile(pattern)
matches = (found.search(name) for name in names)
json.dump([(match[found.groups] or match[0]) if match else "" for match in matches], sys.stdout)
"""


def checked_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression with one part in parentheses, or none; `versions` stands for `NAMED_BY_CHANGES`.

    Raises AssayError `bad-value`.
    """
    if pattern == VERSIONS:
        return re.compile(NAMED_BY_CHANGES)
    shown = shortened(one_line(pattern))
    if len(pattern) > _LONGEST:
        what = f"{shown} has {len(pattern):,} characters, more than {_LONGEST:,}"
        raise AssayError("bad-value", "--group-pattern", what, "Write a shorter one.")
    try:
        with warnings.catch_warnings(action="error"):  # of what newer versions of `re` read otherwise
            found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        what = f"{shown} is no regular expression: {shortened(one_line(str(error)))}"
        raise AssayError("bad-value", "--group-pattern", what, "Correct it.") from error
    if found.groups > 1:
        what = f"{shown} has {found.groups} parts in parentheses, and one can be the group"
        raise AssayError("bad-value", "--group-pattern", what, "Write (?:...) around all others.")
    return found


def groups_of_names(names: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """What the pattern finds first in each name: its part in parentheses, or all of it where that took no
    part; "" where it finds nothing."""
    matches = (pattern.search(name) for name in names)
    return tuple((match[pattern.groups] or match[0]) if match else "" for match in matches)


def _groups_in_time(names: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The same by another process, ended with AssayError `bad-value` where it takes too long."""
    seconds = SECONDS + len(names) / _NAMES_A_SECOND
    asked = json.dumps([pattern.pattern, list(names)])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _SEARCH],
            input=asked,
            capture_output=True,
            text=True,
            encoding="ascii",
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        shown = shortened(one_line(pattern.pattern))
        what = f"{shown} did not end within {seconds:.0f} s on {len(names):,} names"
        fix = "Do not repeat what repeats, as (a+)+ does."
        raise AssayError("bad-value", "--group-pattern", what, fix) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise short_of("the process that looks for groups in names could not begin, or was ended") from error
    return tuple(json.loads(done.stdout))


def with_name_groups(splits: Mapping[str, Split], pattern: str) -> tuple[dict[str, Split], list[str]]:
    """The splits with a column `group`: what `pattern` finds in each name (see `name_groups`); and notes."""
    found = {name: name_groups(name, split, pattern) for name, split in splits.items()}
    groups, notes = groups_spelled_alike(found)
    return {name: _with_groups(split, groups[name]) for name, split in splits.items()}, notes


def part_with_name_groups(splits: Mapping[str, Split], pattern: str) -> dict[str, Split]:
    """The same of one share of a set, each group as its name spells it: only the whole joins spellings."""
    return {name: _with_groups(split, name_groups(name, split, pattern)) for name, split in splits.items()}


def spelled_alike(splits: Mapping[str, Split]) -> tuple[dict[str, Split], list[str]]:
    """The splits of the whole, whose groups were found share by share; and notes."""
    there = {name: split for name, split in splits.items() if "group" in split.columns}
    found = {name: [str(group) for group in split.columns["group"]] for name, split in there.items()}
    groups, notes = groups_spelled_alike(found)
    if not notes:
        return dict(splits), []
    return {name: _with_groups(s, groups[name]) if name in groups else s for name, s in splits.items()}, notes


def groups_spelled_alike(found: Mapping[str, Sequence[str]]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The groups of each split, where case does not count, as in columns; and notes."""
    groups = {name: tuple(spelled) for name, spelled in one_spelling(found).items()}
    for name, spelled in groups.items():
        for group, own in zip(spelled, found[name], strict=True):
            if group != own:
                told = f"such as {one_line(group)!r} and {one_line(own)!r}"
                return groups, [f"groups in names that differ in case alone are one, {told}"]
    return groups, []


def _with_groups(split: Split, groups: tuple[str, ...]) -> Split:
    return replace(split, columns={**split.columns, "group": groups})


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
    groups = _groups_in_time(images.ids, checked_pattern(pattern))
    if "" in groups:
        first, missing = images.ids[groups.index("")], counted(groups.count(""), "name", "names")
        what = f"it finds nothing in {missing} of {len(groups):,} in {split}, the first {one_line(first)}"
        fix = "Correct it; names that stand alone may be found as a whole, by '|' and another pattern."
        raise AssayError("bad-value", "--group-pattern", what, fix)
    return groups
