"""Labels in the names of files: `25_0_2_2017.jpg`, `00017_cat.jpg`, `0_12.jpg` in the folder of a split."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.listing.advice.label_tables import table_command, then_give
from assay.data.listing.from_names.splits import splits_in_names
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.tree import is_of_a_program, leave_class_open, splits_of

#: Fewer names tell nothing.
_FEWEST: Final = 6

#: So large a share of the images must be of a value that several have.
_SHARED: Final = 0.9

#: A text with a letter before a number.
_BEFORE_NUMBER: Final = re.compile(r"(.*[^\W\d_].*?)[ ._-]*\(?\d+\)?")
_BETWEEN: Final = re.compile(r"[\W_]+")
_WORD: Final = re.compile(r"[^\W\d]+\d{0,3}")

#: Short numbers, and those of products (EAN, UPC, GTIN).
_NUMBER: Final = re.compile(r"\d{1,4}|\d{8}|\d{12,14}")
_DATE: Final = re.compile(r"(19|20)\d\d([01]\d([0-3]\d(\d{2,})?)?)?")


@dataclass(frozen=True)
class _Part:
    """A part of the files' names that may be the label: what to call it, its Python, and its values."""

    name: str
    code: str
    values: tuple[str, ...]


def hints_on_file_names(root: Path, images: Mapping[str, Sequence[str]]) -> list[str]:
    """A hint where the names of all images have parts that may be their classes, with the command that writes
    a table of them. images: names by folder, all in one folder, or one for each split; else there is none."""
    folders = [folder for folder, names in images.items() if names]
    if not folders:
        return []
    base = os.path.commonpath(folders) if all(folders) else ""
    depth = base.count("/") + 1 if base else 0
    splits = {}
    if len(folders) > 1:
        tops = [folder.split("/")[depth] for folder in folders if folder.count("/") >= depth]
        splits = splits_of(tops) if len(set(tops)) == len(folders) else {}
        if len(splits) < len(folders):
            return []
    names = [name for folder in folders for name in images[folder]]
    endings = {PurePosixPath(name).suffix.lower() for name in names}
    named = None if splits else splits_in_names(names)
    # `subject01.happy` is all name: what stands behind its point is no form of pictures.
    whole = endings.isdisjoint(FORMAT_BY_NAME) and endings.isdisjoint(REFUSED_SUFFIXES)
    stems = list(names) if whole else [PurePosixPath(name).stem for name in names]
    places = [folder for folder in folders for _ in images[folder]]
    parts = sorted(_parts(list(map(named.without, stems)) if named else stems, places), key=_is_of_numbers)
    if whole:
        parts = [replace(part, code=part.code.replace("f.stem", "f.name")) for part in parts]
    if not parts or not endings:
        return []
    only = f"list(f.parts[:{depth}])=={dumps(base.split('/'))}" if base else ""
    code = parts[0].code.replace("f.stem", "No(f.stem)") if named else parts[0].code
    command = table_command(root, endings, code, only, splits, depth, named)
    told = "; ".join(f"{part.name} ({_some(part.values)})" for part in parts)
    other = " (for another part change the number in its brackets; 0 is the first)" if len(parts) > 1 else ""
    return [
        f"the names of the files may tell the classes, by {told}: this writes a table with "
        f"{parts[0].name} as the label{other}: {command} ; then give {then_give(root)}"
    ]


def _parts(stems: Sequence[str], folders: Sequence[str]) -> Iterator[_Part]:
    """The parts of names, given without endings, that may be labels. folders: that of each."""
    if len(stems) < _FEWEST:
        return
    words = [_BEFORE_NUMBER.fullmatch(stem) for stem in stems]
    before = [word[1] if word else stem for word, stem in zip(words, stems, strict=True)]
    numbered = sum(word is not None for word in words) >= _SHARED * len(stems)
    if numbered and not leave_class_open(before) and (values := _values(before, folders)):
        yield _Part("what stands before the number", r're.sub(r"[ ._-]*\(?\d+\)?$","",f.stem)', values)
        return
    split = [[part for part in _BETWEEN.split(stem) if part] for stem in stems]
    fewest, dated = min(map(len, split)), False
    if fewest < 2:  # a name of one part has no class beside its number
        return
    places = list(range(fewest)) if len(set(map(len, split))) == 1 else [*range(fewest - 1), -1]
    for place in places:
        found = [parts[place] for parts in split]
        dated = dated or all(map(_DATE.fullmatch, found))
        number = all(map(_NUMBER.fullmatch, found))
        if (number and dated) or not (number or all(map(_WORD.fullmatch, found))):
            continue
        if values := _values(found, folders):
            code = rf'[p for p in re.split(r"[\W_]+",f.stem) if p][{place}]'
            yield _Part(f"part {place}" if place >= 0 else "the last part", code, values)


def _values(found: Sequence[str], folders: Sequence[str]) -> tuple[str, ...]:
    """The values, where they can be classes: two or more, of several images each by and large, none that a
    camera or a program gives, and not each in one of several folders: that says the split once more."""
    counts = Counter(found)
    shared = sum(count for count in counts.values() if count > 1)
    if len(counts) < 2 or shared < _SHARED * len(found) or max(counts.values()) < 3:
        return ()
    if len(set(folders)) > 1 and len(set(zip(found, folders, strict=True))) == len(counts):
        return ()
    if any(map(is_of_a_program, counts)) or all(map(split_of, counts)):
        return ()
    return tuple(sorted(counts, key=natural_key))


def _is_of_numbers(part: _Part) -> bool:
    """Words are rather classes than numbers are."""
    return all(map(str.isdecimal, part.values))


def _some(values: Sequence[str], most: int = 4) -> str:
    more = f" and {len(values) - most:,} more" if len(values) > most else ""
    return ", ".join(map(one_line, values[:most])) + more
