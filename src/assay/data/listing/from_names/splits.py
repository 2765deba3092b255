"""Splits in the names of files, `cat/train_001.jpg` and `COCO_val2014_0001.jpg`, and in paths of a table."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import PurePosixPath
from typing import Final

from assay.core.text import counted, one_line
from assay.data.listing.names import SPLIT_ORDER
from assay.data.listing.tree import besides_split, has_split_word, split_in, splits_of

#: More words are no splits, but a part of a name that each image has another of.
_MOST: Final = 9

#: What parts the words of a name, and stands around them.
_BETWEEN: Final = r"[\W_]+"
_AROUND: Final = "_-. "

#: Where the word may stand: first, behind the name of the set, or last.
_PLACES: Final = (slice(0, 1), slice(1, 2), slice(-1, None))


@dataclass(frozen=True)
class NamedSplits:
    """What the names of images tell. of: the split of each word; place: where it stands among the words of a
    name; counts: images of each split."""

    of: Mapping[str, str]
    place: slice
    counts: Mapping[str, int]

    @property
    def setup(self) -> str:
        """Python for the split of a path, `Sp(p)`, and for the stem of a name without the word, `No(s)`."""
        words = f're.split(r"{_BETWEEN}",s.strip("{_AROUND}"))'
        first, last = self.place.start, self.place.stop or ""
        rest = f"[:{first}]" if first < 0 else f"[{last}:]"
        return (
            f'Sp=lambda p:(lambda s:{dumps(self.of)}.get("".join({words}[{first}:{last}]),""))(Path(p).stem);'
            f'No=lambda s:"_".join({words}{rest});'
        )

    @property
    def told(self) -> str:
        """`24 of train, 8 of test`."""
        return ", ".join(f"{self.counts[s]:,} of {s}" for s in SPLIT_ORDER if s in self.counts)

    def split(self, path: str) -> str:
        """The split of an image."""
        return self.of["".join(_words(_stem(path))[self.place])]

    def without(self, stem: str) -> str:
        """The stem of a name without the word, and without what stands before it."""
        start, stop = self.place.start, self.place.stop
        return "_".join(_words(stem)[:start] if start < 0 else _words(stem)[stop:])


def splits_in_names(paths: Collection[str]) -> NamedSplits | None:
    """The splits that the names of all images tell, train and another one; None where they tell none."""
    if not has_split_word(_stem(next(iter(paths), ""))):
        return None  # of a million names the first one tells, mostly
    names = [_words(_stem(path)) for path in paths]
    for place in _PLACES:
        if place.start == 1 and len({name[0] for name in names}) > 1:
            continue  # no name of a set, which all images have
        words = Counter("".join(name[place]) for name in names)
        of = {word: split_in(word) or "" for word in words} if len(words) <= _MOST else {}
        if of and all(of.values()) and _are_splits(of.values()):
            counts: Counter[str] = Counter()
            for word, count in words.items():
                counts[of[word]] += count
            return NamedSplits(of, place, counts)
    return None


def splits_of_paths(
    paths: Sequence[str], otherwise: str = "a column split with train in each row"
) -> tuple[list[str], str] | None:
    """The split of each path by a folder in it, `train/1.jpg`, else by the name of the file, and a note.

    otherwise: what makes all of them train, for the note.
    None where they tell none. The folder stands at one depth, and its names differ in the split alone, as
    `train_images` and `test_images` do.
    """
    if not paths or not has_split_word(paths[0]):
        return None
    folders = [path.replace("\\", "/").split("/")[:-1] for path in paths]
    for depth in range(min(map(len, folders))):
        counts = Counter(above[depth] for above in folders)
        known = splits_of(counts) if len(counts) <= _MOST else {}
        if len(known) < len(counts) or not _are_splits(known.values()):
            continue
        if len(set(map(besides_split, counts))) == 1:
            found = [known[above[depth]] for above in folders]
            return found, _note("folders of its paths", found, list(counts), otherwise)
    if told := splits_in_names(paths):
        found = [told.split(path) for path in paths]
        return found, _note("names of its files", found, list(told.of), otherwise)
    return None


def note_on_other_splits(column: str, splits: Sequence[str], paths: Sequence[str]) -> list[str]:
    """A note where paths tell other splits than the column that was read.

    A validation split that is taken out of the folder of train is none.
    """
    told = splits_of_paths(paths)
    if told is None:
        return []
    odd = [
        row
        for row, (own, other) in enumerate(zip(splits, told[0], strict=True))
        if own != other and (own, other) != ("validation", "train")
    ]
    if not odd:
        return []
    images = counted(len(odd), "image", "images")
    return [
        f"the column {one_line(column)} was read as the splits; the paths tell another one of {images}: "
        f"{one_line(paths[odd[0]])} is {splits[odd[0]]} there"
    ]


def _are_splits(found: Iterable[str]) -> bool:
    splits = set(found)
    return "train" in splits and len(splits) > 1


def _note(what: str, found: Sequence[str], words: Sequence[str], otherwise: str) -> str:
    counts = Counter(found)
    told = ", ".join(f"{counts[split]:,} of {split}" for split in SPLIT_ORDER if split in counts)
    shown = ", ".join(map(one_line, words))
    return f"the {what} were read as the splits ({shown}): {told} ({otherwise} makes them one set)"


def _stem(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).stem


def _words(stem: str) -> list[str]:
    return re.split(_BETWEEN, stem.strip(_AROUND))
