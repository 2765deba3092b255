"""What lies beside the images of a folder and is not read, but may matter: tables, names, masks, archives."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FIRST_BYTES, FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES
from assay.data.formats.unread_forms import BESIDE_ANYTHING, UNREAD, UnreadForm, form_of
from assay.data.listing.advice.label_maps import notes_on_maps
from assay.data.listing.advice.lists import Images
from assay.data.listing.advice.records import hints_on_json
from assay.data.listing.columns.against_folders import (
    contradictions,
    first_rows,
    labelled_images,
    name_images,
    note_on_contradictions,
    other_labels,
    parting_columns,
)
from assay.data.listing.columns.rows_of_folders import notes_on_rows_of_folders
from assay.data.listing.exported.archives import hints_on_archives, place_of
from assay.data.listing.exported.arrays_in_folders import hints_on_arrays_in_folders
from assay.data.listing.exported.in_splits import hints_on_tables_of_splits
from assay.data.listing.from_names.class_lists import hints_on_class_lists
from assay.data.listing.from_names.lists_of_paths import hints_on_lists_of_paths
from assay.data.listing.metadata import OF_A_FOLDER, has_labels
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.other_tasks import only_pictures
from assay.data.listing.tree import called_like_groups, may_be_groups, split_in
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
    images = {name.rpartition("/")[0] for name in found.files if name.lower().endswith(tuple(FORMAT_BY_NAME))}
    of_splits = hints_on_tables_of_splits(found.root, images, found.files)
    hints += (of_splits or _on_best_table(found)) if not joined else []
    archives = [name for name in files if name.lower().endswith(_ARCHIVES)]
    hints += hints_on_archives(found.root, archives)
    hints += hints_on_lists_of_paths(found.root, found.files)
    hints += hints_on_arrays_in_folders(found.root, found.files) if not images else []
    arrays = [name for name in files if name.lower().endswith(_ARRAYS)]
    if arrays:
        count = counted(len(arrays), "file", "files")
        hints.append(f"{count} of NumPy arrays, {one_line(arrays[0])} the first: give the path of one")
    return [*hints, *_unread(found, (name for name in found.files if name not in {*archives, *arrays}))]


def _on_best_table(found: Walk) -> list[str]:
    """The table that most likely has the labels: by its columns, then by its name."""
    tables = sorted(_tables(found) or _deeper_tables(found), key=_as_often_meant)[:_TABLES]
    tables = [name for name in tables if "submission" not in name.lower()]
    labelled = [name for name in tables if _is_labelled(found, name)]
    if not labelled:
        return [f"{_told(found, name)}: give its path, and --label-column" for name in tables[:1]]
    root = f" and --root {one_line(quote(str(found.root)))}" if "/" in labelled[0] else ""
    return [f"there is a table, {one_line(labelled[0])}: give its path{root}"]


def _deeper_tables(found: Walk) -> list[str]:
    """Tables that lie in folders, one or two deep."""
    return [name for name in found.files if name.lower().endswith(SUFFIXES) and name.count("/") < 3]


def _told(found: Walk, name: str) -> str:
    """A table without labels, with the columns that it has."""
    try:
        columns = ", ".join(map(one_line, islice(first_rows(found.root / name), _COLUMNS)))
    except AssayError:
        return f"there is a table, {one_line(name)}"
    return (
        f"there is a table, {one_line(name)}, without a usual name for a column of labels (it has {columns})"
    )


def _unread(found: Walk, files: Iterable[str]) -> list[str]:
    """A file, at any depth, of a form that is known but not read, with the way on: of several forms the first
    of the table, where a JSON file, which often lies beside data of another form, is one of the last."""
    others = (name for name in files if not name.lower().endswith(tuple(FORMAT_BY_NAME)))
    forms = ((name, _form(found, name)) for name in islice(others, _LOOKED_INTO))
    known = [(UNREAD.index(form), name) for name, form in forms if form and form.name not in BESIDE_ANYTHING]
    place, told = min(known, default=(0, ""))
    return (
        [f"{one_line(told)} is {UNREAD[place].name}, which is not read: {UNREAD[place].way}"] if told else []
    )


@dataclass(frozen=True)
class Classes:
    """What was read as classes: their names, the folders with their images, how to get the class of each
    image by its path, and whether it is the word that the name of its file begins with."""

    names: Collection[str]
    folders: Collection[str]
    of_images: Callable[[], Mapping[str, str]]
    by_file_names: bool = False


def notes_beside(
    found: Walk, layout: Kind | None, classes: Classes, joined: Collection[str] = ()
) -> list[str]:
    """Notes on what was not read beside folders of classes.

    joined: tables that are read with them. Raises AssayError `ambiguous-layout` where the folders may be no
    classes: there is one alone, they are called like groups, or a table has other labels for the same images;
    unless `layout` says that the folders count.
    """
    names = [name for name in found.files if "/" not in name]
    tables = [name for name in tables_above(found, classes.folders) if name not in joined]
    on_tables = [] if layout else _refuse_tables(found, classes, tables)
    told = f"{', '.join(map(one_line, tables[:3]))}{' and more' if len(tables) > 3 else ''}"
    if tables:
        why = _why_unreadable(found, tables[0]) if len(classes.names) == 1 else ""
        on_tables.append(f"the folders give the classes; tables beside them were not read: {told}{why}")
    on_tables += [] if layout else notes_on_rows_of_folders(found.root, tables[:_TABLES], classes.names)
    on_tables += _on_archives(found, classes.folders)
    on_names = notes_on_names(found.root, names, classes.names)
    on_names += _unread(found, found.files) if len(classes.names) == 1 else []  # the labels may be there
    return [*on_tables, *on_names, *_on_masks(classes.names), *_on_groups(classes.names)]


def _why_unreadable(found: Walk, table: str) -> str:
    """What is wrong with a table that may have the classes, in parentheses; empty where it can be read."""
    try:
        first_rows(found.root / table)
    except AssayError as error:
        return f" ({error.what}; {error.fix[0].lower()}{error.fix[1:].rstrip('.')})"
    return ""


def _on_archives(found: Walk, folders: Collection[str]) -> list[str]:
    """A note on archives beside the folders of classes, or among their images: one may be a class, or more of
    one, that was not unpacked."""
    above = {"", *folders, *(folder.rpartition("/")[0] for folder in folders)}
    archives = [
        name
        for name in found.files
        if name.lower().endswith(_ARCHIVES)
        and name.rpartition("/")[0] in above
        and place_of(name) not in found.folders  # it was unpacked there
    ]
    told = f"{', '.join(map(one_line, archives[:3]))}{' and more' if len(archives) > 3 else ''}"
    return [f"archives beside folders or images were not unpacked: {told}"] if archives else []


def _tables(found: Walk) -> list[str]:
    return [name for name in found.files if "/" not in name and name.lower().endswith(SUFFIXES)]


def tables_above(found: Walk, folders: Collection[str]) -> list[str]:
    """The tables in all folders above those of the images, and in one that has all; those of train first."""
    parts = [folder.split("/") for folder in folders]
    above = {"", *("/".join(own[:depth]) for own in parts for depth in range(1, len(own)))}
    above |= set(folders) if len(folders) == 1 else set()
    tables = [
        name for name in found.files if name.lower().endswith(SUFFIXES) and name.rpartition("/")[0] in above
    ]
    return sorted(tables, key=_as_often_meant)


def _as_often_meant(name: str) -> int:
    """Tables of train before others, before those of a test; a sample of what to hand in last."""
    split = split_in(name.rpartition("/")[2].rpartition(".")[0])
    return 3 if "submission" in name.lower() else {"train": 0, None: 1}.get(split, 2)


def _refuse_tables(found: Walk, classes: Classes, tables: Sequence[str]) -> list[str]:
    """Notes on tables with other classes for the same images; AssayError where the folders may be none."""
    some = ", ".join(map(one_line, sorted(classes.names, key=natural_key)[:3]))
    alone = len(classes.names) == 1
    by_folders = f"all images are of one class, {some}" if alone else f"the classes are {some}"
    by_folders = f"by its folders {by_folders}"
    labelled = next((name for name in tables if _is_labelled(found, name)), None) if alone else None
    if labelled and (hints := hints_on_tables_of_splits(found.root, classes.folders, found.files)):
        fix = "Do so, or say --layout classes."
        raise AssayError("ambiguous-layout", found.root, f"{by_folders}; {hints[0]}", fix)
    if labelled is not None:
        raise _not_by_folders(
            found, labelled, f"{by_folders}; there is a table of labels, {one_line(labelled)}"
        )
    notes = _on_columns(found, classes, tables, some) if classes.by_file_names else []
    if alone or called_like_groups(classes.names):
        others = (name for name in tables if not _is_labelled(found, name))
        told = next((name for name in others if _tells_of_images(found, name, classes)), None)
        if told is not None:  # `images` is no class, and neither is `patient00001`
            what = f"{by_folders}; {_told(found, told)}"
            images = Images(found.root, list(classes.of_images()))
            if hints := hints_on_json(images, [told]) or hints_on_class_lists(images, tables):
                fix = "Do so, or say --layout classes."
                raise AssayError("ambiguous-layout", found.root, f"{by_folders}; {hints[0]}", fix)
            raise _not_by_folders(found, told, what, "with --label-column, ")
    for table in [] if alone else tables[:_TABLES]:
        other = other_labels(found.root / table, classes.of_images())
        if other is None:
            odd = contradictions(labelled_images(found.root / table, classes.of_images()))
            notes += note_on_contradictions(table, odd, "folder")
            continue
        what = f"{one_line(table)} {other.told}"
        if other.apart:
            unlike = "" if other.disputed else ", of which the folders tell nothing"
            raise _not_by_folders(found, table, f"{by_folders}; {what}{unlike}")
        notes.append(f"{what}, coarser or finer than those of the folders, which were read")
    return notes


def _on_columns(found: Walk, classes: Classes, tables: Sequence[str], some: str) -> list[str]:
    """Notes on tables that part images otherwise than the words in their names do; AssayError
    `ambiguous-layout` where these are numbered alike, as persons are."""
    notes = []
    for table in tables[:_TABLES]:
        if parting := parting_columns(found.root / table, classes.of_images()):
            told = (
                f"{one_line(table)} parts these images otherwise, by {', '.join(map(one_line, parting[:3]))}"
            )
            what = f"by the names of its files the classes are {some}; {told}"
            if not may_be_groups(classes.names):
                notes.append(
                    f"{told}; the names were read (--label-column {one_line(quote(parting[0]))} with it)"
                )
                continue
            given = f"{one_line(quote(str(found.root / table)))} --label-column {one_line(quote(parting[0]))}"
            fix = f"Give one of them: {given}; or put the table elsewhere, where the names tell the classes."
            raise AssayError("ambiguous-layout", found.root, what, fix)
    return notes


def _not_by_folders(found: Walk, table: str, what: str, how: str = "") -> AssayError:
    given, folder = f"Give the table, {one_line(str(found.root / table))}, {how}", Path(table).parent
    if Path(table).name.lower() in OF_A_FOLDER:  # read with the folder, and with those of other splits
        folder = folder.parent if split_of(folder.name) else folder
        given = f"Give the folder that it belongs to, {one_line(str(found.root / folder))}, {how}"
    fix = f"{given}or say --layout classes."
    return AssayError("ambiguous-layout", found.root, what, fix)


def _on_groups(classes: Collection[str]) -> list[str]:
    if not may_be_groups(classes):
        return []
    first, second = sorted(classes, key=natural_key)[:2]
    return [
        f"all classes are called like groups ({one_line(first)}, {one_line(second)}): are those the classes?"
    ]


def notes_on_names(folder: Path, files: Iterable[str], classes: Collection[str]) -> list[str]:
    """A note on a list of names among the files of a folder, where the classes are numbers."""
    if not classes or not all(map(str.isdecimal, classes)):
        return []
    files = list(files)
    lists = [name for name in files if name.lower() in _NAME_FILES]
    return [
        f"the classes are numbers; {one_line(name)} may hold their names "
        f"(--classes {one_line(quote(str(folder / name)))})"
        for name in lists[:1]
    ] or notes_on_maps(folder, files, classes)


def _on_masks(classes: Collection[str]) -> list[str]:
    """A note on classes that may be masks or the like of the pictures of other classes."""
    others = {name.casefold() for name in classes}
    masks = [name for name in classes if (of := _OF_ANOTHER.fullmatch(name)) and of[1].casefold() in others]
    told = ", ".join(map(one_line, sorted(masks)[:3]))
    return [f"classes named after others, and perhaps no classes: {told}"] if masks else []


def _is_labelled(found: Walk, name: str) -> bool:
    """Whether a table can be read and has labels."""
    try:
        return has_labels(found.root / name, first_rows(found.root / name))
    except AssayError:
        return False  # no table of labels then: a note names it all the same


def _tells_of_images(found: Walk, name: str, classes: Classes) -> bool:
    """Whether a table can be read and a column names the images: all of those in a folder of pictures."""
    try:
        columns = first_rows(found.root / name)
    except AssayError:
        return False
    endings = tuple(FORMAT_BY_NAME)
    first = any(cells and cells[0].lower().endswith(endings) for cells in columns.values())
    pictures = only_pictures(classes.names) or len(classes.names) > 1
    of_images = name_images(columns, classes.of_images()) if not (first and pictures) else True
    return of_images and (first or len(classes.names) == 1)


def _form(found: Walk, name: str) -> UnreadForm | None:
    try:
        return form_of(name, read_file(found.root / name, FIRST_BYTES, follow_links=False))
    except AssayError:
        return None  # a hint more or less
