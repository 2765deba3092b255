"""Names that come from files: their natural order, the split they stand for, how they are kept as text."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final
from unicodedata import category, normalize

#: Folder names (and values of a split column) -> split, whatever their case.
SPLIT_NAMES: Final = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}

#: The order of splits in a data set.
SPLIT_ORDER: Final = ("train", "validation", "test")

#: Longer rows of digits are cut: no file is numbered so high, and reading them would take long.
_DIGITS: Final = re.compile(r"([0-9]{1,18})")


#: How people say of images that they are not to be used, in lower case.
UNUSED: Final = frozenset(
    "exclude excluded ignore ignored skip skipped drop dropped remove removed delete deleted discard "
    "discarded reject rejected invalid unused unusable ungradable ungradeable corrupt corrupted".split()
)

#: What people call a folder of images that nobody labelled, in lower case.
_NO_LABEL: Final = UNUSED.union(
    (
        *(
            "unlabeled",
            "unlabelled",
            "unsorted",
            "no label",
            "nolabel",
            "without label",
            "to label",
            "to sort",
        ),
        *("to review", "to check", "needs review", "not labeled", "not labelled", "unannotated", "untagged"),
        *("wrong", "wrong label", "wrong class", "mislabeled", "mislabelled", "to delete", "to remove"),
        *("todo", "nan", "null", "undefined", "unknown", "unsure", "uncertain", "not sure", "maybe"),
    )
)

#: Folders that nobody named, that programs write, and that systems make of another one, in lower case.
_NEW: Final = re.compile(r"(new|untitled) folder( \(?\d+\)?)?|untitled( \d+)?")
_OF_PROGRAMS: Final = frozenset(
    "runs results output outputs logs checkpoints predictions plots figures visualizations heatmaps gradcam "
    "docs notebooks scripts src backup backups screenshots uploads upload predict prediction inference demo "
    "thumbnails thumbs temp tmp cache assets static templates samples sample examples".split()
)
_OF_PICTURES: Final = frozenset("image images img imgs picture pictures photo photos pics".split())
_COPY: Final = re.compile(
    r"(.+?)( - copy| - kopie|[ _-](copy|kopie|old|bak|backup|orig|original|aug|augmented|resized|cropped))?"
    r"( ?\(?\d+\))?"
)
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_COPY_OF: Final = re.compile(r"copy of (.+)")

_PLAIN_NUMBER: Final = re.compile(r"\d{1,15}(\.\d{0,15})?")
_DATE: Final = re.compile(r"(19|20)\d\d([-_.]?[01]\d([-_.]?[0-3]\d)?)?")

#: What spreadsheets make of `1-2` and `10-19`: a day and a month, a month and a year, or a whole date.
_MONTH: Final = "(?:jan|feb|mar|mär|mrz|apr|may|mai|june?|july?|aug|sept?|oct|okt|nov|dec|dez)"
_OF_SPREADSHEETS: Final = re.compile(
    rf"\d{{1,2}}(?:-|\. ?){_MONTH}|{_MONTH}[- ]\d\d|(?:19|20)\d\d-[01]\d-[0-3]\d( 00:00:00)?", re.IGNORECASE
)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort key by which "img2" comes before "img10"; equal numbers are told apart by their spelling."""
    parts: list[str | int] = list(_DIGITS.split(name))
    parts[1::2] = map(int, parts[1::2])  # text and digits take turns, so like is compared with like
    return parts, name


def split_of(name: str) -> str | None:
    """The split that a folder or cell names, or None."""
    return SPLIT_NAMES.get(name.strip().casefold())


def visible(name: str) -> str:
    """A name without the signs of Unicode that nobody sees, such as a zero-width space."""
    return name if name.isascii() else "".join(sign for sign in name if category(sign) != "Cf")


def folded(name: str) -> str:
    """One text for names that differ in case, spaces, signs that nobody sees, or how Unicode spells them."""
    return normalize("NFC", " ".join(visible(name).split()).casefold())


