"""What lies beside the images of a folder and is not read, but may matter: tables, names, masks, archives."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FIRST_BYTES, FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES, read_table
from assay.data.formats.unread_forms import BESIDE_ANYTHING, UNREAD, UnreadForm, form_of
from assay.data.listing.metadata import has_labels
from assay.data.listing.names import natural_key
from assay.data.listing.other_tasks import only_pictures
from assay.data.listing.tree import splits_of
from assay.data.listing.walk import Walk
from assay.data.values import Kind

#: Files that people list class names in, one a line.
_NAME_FILES: Final = frozenset(
    ("classes.txt", "class_names.txt", "labels.txt", "names.txt", "label_names.txt")
)

_ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".7z", ".rar", ".tar.xz")

_ARRAYS: Final = (".npz", ".npy")

#: A class called after another one, with a word for what belongs to a picture and is none.
_OF_ANOTHER: Final = re.compile(
    r"(.+?)[ _-]*(masks?|annotations?|segmentations?|seg|gt|ground[ _-]?truth)", re.IGNORECASE
)

#: Lists of the images of a split.
_LISTS: Final = (".txt", ".lst", ".list", ".json", ".csv", ".tsv", ".xml")

#: `00017_cat`, `IMG-3 dog`: a word at the end of a name.
_ENDING_IN_A_WORD: Final = re.compile(r".*\d.*[_ .-]([^\W\d_]+)")

#: Tables that are looked into, for a hint; and columns that are named.
_TABLES: Final = 5
_COLUMNS: Final = 8

#: Files that are looked into, for a hint.
_LOOKED_INTO: Final = 20


def hints_beside(found: Walk, joined: Sequence[str] = ()) -> list[str]:
    """What to try where no image was found: a table, an archive, arrays, files of a form that is not read.

    joined: tables of metadata that were looked for labels, and have none.
    """
    files = [name for name in found.files if "/" not in name]
    hints = [f"{_told(found, name)}: name it with --label-column" for name in joined[:1]]
    hints += _on_best_table(found) if not joined else []
    archive = next((name for name in files if name.lower().endswith(_ARCHIVES)), None)
    hints += [f"there is an archive inside, {one_line(archive)}: unpack it"] if archive else []
    hints += _on_endings(files)
    arrays = [name for name in files if name.lower().endswith(_ARRAYS)]
    if arrays:
        count = counted(len(arrays), "file", "files")
        hints.append(f"{count} of NumPy arrays, {one_line(arrays[0])} the first: give the path of one")
    return [*hints, *_unread(found, (name for name in found.files if name not in (archive, *arrays)))]


def _on_endings(files: Iterable[str]) -> list[str]:
    """A hint where the names of all images end in one of a few words: these may be the classes."""
    images = [name for name in files if name.lower().endswith(tuple(FORMAT_BY_NAME))]
    named = [_ENDING_IN_A_WORD.fullmatch(name.rpartition(".")[0]) for name in images]
    words = Counter(found[1] for found in named if found)
    if len(words) < 2 or words.total() < len(images) or min(words.values()) < 2:
        return []
    shown = ", ".join(map(one_line, sorted(words, key=natural_key)[:3]))
    return [
        f"the names of the images end in words ({shown}): where these are the classes, say so in a table, "
        "in that folder: (echo file_name,label; ls | "
        r"sed -nE 's/.*[_ .-]([^_ .-]+)\.[^.]+$/&,\1/p') > metadata.csv"
    ]


def _on_best_table(found: Walk) -> list[str]:
    """The table that most likely has the labels: by its columns, then by its name."""
    tables = [name for name in _tables(found) if "submission" not in name.lower()][:_TABLES]
    labelled = [name for name in tables if _is_labelled(found, name)]
    if not labelled:
        return [f"{_told(found, name)}: give its path, and --label-column" for name in tables[:1]]
    best = min(labelled, key=lambda name: "train" not in name.lower())
    return [f"there is a table, {one_line(best)}: give its path"]


def _told(found: Walk, name: str) -> str:
    """A table without labels, with the columns that it has."""
    try:
        columns = ", ".join(map(one_line, islice(read_table(found.root / name), _COLUMNS)))
    except AssayError:
        return f"there is a table, {one_line(name)}"
    return (
        f"there is a table, {one_line(name)}, without a usual name for a column of labels (it has {columns})"
    )


def _unread(found: Walk, files: Iterable[str]) -> list[str]:
    """A file, at any depth, of a form that is known but not read, with the way on: of several forms the first
    of the table, where a JSON file, which often lies beside data of another form, is one of the last."""
    forms = ((name, _form(found, name)) for name in islice(files, _LOOKED_INTO))
    known = [(UNREAD.index(form), name) for name, form in forms if form and form.name not in BESIDE_ANYTHING]
    place, told = min(known, default=(0, ""))
    return (
        [f"{one_line(told)} is {UNREAD[place].name}, which is not read: {UNREAD[place].way}"] if told else []
    )


def notes_beside(
    found: Walk, layout: Kind | None, classes: Collection[str], joined: Collection[str] = ()
) -> list[str]:
    """Notes on what was not read beside folders of classes.

    classes: those that were read. joined: tables that are read with them.
    Raises AssayError `ambiguous-layout` where there is one alone and a table has labels, unless `layout`
    says that the folders count.
    """
    names = [name for name in found.files if "/" not in name]
    on_tables = _on_tables(found, layout, classes, joined)
    return [*on_tables, *notes_on_names(found.root, names, classes), *_on_masks(classes)]


def _tables(found: Walk) -> list[str]:
    return [name for name in found.files if "/" not in name and name.lower().endswith(SUFFIXES)]


def _on_tables(
    found: Walk, layout: Kind | None, classes: Collection[str], joined: Collection[str]
) -> list[str]:
    tables = [name for name in _tables(found) if name not in joined]
    if len(classes) == 1 and layout is None:
        one = one_line(next(iter(classes)))
        labelled = next((name for name in tables if _is_labelled(found, name)), None)
        if labelled is not None:
            table = one_line(labelled)
            what = f"by its folders all images are of one class, {one}; there is a table of labels, {table}"
            fix = f"Give the table, {one_line(str(found.root / labelled))}, or say --layout classes."
            raise AssayError("ambiguous-layout", found.root, what, fix)
        told = next((name for name in tables if _tells_of_images(found, name)), None)
        if told and only_pictures(classes):  # `images` is no class
            what = f"by its folders all images are of one class, {one}; {_told(found, told)}"
            fix = (
                f"Give the table, {one_line(str(found.root / told))}, with --label-column, or say "
                "--layout classes."
            )
            raise AssayError("ambiguous-layout", found.root, what, fix)
    names = f"{', '.join(map(one_line, tables[:3]))}{' and more' if len(tables) > 3 else ''}"
    return [f"the folders give the classes; tables beside them were not read: {names}"] if tables else []


def notes_on_split_lists(ignored: Collection[str]) -> list[str]:
    """A note on lists such as train.txt and test.txt, where no split was read. ignored: files that were not
    read."""
    lists = [path for path in ignored if path.lower().endswith(_LISTS)]
    names = {path: path.rpartition("/")[2].rpartition(".")[0] for path in lists}
    splits = splits_of(names.values())
    told = [path for path in lists if names[path] in splits]
    if len({splits[names[path]] for path in told}) < 2:
        return []
    shown = ", ".join(map(one_line, told[:3]))
    return [f"no split was read; {shown} may tell which image is in which (give a table with a column split)"]


def notes_on_names(folder: Path, files: Iterable[str], classes: Collection[str]) -> list[str]:
    """A note on a list of names among the files of a folder, where the classes are numbers."""
    if not classes or not all(map(str.isdecimal, classes)):
        return []
    lists = [name for name in files if name.lower() in _NAME_FILES]
    return [
        f"the classes are numbers; {one_line(name)} may hold their names "
        f"(--classes {one_line(str(folder / name))})"
        for name in lists[:1]
    ]


def _on_masks(classes: Collection[str]) -> list[str]:
    """A note on classes that may be masks or the like of the pictures of other classes."""
    others = {name.casefold() for name in classes}
    masks = [name for name in classes if (of := _OF_ANOTHER.fullmatch(name)) and of[1].casefold() in others]
    told = ", ".join(map(one_line, sorted(masks)[:3]))
    return [f"classes named after others, and perhaps no classes: {told}"] if masks else []


def _is_labelled(found: Walk, name: str) -> bool:
    """Whether a table can be read and has labels."""
    try:
        return has_labels(found.root / name, read_table(found.root / name))
    except AssayError:
        return False  # no table of labels then: a note names it all the same


def _tells_of_images(found: Walk, name: str) -> bool:
    """Whether a table can be read, and the first row of a column names an image."""
    try:
        columns = read_table(found.root / name)
    except AssayError:
        return False
    return any(cells and cells[0].lower().endswith(tuple(FORMAT_BY_NAME)) for cells in columns.values())


def _form(found: Walk, name: str) -> UnreadForm | None:
    try:
        return form_of(name, read_file(found.root / name, FIRST_BYTES, follow_links=False))
    except AssayError:
        return None  # a hint more or less
