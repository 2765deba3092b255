"""Folders below those of patients that are called after a number and a class: `study1_positive`."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.names import split_of

#: Folders that a word must have, and words at most.
_FEWEST: Final = 3
_MOST: Final = 20

#: Words that say what a picture shows, whatever the folders above are called.
_FOUND: Final = frozenset(
    "positive negative pos neg normal abnormal benign malignant healthy sick diseased disease infected "
    "uninfected defective defect ok ng good bad pass fail fractured fracture intact".split()
)

_WORD: Final = r"[^\W\d_]+"


@dataclass(frozen=True)
class NumberedWords:
    """The words that tell folders apart beside their numbers, such a folder, and the command that writes a
    table with the words as labels, and the folders above as groups."""

    words: Sequence[str]
    example: str
    command: str

    @property
    def told(self) -> str:
        """What they may be, with what to type."""
        some = ", ".join(map(one_line, self.words[:4]))
        return (
            f"folders such as {one_line(self.example)} may tell the classes by the words {some}: this writes "
            f"a table of them, with patients or the like as groups: {self.command}"
        )


def numbered_words(
    root: Path, classes: Mapping[str, str], splits: Mapping[str, str] | None = None
) -> NumberedWords | None:
    """The folders of images, at the deepest level, that are called after a number and a word; None where they
    are not, or where the folders that gave the classes have one word each.

    classes: the class of each image by its path, empty where none was read. splits: the split of each image,
    where folders tell it.
    """
    fewest = min((path.count("/") for path in classes), default=0)
    for depth in range(fewest - 1, -1, -1):
        at: defaultdict[str, set[str]] = defaultdict(set)
        met: defaultdict[str, set[str]] = defaultdict(set)
        for path, label in classes.items():
            parts = path.split("/")
            at[parts[depth]].add("/".join(parts[:depth]))
            met[parts[depth]].add(label)
        if all(labels == {name} for name, labels in met.items()):
            return None  # what lies above is above the classes
        shared = frozenset.intersection(*map(_words, at))
        own = {name: _words(name) - shared for name in at}
        words = {word for found in own.values() for word in found}
        if any(len(found) != 1 for found in own.values()) or not 1 < len(words) <= _MOST:
            continue
        folders = {word: [name for name, found in own.items() if word in found] for word in words}
        if splits and _say_splits(folders, splits, depth):
            return None
        many = all(sum(len(at[name]) for name in names) >= _FEWEST for names in folders.values())
        numbered = all(re.search(r"\d", name) for name in at) and len(at) > len(words)
        if not many or not (numbered or words <= _FOUND) or depth == 0:
            continue
        given = [set().union(*(met[name] for name in names)) for names in folders.values()]
        if len(set(classes.values())) > 1 and all(len(labels) == 1 for labels in given):
            return None  # the classes go by these words already
        command = _command(root, classes, splits, depth, sorted(words))
        return NumberedWords(sorted(words), next(iter(at)), command)
    return None


def _say_splits(folders: Mapping[str, Sequence[str]], splits: Mapping[str, str], depth: int) -> bool:
    """Whether the folders of each word are of one of several splits: then it says the split once more."""
    word = {name: word for word, names in folders.items() for name in names}
    met = {(word[path.split("/")[depth]], split) for path, split in splits.items()}
    return len(set(splits.values())) > 1 and len(met) == len(folders)


def hints_on_numbered_words(root: Path, images: Mapping[str, Sequence[str]]) -> list[str]:
    """The same as a hint, where no reading was chosen. images: names by folder."""
    paths = {f"{folder}/{name}".lstrip("/"): "" for folder, names in images.items() for name in names}
    splits = {path: split_of(path.split("/")[0]) or "" for path in paths}
    found = numbered_words(root, paths, splits if all(splits.values()) else None)
    return [found.told] if found else []


def refuse_numbered_words(root: Path, classes: Mapping[str, str], splits: Mapping[str, str]) -> list[str]:
    """A note on such folders. Raises AssayError `ambiguous-layout` where their words say what pictures show,
    as positive and negative do."""
    found = numbered_words(root, classes, splits)
    if found is None:
        return []
    if set(found.words) <= _FOUND:
        some = ", ".join(map(one_line, sorted(set(classes.values()))[:3]))
        what = f"by the folders above the classes are {some}; {found.told}"
        raise AssayError("ambiguous-layout", root, what, "Do so, or say --layout classes or splits.")
    return [found.told]


def _words(name: str) -> frozenset[str]:
    return frozenset(map(str.lower, re.findall(_WORD, name)))


def _command(
    root: Path,
    classes: Mapping[str, str],
    splits: Mapping[str, str] | None,
    depth: int,
    words: Sequence[str],
) -> str:
    setup = (
        f'W=lambda f:next((w for w in map(str.lower,re.findall(r"{_WORD}",f.parts[{depth}])) '
        f'if w in {dumps(words)}),"");'
    )
    cells, columns = f"f.as_posix(),W(f),f.parts[{depth - 1}]", ["file_name", "label", "group"]
    if told := _told_splits(splits or {}):
        level, of = told
        setup += f"S={dumps(of)};"
        cells, columns = f"{cells},S[f.parts[{level}]]", [*columns, "split"]
    rows = f"(({cells}) for f in F if len(f.parts)>{depth + 1} and W(f))"
    return f"{Images(root, list(classes)).command(setup, rows, columns)} --group-column group"


def _told_splits(splits: Mapping[str, str]) -> tuple[int, dict[str, str]] | None:
    """The level of folders that tells the splits, and the split of each folder; None where none does."""
    if len(set(splits.values())) < 2:
        return None
    for level in range(min(path.count("/") for path in splits)):
        of: defaultdict[str, set[str]] = defaultdict(set)
        for path, split in splits.items():
            of[path.split("/")[level]].add(split)
        if all(len(told) == 1 for told in of.values()):
            return level, {name: next(iter(told)) for name, told in of.items()}
    return None