def notes_on_classes(names: Sequence[str]) -> Iterator[str]:
    """Notes on a class that is alone, and on names that may be one class.

    These differ only in case, spaces or how Unicode spells them.
    """
    if len(names) == 1:
        yield f"there is one class only, {names[0]!r}: nothing can be told apart, and no model can be trained"
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(folded(name), []).append(name)
    for group in alike.values():
        if len(group) > 1:
            told = " and ".join(map(repr, group))
            by_fold = len({" ".join(name.split()).casefold() for name in group}) == 1
            how = "in case or spaces" if by_fold else "in how Unicode spells them"
            how = "in signs that cannot be seen" if len(set(map(visible, group))) < len(group) else how
            yield (
                f"the classes {told} differ only {how}: kept apart, but perhaps one class "
                "(--classes with one name of each class joins them)"
            )
    yield from _notes_on_numbers(names)
    yield from _notes_on_folders(names)
    for name in names:
        alone = name == "-1" and not any(map(_PLAIN_NUMBER.fullmatch, names))
        if alone or says_no_label(name):
            yield f"the class {name!r} is called like images without a label: move them out if they are"


def says_no_label(name: str) -> bool:
    """Whether a folder is called like one of images that have no label, or are not to be used."""
    return name.casefold().replace("_", " ").replace("-", " ").strip(" .[](){}") in _NO_LABEL


def _notes_on_folders(names: Sequence[str]) -> Iterator[str]:
    """Notes on classes that are called like a copy of another, a new folder, or what programs write."""
    known = {name.strip().casefold(): name for name in names}
    for plain, name in known.items():
        found = _COPY_OF.fullmatch(plain) or _COPY.fullmatch(plain)
        if found and found[1] != plain and found[1] in known:
            yield (
                f"the class {name!r} is called like a copy of {known[found[1]]!r}: if it is, move it away, "
                "or its images into that class"
            )
        if _NEW.fullmatch(plain):
            yield f"the class {name!r} is called like a folder that nobody named: is it a class?"
    words = {name: {*_LETTERS.findall(plain)} - _OF_PICTURES for plain, name in known.items()}
    programs = [name for name, own in words.items() if own and own <= _OF_PROGRAMS]
    if len(names) - len(programs) > 1:
        for name in programs:
            yield (
                f"the class {name!r} is called like what programs write, or people keep beside data: move it "
                "away if it is no class"
            )


def _notes_on_numbers(names: Sequence[str]) -> Iterator[str]:
    """Notes on classes that are one number in two spellings, and on classes that are all dates."""
    equal: dict[float, list[str]] = {}
    for name in names:
        if _PLAIN_NUMBER.fullmatch(name):
            equal.setdefault(float(name), []).append(name)
    for group in equal.values():
        if len(group) > 1:
            told = " and ".join(map(repr, sorted(group)))
            yield f"the classes {told} are one number: kept apart, but perhaps one class"
    numbers, words = ({name for name in names if name.isdecimal() is told} for told in (True, False))
    if len(numbers) == len(words) > 1 and numbers in ({*map(str, range(a, a + len(words)))} for a in (0, 1)):
        yield (
            f"half of the classes are numbers, half are words ({min(numbers)}, {min(words)}): the numbers "
            "may stand for these"
        )
    dates = [name for name in names if _OF_SPREADSHEETS.fullmatch(name)]
    if dates and (len(dates) < len(names) or not any(map(_DATE.fullmatch, names))):
        told = ", ".join(map(repr, dates[:3]))
        yield f"the classes {told} may be ranges, such as 1-2 or 10-19, that a spreadsheet made dates of"
    if len(names) > 1 and all(map(_DATE.fullmatch, names)):
        yield f"all classes are called like years or dates ({names[0]}, {names[1]}): are those the classes?"


def one_spelling(labels: Iterable[Collection[str]]) -> dict[str, str]:
    """Each name in the one form of Unicode that is composed (NFC); as they are where that would join two.

    A Mac writes `é` as two characters, others as one: they look alike, and are one name. Where one of the
    collections (the names of a split) has both, somebody told them apart.
    """
    given = [set(names) for names in labels]
    apart = any(len({normalize("NFC", name) for name in names}) < len(names) for names in given)
    return {name: name if apart else normalize("NFC", name) for names in given for name in names}


def ordered_splits(names: Iterable[str]) -> list[str]:
    """Splits in the order of a data set."""
    return sorted(set(names), key=SPLIT_ORDER.index)
