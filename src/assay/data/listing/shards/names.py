"""What the names of shards say: which split they belong to, and whether some of them are missing."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.shard_file import PARQUET
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.names import split_of

#: train-00000-of-00001.parquet, imagenet-val-000042.tar, test00.tar, also with a folder for the split, or a
#: partition: split=test/0.parquet.
_SPLIT_IN_NAME: Final = re.compile(
    r"(?:^|[/_.=-])(train(?:ing)?|val(?:id(?:ation)?)?|dev|test(?:ing)?)(?:[_-]?set|data)?(?=[/_.-]|\d)"
)

#: What says that images are for judging: the test split, where none is called so.
_JUDGED_IN_NAME: Final = re.compile(r"(?:^|[/_.=-])(?:eval(?:uation)?|(?:hold|held)[_-]?out)(?=[/_.-]|\d)")

#: NAME-00000-of-00042, as on the Hugging Face hub; NAME-000000, as WebDataset writes them.
_OF: Final = re.compile(r"(.*?)[-_.](\d{1,9})-of-(\d{1,9})(?=[-_.])")
_NUMBERED: Final = re.compile(r"(.*?)(\d{1,9})\.[a-z.]+$", re.IGNORECASE)

#: Numbers and names that a note tells.
_TOLD: Final = 5


def split_in_name(name: str) -> str | None:
    """The split that the name of a shard tells, folders included, or None."""
    found = _SPLIT_IN_NAME.search(name.lower())
    if found is None:
        return "test" if _JUDGED_IN_NAME.search(name.lower()) else None
    return split_of(found[1])


def note_on_another_split(name: str, column: str, splits: Sequence[str]) -> list[str]:
    """A note where a column of splits was read, and the name of the shard tells another one of some rows. A
    validation split that is taken out of train is none."""
    named = split_in_name(name)
    odd = [own for own in splits if named not in (None, own) and (named, own) != ("train", "validation")]
    if not odd:
        return []
    images = counted(len(odd), "image", "images")
    return [f"the column {one_line(column)} was read as the splits; {one_line(name)} has {images} of another"]


def notes_on_shards(names: Sequence[str]) -> list[str]:
    """Notes on shards by their names below the root: missing ones, two cuts of one set, unknown splits.

    Raises AssayError `ambiguous-layout` where some are called after test, and others after an evaluation.
    """
    judged = [name for name in names if split_in_name(name) == "test"]
    others = [name for name in judged if not _SPLIT_IN_NAME.search(name.lower())]
    if 0 < len(others) < len(judged):
        tests = [name for name in judged if name not in others]
        what = f"{some_names(tests)} is called after test, and {some_names(others)} after another such split"
        fix = "Call each after train, validation or test, or give those of one set by a pattern."
        raise AssayError("ambiguous-layout", others[0], what, fix)
    return [*_missing(names), *_unknown_splits(names), *_several_folders(names)]


def _missing(names: Sequence[str]) -> Iterator[str]:
    """A note for each row of shards in which numbers are missing, or that was cut in two ways."""
    whole: defaultdict[str, defaultdict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    numbered: defaultdict[str, set[int]] = defaultdict(set)
    for name in names:
        if found := _OF.match(name):
            whole[found[1]][int(found[3])].add(int(found[2]))
        elif found := _NUMBERED.fullmatch(name):
            numbered[found[1]].add(int(found[2]))
    for stem, cuts in whole.items():
        for count, there in cuts.items():
            yield from _told_gap(stem, there, range(count))
        if len(cuts) > 1:
            told = " and ".join(f"-of-{count}" for count in sorted(cuts))
            yield f"shards of {one_line(stem)!r} are of {told}: an older cut may hold the same images again"
    for stem, there in numbered.items():
        if len(there) > 1:
            first = min(there) if min(there) <= 1 else 0
            yield from _told_gap(stem, there, range(first, max(there) + 1))


def _told_gap(stem: str, there: set[int], expected: range) -> Iterator[str]:
    if len(expected) - len(there.intersection(expected)) <= 0:
        return
    first: list[int] = []
    for number in expected:
        if number not in there:
            first.append(number)
        if len(first) == _TOLD:
            break
    count = len(expected) - len(there.intersection(expected))
    more = ", ..." if count > len(first) else ""
    told = ", ".join(map(str, first))
    yield f"{counted(count, 'shard', 'shards')} of {one_line(stem)!r} missing by their numbers: {told}{more}"


def _unknown_splits(names: Sequence[str]) -> Iterator[str]:
    """Notes on shards whose names have another word than those that name splits."""
    judged = [name for name in names if split_in_name(name) and not _SPLIT_IN_NAME.search(name.lower())]
    if judged:
        yield f"read as test by the names of shards: {some_names(judged)}"
    if not any(map(split_in_name, names)):
        return
    others = [name for name in names if split_in_name(name) is None]
    if others:
        files = counted(len(others), "shard names", "shards name")
        yield f"{files} no split and count as train: {some_names(others)}"


def _several_folders(names: Iterable[str]) -> Iterator[str]:
    """A note where folders hold shards of the same splits: they may be versions of one set."""
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        splits[str(PurePosixPath(name).parent)].add(split_in_name(name) or "train")
    shared = [
        folder
        for folder, own in splits.items()
        if any(own & other for at, other in splits.items() if at != folder)
    ]
    if shared:
        yield (
            f"{len(shared)} folders hold shards of the same split ({some_names(shared)}): read as one set; "
            "give one of them if they are versions of it"
        )


def refuse_other_data(place: object, shards: int, others: Iterable[str], pattern: str) -> None:
    """Raise AssayError `ambiguous-layout` where images or Parquet files lie beside tar shards.

    pattern: how the shards alone would be given.
    """
    found = [name for name in others if name.lower().endswith((*PARQUET, *FORMAT_BY_NAME))]
    if not found:
        return
    what = (
        f"{counted(shards, 'WebDataset shard lies', 'WebDataset shards lie')} there, and "
        f"{counted(len(found), 'image or Parquet file', 'images or Parquet files')}, "
        f"the first is {one_line(found[0])}"
    )
    fix = f"Give the shards by a pattern, as {pattern}, or say --layout classes to read the images."
    raise AssayError("ambiguous-layout", place, what, fix)


def some_names(names: Sequence[str]) -> str:
    """The first few of many names, for a note."""
    told = ", ".join(one_line(name) for name in names[:_TOLD])
    return f"{told}, ..." if len(names) > _TOLD else told
