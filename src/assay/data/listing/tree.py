"""A tree of folders as the rules of its layout look at it: names, and how many images lie where."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from assay.core.errors import AssayError
from assay.data.listing.names import natural_key, split_of

#: Words that stand for a split inside a longer name: seg_train, training_set, val2017, PublicTest.
_SHORT: Final = {
    **dict.fromkeys(("train", "training", "trn", "trainval", "trainvalid"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "crossval"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}

#: The same, and written together with what they are splits of: trainset, testdata, trainlist01.
_WORDS: Final = _SHORT | {
    f"{word}{of}": split
    for word, split in _SHORT.items()
    for of in ("set", "data", "list", "images", "imgs", "split")
}
_EVALUATION: Final = frozenset({"eval", "evaluation"})

#: A letter that numbers a folder among others.
_LETTERED: Final = re.compile(r"^\s*\(?[A-Za-z]\s?[.)]\s*")

#: The parts of a name: runs of capitals, capitalized words, lower-case words; digits and signs part them.
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

#: Words for a lot of pictures: they tell nothing apart.
_PICTURES: Final = frozenset(
    "image images img imgs pic pics photo photos picture pictures data set files".split()
)

#: `patient00001`, `video_12`, `case 3 left`: the names of folders that are no classes.
_GROUP: Final = re.compile(
    r"(patient|subject|participant|case|study|series|lesion|slide|plate|specimen|video|clip|movie|seq|sequence|"
    r"scene|session|visit|exam)s?[ _-]*(id[ _-]*)?\d+([ _-].*)?",
    re.IGNORECASE,
)

#: `P000`, `p10000032`: a letter or two and a number, as all that are numbered alike. But not classes of
#: ImageNet, whose numbers are those of WordNet: `n01440764`.
_NUMBERED_ALIKE: Final = re.compile(r"(?!n\d{8}$)([a-z]{1,2})\d{3,10}", re.IGNORECASE)

#: `cat.0.jpg`, `dog-12.png`: a word before a number. Cameras and programs name their pictures so, too.
_NUMBERED: Final = re.compile(r"([^\W\d_][\w -]*?)[ ._-]*\(?\d+\)?")
_NO_CLASSES: Final = frozenset(
    "img image images photo pic picture pict p pxl dsc dscn dscf dji gopr mvimg frame scan screenshot shot "
    "file vid video untitled unnamed page sample item x".split()
)
#: A run of letters; a number that is a date, or counts pictures.
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_LONG_NUMBER: Final = re.compile(r"\d{4}")
_DIGITS: Final = re.compile(r"\d+")


class Tree:
    """Folders and how many images lie in each: what the rules look at.

    images: by path of the folder, "" for the root. folders: every path, those without images too.
    plain: folders that hold files of other kinds only, such as annotations, themselves or below; they are no
    classes.
    """

    def __init__(
        self, images: Mapping[str, int], folders: Iterable[str], plain: Collection[str] = ()
    ) -> None:
        self.images = Counter(images)
        self._children: dict[str, list[str]] = {"": []}
        self._total: Counter[str] = Counter()
        for folder in sorted(folders, key=natural_key):
            parent, _, name = folder.rpartition("/")
            self._children.setdefault(parent, []).append(name)
            self._children.setdefault(folder, [])
        for folder, count in self.images.items():
            parts = folder.split("/") if folder else []
            for depth in range(len(parts) + 1):
                self._total["/".join(parts[:depth])] += count
        above = {"/".join(p.split("/")[:n]) for p in plain for n in range(1, p.count("/") + 1)}
        self.plain = {*plain, *(folder for folder in above if not self._total[folder])}

    def total(self, folder: str = "") -> int:
        """Images in the folder and below it."""
        return self._total[folder]

    def full(self, folder: str) -> list[str]:
        """Names of the folders in it that hold images somewhere."""
        return [name for name in self._children[folder] if self._total[joined(folder, name)]]

    def classes(self, folder: str) -> list[str]:
        """Names of the folders in it that can be classes: with images, or empty; not of other files alone."""
        return [
            name
            for name in self._children[folder]
            if self._total[joined(folder, name)] or joined(folder, name) not in self.plain
        ]

    def descended(self, folder: str) -> str:
        """Where the first choice lies: further down while there is one folder and no image.

        A folder of images alone is no further level, except under its own name once more: `train/train`.
        """
        while not self.images[folder] and len(names := self.classes(folder)) == 1:
            below = joined(folder, names[0])
            doubled = names[0].casefold() == folder.rpartition("/")[2].casefold()
            if not self.full(below) and not doubled:
                break
            folder = below
        return folder


def joined(folder: str, name: str) -> str:
    """The path of a folder in a folder; "" is the root."""
    return f"{folder}/{name}" if folder else name


def words_of(name: str) -> frozenset[str]:
    """The words of a name, in lower case: `JPEGImages` has jpeg and images, `val2017` has val."""
    return frozenset(map(str.lower, _PARTS.findall(name)))


def called_like_groups(classes: Collection[str]) -> bool:
    """Whether all of several classes are called like patients, videos or the like, with a number each."""
    return len(classes) > 1 and all(map(_GROUP.fullmatch, classes))


def may_be_groups(classes: Collection[str]) -> bool:
    """The same, or whether all are numbered alike, as `P000` and `P001`: so are some classes."""
    numbered = list(map(_NUMBERED_ALIKE.fullmatch, classes))
    alike = all(numbered) and len({found[1].casefold() for found in numbered if found}) == 1
    return called_like_groups(classes) or (len(classes) > 1 and alike)


def split_in(name: str) -> str | None:
    """The split in a folder's name, be it the whole name or a part; None where there is none, or two."""
    if exact := split_of(name):
        return exact
    found = {_WORDS[part] for part in words_of(name) if part in _WORDS}
    return found.pop() if len(found) == 1 else None


