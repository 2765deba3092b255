"""Folders beside those of classes that are called after a split or after masks: they are no classes."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.listing.advice.label_tables import table_command, then_give
from assay.data.listing.names import natural_key
from assay.data.listing.tree import Tree, besides_split, joined, split_in, words_of

#: Words for what belongs to each picture: alone, such as `ground_truth_1`; and where the files are called
#: after pictures, too, for carnival has masks, and coffee is ground. A `mask` may be what is to be told.
_MASKS: Final = frozenset("segmentation segmentations groundtruth ground truth truths".split())
_MAY_BE_MASKS: Final = frozenset("masks gt trimap trimaps annotation annotations ground truth".split())

#: What the names of masks may end in.
_OF_MASK: Final = re.compile(r"[\W_]+(mask|gt|seg|segmentation|annotation|trimap|label)$", re.IGNORECASE)

#: A word for a split that is one for a ticket, too: alone it does not part a folder from classes.
_NO_SPLIT: Final = frozenset(("valid",))

#: So many classes must be left without such folders.
_FEWEST: Final = 2


@dataclass(frozen=True)
class Apart:
    """A folder, `base`, that holds folders of classes, `others`, and some that are none, `splits`, with the
    split of each, empty for masks. files: the names of the images in a folder."""

    root: Path
    tree: Tree
    base: str
    others: Sequence[str]
    splits: Mapping[str, str]
    files: Callable[[str], Collection[str]]

    def refuse(self) -> None:
        """Raise AssayError `ambiguous-layout`, if there are any such, beside two classes or more."""
        if not self.splits or len(self.others) < _FEWEST:
            return
        told = ", ".join(map(one_line, list(self.splits)[:3]))
        shown = ", ".join(map(one_line, sorted(self.others, key=natural_key)[:3]))
        many = sum(self.tree.total(joined(self.base, name)) for name in self.splits)
        what = (
            f"{told}: called like {'a split' if all(self.splits.values()) else 'masks of pictures'}, with "
            f"{counted(many, 'image', 'images')} in no folder of a class, beside folders of classes ({shown})"
        )
        fix = f"{self._way()} Or say --layout classes, where each of these folders is a class, too."
        raise AssayError("ambiguous-layout", self.root, what, fix)

    def _way(self) -> str:
        """How to read all where the names of the images apart tell their classes, else the others."""
        if all(self.splits.values()) and self._names_tell_classes():
            by_length = dumps(sorted(self.others, key=len, reverse=True))
            label = f"next(c for c in {by_length} if f.name.lower().startswith(c.lower()))"
            command = self._table(label, self._of_others, self.splits)
            return f"The names of its files tell the classes: this writes a table of all: {command}."
        command = self._table("", self._of_others, {})
        return f"To leave {'it' if len(self.splits) == 1 else 'them'} out, this writes a table: {command}."

    def with_classes(self) -> str:
        """How to read all where the folders of splits hold the classes that the others are, or hold; else
        empty."""
        tree, base = self.tree, self.base
        inside = {name: tree.descended(joined(base, name)) for name in self.splits}
        known = {sub for start in inside.values() for sub in tree.full(start)}
        below = [set(tree.full(joined(base, name))) for name in self.others]
        deeper = all(len(subs & known) > 1 for subs in below)
        if not known or not (deeper or known <= set(self.others)):
            return ""
        folders = [joined(base, name) for name in (*self.splits, *(self.others if deeper else ()))]
        if any(tree.descended(folder) != folder or tree.images[folder] for folder in folders):
            return ""
        if not deeper:
            command = self._table(f"f.parts[{self._depth + 1}]", self._of_others, self.splits)
            return f"a table of all, where the folders beside {self._names} are train: {command}"
        command = self._table(f"f.parts[{self._depth + 1}]", f"f.parts[{self._depth + 1}]", self.splits)
        return (
            f"a table of all, where the folders beside {self._names} are groups of train: {command} "
            f"--group-pattern '([^/]+)/[^/]+/[^/]+$'"
        )

    @property
    def _names(self) -> str:
        return ", ".join(map(one_line, self.splits))

    @property
    def _depth(self) -> int:
        return self.base.count("/") + 1 if self.base else 0

    @property
    def _of_others(self) -> str:
        return f"f.parts[{self._depth}]"

    def _names_tell_classes(self) -> bool:
        """Whether the name of each image apart begins with one class and goes on with a number or a sign."""
        names = [
            name.lower()
            for folder in self.splits
            for name in self.files(self.tree.descended(joined(self.base, folder)))
        ]
        starts = [other.lower() for other in self.others if other[-1].isalpha()]
        return (
            len(starts) == len(self.others)
            and bool(names)
            and all(_class_of(name, starts) is not None for name in names)
        )

    def _table(self, apart: str, of_others: str, splits: Mapping[str, str]) -> str:
        """The command for a table, and what to give then. apart, of_others: Python for their labels."""
        folders = [folder for folder in self.tree.images if f"{folder}/".startswith(self.base)]
        endings = {PurePosixPath(name).suffix.lower() for folder in folders for name in self.files(folder)}
        top, counted_in = self._of_others, [*self.others, *splits]
        above = f"list(f.parts[:{self._depth}])=={dumps(self.base.split('/'))} and " if self.base else ""
        label = (
            of_others
            if apart in ("", of_others)
            else f"({apart} if {top} in {dumps(list(splits))} else {of_others})"
        )
        only = f"{above}len(f.parts)>{self._depth + 1} and {top} in {dumps(counted_in)}"
        all_splits = {**dict.fromkeys(self.others, "train"), **splits} if splits else None
        command = table_command(self.root, endings, label, only, all_splits, self._depth)
        return f"{command} ; then give {then_give(self.root)}"


def _class_of(name: str, classes: Sequence[str]) -> str | None:
    """The one class that a name begins with; None where none, or a longer one may be meant: `red-green-1`
    beside `red` and `red_green`."""
    found = [each for each in classes if name.startswith(each) and not name[len(each) :][:1].isalpha()]
    letters = _letters(name)
    meant = [each for each in classes if letters.startswith(_letters(each))]
    return max(found, key=len) if found and max(found, key=len) == max(meant, key=len) else None


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name))


def folders_apart(
    root: Path, tree: Tree, base: str, names: Sequence[str], files: Callable[[str], Collection[str]]
) -> Apart:
    """The folders that hold images alone and are called after a split, `test`, or after masks,
    `ground_truth_1`, and those that are not. But `valid` beside `invalid`, `train` beside `bus` are classes.

    base: the folder that all lie in. files: the names of the images in a folder.
    """

    def stems(name: str) -> list[str]:
        return [PurePosixPath(file).stem for file in files(tree.descended(joined(base, name)))]

    def holds_masks(name: str) -> bool:
        words = words_of(name)
        if words and words <= _MASKS and words not in ({"ground"}, {"truth"}, {"truths"}):
            return True
        if not words or not words <= _MAY_BE_MASKS:
            return False
        known = Counter(stem for other in names if other != name for stem in stems(other))
        return all(known[_OF_MASK.sub("", stem)] == 1 for stem in stems(name))

    flat = [name for name in names if not tree.full(tree.descended(joined(base, name)))]
    splits = {
        name: split
        for name in flat
        if not besides_split(name) and words_of(name) != _NO_SPLIT and (split := split_in(name))
    }
    if set(splits.values()) == {"train"}:
        splits = {}
    masks = dict.fromkeys((name for name in flat if holds_masks(name)), "")
    apart = splits or masks
    rest = [name.casefold() for name in names if name not in apart]
    apart = {name: split for name, split in apart.items() if not any(name.casefold() in n for n in rest)}
    return Apart(root, tree, base, [name for name in names if name not in apart], apart, files)
