"""What lies in the folder above the one that was given: lists of labels or splits that name its images."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import scandir
from pathlib import Path
from typing import Final, TypeVar

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES
from assay.data.listing.advice.attributes import hints_on_attributes
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.lists import hints_on_labels
from assay.data.listing.advice.one_folder import notes_on_other_lists
from assay.data.listing.advice.split_files import notes_on_split_lists
from assay.data.listing.beside.label_agreement import (
    contradictions,
    labelled_images,
    note_on_contradictions,
    parted_otherwise,
)
from assay.data.listing.columns.path_columns import first_rows, names_images
from assay.data.listing.exported.label_file_hints import hints_on_json, hints_on_matlab
from assay.data.listing.listing import Listing
from assay.data.listing.metadata import OF_A_FOLDER
from assay.data.listing.names import natural_key
from assay.data.listing.walk import glance, in_order
from assay.data.request import Request
from assay.data.values import Dataset

#: Files that may be lists; and how many are looked into. A folder with more of them is one of texts.
_LISTS: Final = (".txt", ".lst", ".list", ".json", ".xml", ".mat", ".yaml", ".yml")
_MOST: Final = 30

_IMAGES: Final = tuple(FORMAT_BY_NAME)

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Above:
    """The folder above a given one: its path, the name of the given one in it, and its lists and tables."""

    root: Path
    name: str
    tables: Sequence[str]
    lists: Sequence[str]

    def below(self, paths: Iterable[str]) -> list[str]:
        """Paths below the given folder as they are from the one above."""
        return [f"{self.name}/{path}" for path in paths]


def read_below(request: Request, read: Callable[[], Dataset]) -> Dataset:
    """The data set of a folder, with notes on the folder above. Raises AssayError as `notes_from_above`, and
    those of `read` with what the folder above has for them."""
    above = _asked_above(request)
    if above is None:
        return read()
    found = _hinted(request, above, read)
    classes = {
        name: found.classes[label]
        for split in found.splits.values()
        for name, label in zip(split.ids, split.labels.tolist(), strict=True)
    }
    notes = notes_from_above(above, classes, split=len(found.splits) > 1)
    return replace(found, notes=(*found.notes, *notes))


def list_below(request: Request, listed: Callable[[], Listing]) -> Listing:
    """The same of a listing."""
    above = _asked_above(request)
    if above is None:
        return listed()
    found = _hinted(request, above, listed)
    classes = {
        name: label
        for part in found.parts.values()
        for name, label in zip(part.ids, part.labels, strict=True)
    }
    notes = notes_from_above(above, classes, split=len(found.parts) > 1)
    return replace(found, notes=(*found.notes, *notes))


def _asked_above(request: Request) -> Above | None:
    """The folder above one that gives the classes; None where tables in it or the user do."""
    path = request.path
    if path is None or request.layout is not None or not path.is_dir():
        return None
    above = look_above(path)
    tables = (place for name in OF_A_FOLDER for place in (name, f"*/{name}"))
    if above is None or any(next(path.glob(place), None) for place in tables):
        return None
    return above


def _hinted(request: Request, above: Above, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except AssayError as error:
        if error.code not in ("too-few-images", "ambiguous-layout") or request.path is None:
            raise
        seen = in_order(glance(request.path, request.follow_links, request.root)).files
        hints = hints_from_above(above, [name for name in seen if name.lower().endswith(_IMAGES)])
        if not hints:
            raise
        what = "; ".join([error.what, *hints])
        raise AssayError(error.code, error.where, what, error.fix, error.more) from error


def look_above(folder: Path) -> Above | None:
    """What lists and tables lie in the folder above; None where there are none, too many, or it is closed."""
    folder = folder.absolute()
    try:
        with scandir(folder.parent) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name[0] != "."
                and entry.name.lower().endswith((*_LISTS, *SUFFIXES))
                and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return None  # a hint less
    if not names or len(names) > _MOST or not folder.name:
        return None
    names.sort(key=natural_key)
    tables = [name for name in names if name.lower().endswith(SUFFIXES)]
    return Above(folder.parent, folder.name, tables, [name for name in names if name not in tables])


def notes_from_above(above: Above, classes: Mapping[str, str], *, split: bool) -> list[str]:
    """Notes on what the folder above tells of images otherwise than their folders do.

    classes: the class of each image by its path below the given folder. split: whether splits were read.
    Raises AssayError `ambiguous-layout` where a table or a list parts the images otherwise.
    """
    own = dict(zip(above.below(classes), classes.values(), strict=True))
    notes = [note for table in above.tables for note in _on_table(above, table, own)]
    notes += notes_on_other_lists(above.root, above.lists, own)
    if not split:
        named = [name for name in (*above.tables, *above.lists) if "submission" not in name.lower()]
        told = notes_on_split_lists(above.root, named, own)
        notes += [note for note in told if "this writes a table" in note]  # else they may be of anything
    return [f"in the folder above: {note}" for note in notes]


def _on_table(above: Above, table: str, own: Mapping[str, str]) -> list[str]:
    rows = labelled_images(above.root / table, own)
    other = parted_otherwise([(folder, label) for _, label, folder in rows])
    if other is None:
        return note_on_contradictions(table, contradictions(rows), "folder")
    labels = ", ".join(map(one_line, other.labels))
    what = f"{one_line(table)} gives {other.images:,} of the images other classes ({labels} ...)"
    if not other.apart:
        return [f"{what}, coarser or finer than those of the folders, which were read"]
    some = ", ".join(map(one_line, sorted(set(own.values()), key=natural_key)[:3]))
    what = f"by its folders the classes are {some}; in the folder above {what}"
    what = f"{what}, of which the folders tell nothing"
    fix = f"Give the table, {one_line(str(above.root / table))}, or say --layout classes."
    raise AssayError("ambiguous-layout", above.root / above.name, what, fix)


def hints_from_above(above: Above, images: Sequence[str]) -> list[str]:
    """What in the folder above may give the classes of images that lie in no folders of classes.

    images: paths below the given folder.
    """
    own = above.below(images)
    hints = []
    for table in above.tables:
        try:
            columns = first_rows(above.root / table)
        except AssayError:
            continue  # a hint less
        if names_images(columns, own):
            hints.append(f"a table in the folder above names them: give {one_line(str(above.root / table))}")
    found = Images(above.root, own)
    hints += hints_on_labels(found, above.lists) or hints_on_json(found, above.lists)
    hints = hints or hints_on_attributes(found, above.lists)
    return hints or hints_on_matlab(found, above.lists)
