"""Tables that give the images other classes than their folders do: notes, or a refusal with both readings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.images import Images
from assay.data.listing.beside.label_agreement import (
    contradictions,
    labelled_images,
    note_on_contradictions,
    other_labels,
    parting_columns,
)
from assay.data.listing.beside.tables import describe_unlabelled, is_labelled
from assay.data.listing.columns.path_columns import first_rows, names_images, path_column
from assay.data.listing.exported.in_splits import hints_on_tables_of_splits
from assay.data.listing.exported.label_file_hints import hints_on_json
from assay.data.listing.from_names.class_lists import hints_on_class_lists
from assay.data.listing.metadata import OF_A_FOLDER
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.other_tasks import only_pictures
from assay.data.listing.tree import called_like_groups, may_be_groups
from assay.data.listing.walk import Walk

#: Tables that are looked into.
MOST_TABLES: Final = 5


@dataclass(frozen=True)
class Classes:
    """What was read as classes: their names, the folders with their images, how to get the class of each
    image by its path, whether it is the word that the name of its file begins with, and what to do where
    they count, in words."""

    names: Collection[str]
    folders: Collection[str]
    of_images: Callable[[], Mapping[str, str]]
    by_file_names: bool = False
    to_keep: str = "say --layout classes"


def refuse_conflicting_tables(found: Walk, classes: Classes, tables: Sequence[str]) -> list[str]:
    """Notes on tables with other classes for the same images, `tables` in order of likelihood.

    Raises AssayError `ambiguous-layout` where a table has the labels, and the folders may be no classes.
    """
    some = ", ".join(map(one_line, sorted(classes.names, key=natural_key)[:3]))
    alone = len(classes.names) == 1
    by_folders = f"all images are of one class, {some}" if alone else f"the classes are {some}"
    by_folders = f"by its folders {by_folders}"
    if alone:
        _refuse_table_of_labels(found, classes, tables, by_folders)
    notes = _on_columns(found, classes, tables, some) if classes.by_file_names else []
    if alone or called_like_groups(classes.names):
        _refuse_table_of_images(found, classes, tables, by_folders)
    return notes if alone else notes + _on_other_labels(found, classes, tables, by_folders)


def _refuse_table_of_labels(found: Walk, classes: Classes, tables: Sequence[str], by_folders: str) -> None:
    """Raise AssayError `ambiguous-layout` where all images are of one class, and a table has labels."""
    labelled = next((name for name in tables if is_labelled(found, name)), None)
    if labelled and (hints := hints_on_tables_of_splits(found.root, classes.folders, found.files)):
        raise _hinted(found, classes, by_folders, hints[0])
    if labelled is not None:
        what = f"{by_folders}; there is a table of labels, {one_line(labelled)}"
        raise _not_by_folders(found, classes, labelled, what)


def _refuse_table_of_images(found: Walk, classes: Classes, tables: Sequence[str], by_folders: str) -> None:
    """Raise AssayError `ambiguous-layout` where the folders are called like one lot of images or like groups,
    `images` or `patient00001`, and a table without a usual column of labels is about their images."""
    others = (name for name in tables if not is_labelled(found, name))
    told = next((name for name in others if _tells_of_images(found, name, classes)), None)
    if told is None:
        return
    images = Images(found.root, list(classes.of_images()))
    if hints := hints_on_json(images, [told]) or hints_on_class_lists(images, tables):
        raise _hinted(found, classes, by_folders, hints[0])
    what = f"{by_folders}; {describe_unlabelled(found, told)}"
    raise _not_by_folders(found, classes, told, what, "with --label-column, ")


def _on_other_labels(found: Walk, classes: Classes, tables: Sequence[str], by_folders: str) -> list[str]:
    """Notes on tables with other labels for the same images; AssayError `ambiguous-layout` where the folders
    tell nothing of these, nor they of the folders."""
    notes = []
    for table in tables[:MOST_TABLES]:
        other = other_labels(found.root / table, classes.of_images())
        if other is None:
            odd = contradictions(labelled_images(found.root / table, classes.of_images()))
            notes += note_on_contradictions(table, odd, "folder")
            continue
        what = f"{one_line(table)} {other.told}"
        if other.apart:
            unlike = "" if other.disputed else ", of which the folders tell nothing"
            raise _not_by_folders(found, classes, table, f"{by_folders}; {what}{unlike}")
        notes.append(f"{what}, coarser or finer than those of the folders, which were read")
    return notes


def _on_columns(found: Walk, classes: Classes, tables: Sequence[str], some: str) -> list[str]:
    """Notes on tables that part images otherwise than the words in their names do; AssayError
    `ambiguous-layout` where these are numbered alike, as persons are."""
    notes = []
    for table in tables[:MOST_TABLES]:
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


def _hinted(found: Walk, classes: Classes, by_folders: str, hint: str) -> AssayError:
    """The refusal that shows how the folders are read, and a hint that says what to do instead."""
    fix = f"Do so, or {classes.to_keep}."
    return AssayError("ambiguous-layout", found.root, f"{by_folders}; {hint}", fix)


def _not_by_folders(found: Walk, classes: Classes, table: str, what: str, how: str = "") -> AssayError:
    path, folder = found.root / table, Path(table).parent
    images = classes.of_images()
    if Path(table).name.lower() in OF_A_FOLDER and any(
        Path(image).is_relative_to(folder) for image in images
    ):
        # read with the folder, and with those of other splits
        folder = folder.parent if split_of(folder.name) else folder
        given = f"Give the folder that it belongs to, {one_line(str(found.root / folder))}, {how}"
    else:
        root = f" --root {one_line(quote(str(found.root)))}" if _from_root(found, table, images) else ""
        given = f"Give the table, {one_line(quote(str(path)))}{root}, {how}"
    return AssayError("ambiguous-layout", found.root, what, f"{given}or {classes.to_keep}.")


def _from_root(found: Walk, table: str, images: Collection[str]) -> bool:
    """Whether the images that a table names are to be looked for from the root on, for they do not lie where
    its paths begin, at its own folder."""
    folder = Path(table).parent.as_posix()
    if folder == "." or all(Path(image).is_relative_to(folder) for image in images):
        return False
    try:
        columns = first_rows(found.root / table)
    except AssayError:
        return False
    cells = columns.get(path_column(columns) or "", ())
    return not any(f"{folder}/{cell.strip().removeprefix('./')}" in images for cell in cells)


def _tells_of_images(found: Walk, name: str, classes: Classes) -> bool:
    """Whether a table can be read and a column names the images: all of those in a folder of pictures."""
    try:
        columns = first_rows(found.root / name)
    except AssayError:
        return False
    endings = tuple(FORMAT_BY_NAME)
    first = any(cells and cells[0].lower().endswith(endings) for cells in columns.values())
    pictures = only_pictures(classes.names) or len(classes.names) > 1
    of_images = names_images(columns, classes.of_images()) if not (first and pictures) else True
    return of_images and (first or len(classes.names) == 1)
