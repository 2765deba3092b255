"""Notes on what lies beside folders of classes and is not read: tables, names, masks, archives."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.label_maps import notes_on_maps
from assay.data.listing.beside.conflicting_tables import MOST_TABLES, Classes, refuse_conflicting_tables
from assay.data.listing.beside.folder_tables import notes_on_rows_of_folders
from assay.data.listing.beside.label_tables import tables_of_labels_aside
from assay.data.listing.beside.no_images import ARCHIVES, hint_on_unread_form
from assay.data.listing.beside.tables import tables_above
from assay.data.listing.beside.tables_inside import refuse_tables_inside, tables_inside
from assay.data.listing.columns.path_columns import first_rows
from assay.data.listing.exported.archives import place_of
from assay.data.listing.names import natural_key
from assay.data.listing.tree import may_be_groups
from assay.data.listing.walk import Walk
from assay.data.values import Kind

#: Files that people list class names in, one a line.
_NAME_FILES: Final = frozenset(
    ("classes.txt", "class_names.txt", "labels.txt", "names.txt", "label_names.txt")
)

#: A class called after another one, with a word for what belongs to a picture and is none.
_OF_ANOTHER: Final = re.compile(
    r"(.+?)[ _-]*(masks?|annotations?|segmentations?|seg|gt|ground[ _-]?truth)", re.IGNORECASE
)


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
    aside = tables_of_labels_aside(found, classes.folders) if len(classes.names) > 1 else []
    on_tables = [] if layout else refuse_conflicting_tables(found, classes, [*tables, *aside])
    inside = tables_inside(found, classes.folders) if len(classes.names) > 1 else []
    if not layout and not classes.by_file_names:
        refuse_tables_inside(found, inside, classes.of_images(), classes.to_keep)
    tables += [name for name in inside if name not in tables and name not in joined]
    told = f"{', '.join(map(one_line, tables[:3]))}{' and more' if len(tables) > 3 else ''}"
    if tables:
        why = _why_unreadable(found, tables[0]) if len(classes.names) == 1 else ""
        on_tables.append(f"the folders give the classes; tables beside them were not read: {told}{why}")
    on_tables += [] if layout else notes_on_rows_of_folders(found.root, tables[:MOST_TABLES], classes.names)
    on_tables += _on_archives(found, classes.folders)
    on_names = notes_on_names(found.root, names, classes.names)
    on_names += (
        hint_on_unread_form(found, found.files) if len(classes.names) == 1 else []
    )  # the labels may be there
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
        if name.lower().endswith(ARCHIVES)
        and name.rpartition("/")[0] in above
        and place_of(name) not in found.folders  # it was unpacked there
    ]
    told = f"{', '.join(map(one_line, archives[:3]))}{' and more' if len(archives) > 3 else ''}"
    return [f"archives beside folders or images were not unpacked: {told}"] if archives else []


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