def has_split_word(name: str) -> bool:
    """Whether a split is named in it, be it one of several: is_test, train_or_val."""
    return not _WORDS.keys().isdisjoint(words_of(name))


def besides_split(name: str) -> frozenset[str]:
    """The words of a name besides those of splits and of pictures as such: seg of `seg_train_images`.

    A letter that numbers it is none: `a. Training Set`.
    """
    return words_of(_LETTERED.sub("", name)).difference(_WORDS, _PICTURES)


def splits_of(names: Iterable[str]) -> dict[str, str]:
    """Folder name -> split, for those named after one. Evaluation beside a test folder is validation."""
    found = {name: split for name in names if (split := split_in(name))}
    evaluation = [name for name in found if _EVALUATION & words_of(name)]
    if any(split == "test" and name not in evaluation for name, split in found.items()):
        found |= dict.fromkeys(evaluation, "validation")
    return found


def exact_all(names: Iterable[str]) -> bool:
    """Whether all names are those of splits."""
    return all(map(split_of, names))


def named_splits(text: str) -> dict[str, str]:
    """What --split-names takes, `train=A,test=B`: the folder of each split. Raises AssayError `bad-value`."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, folder = (piece.strip() for piece in part.partition("="))
        split = split_of(name)
        if not equals or not folder or split is None or split in found:
            fix = "Write, for example, --split-names train=A,test=B."
            raise AssayError("bad-value", "--split-names", f"{part.strip()!r} is not SPLIT=FOLDER", fix)
        found[split] = folder
    return found


def label_in(file: str) -> str | None:
    """The word before the number in a file's name, as in `cat.0.jpg`; None where it is not so named."""
    found = _NUMBERED.fullmatch(file.rpartition(".")[0])
    return found[1] if found else None


def leave_class_open(labels: Iterable[str]) -> bool:
    """Whether words with numbers may be the class in more than one part: two numbers that go their own ways
    in the same words (`suite_1_2`), or several words with several numbers each (`cat_1`, `cat_2`, `dog_1`,
    `dog_2`)."""
    numbers: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for label in labels:
        numbers[_DIGITS.sub("0", label.casefold())].add(tuple(_DIGITS.findall(label)))
    several = [rows for rows in numbers.values() if len(rows) > 1]
    own_ways = any(
        len(rows) > max(len(set(column)) for column in zip(*rows, strict=True)) for rows in several
    )
    return own_ways or len(several) > 1


def is_of_a_program(label: str) -> bool:
    """Whether a label is what cameras and programs name their pictures by: `IMG`, and `IMG_20200115`.

    `item3` may be the third of several items, which are classes.
    """
    words = _LETTERS.findall(label.casefold())
    told = not any(map(str.isdigit, label)) or bool(_LONG_NUMBER.search(label))
    return bool(words) and told and all(word in _NO_CLASSES for word in words)
