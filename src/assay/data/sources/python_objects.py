"""Images and labels that are objects in Python: data frames, data sets of torch and Hugging Face, lists."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened, whole_number
from assay.data.formats.text_table import LABEL_NAMES, PATH_NAMES, optional_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.missing import is_missing, without_minus_one
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.from_names.splits import splits_of_paths
from assay.data.listing.image_table import Table, list_columns
from assay.data.listing.listing import Listing, Part, Payload, stamp_of
from assay.data.listing.names import ordered_splits, split_of
from assay.data.listing.parquet import IMAGE_NAMES
from assay.data.listing.table_labels import refuse_unlabelled, table_labels
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.python_items import (
    as_payload,
    drawn_anew,
    is_nothing,
    is_picture,
    items_of,
    wrong_objects,
)
from assay.data.values import UNLABELLED, Dataset, LeftOut, numbered_ids

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_TABLES | {"floats", "channel_order"}

#: What the data are called in messages and in the report.
_MEMORY: Final = Path("in memory")

#: The rows of one split as (image, label).
_Pairs = Sequence[tuple[Any, Any]]


def is_objects(data: object) -> bool:
    """Whether these are images and labels as Python objects, and no arrays, name or path."""
    if isinstance(data, Mapping):
        return bool(data) and all(split_of(str(name)) for name in data)
    if isinstance(data, list | tuple):
        return _are_pairs(data) or _are_lists(data)
    return _is_frame(data) or _is_map_style(data)


def matches(request: Request) -> bool:
    """Whether objects were given."""
    return request.objects is not None


def read(request: Request) -> Dataset:
    """The data set that the objects are, each item read once: as if its pictures lay in a folder.

    Raises AssayError `bad-arrays`, and those of tables and image files.
    """
    return read_image_set(request, listing(request), "python", _MEMORY)


def listing(request: Request) -> Listing:
    """All images, encoded without loss, or their paths; with their labels."""
    given = request.objects
    splits = given if isinstance(given, Mapping) else _numbered(given)
    named = {split_of(str(name)) or "train": each for name, each in splits.items()}
    if len(named) < len(splits):
        raise wrong_objects("two of its keys name the same split")
    if all(_is_frame(each) for each in named.values()):
        frames = {split: _columns(frame) for split, frame in named.items()}
        if not any(_image_column(columns, request) for columns in frames.values()):
            return _of_paths(request, frames)
    found = [_rows(each, split, request) for split, each in named.items()]
    if len(found) == 1 and not isinstance(given, Mapping):
        found[0].take_splits_of_paths()
    if "-1" not in (request.classes or ()):
        known = {label for each in found for label in each.labels}
        for each in found:
            each.labels = without_minus_one(each.labels, known)
    return _joined(request, found)


def _numbered(given: Any) -> dict[str, Any]:
    """`(X, y, X_test, y_test)` of lists as two splits; all else is train."""
    if isinstance(given, list | tuple) and not _are_pairs(given):
        halves = {"train": given[:2], "test": given[2:]}
        return {split: _zipped(*half) for split, half in halves.items() if half}
    return {"train": given}


def _zipped(images: Any, labels: Any) -> list[tuple[Any, Any]]:
    if len(images) != len(labels):
        what = f"{len(labels):,} labels for {len(images):,} images"
        raise AssayError("count-mismatch", "labels", what, "Give one label per image.")
    return list(zip(images, labels, strict=True))


# What an object is.


def _are_pairs(data: Sequence[Any]) -> bool:
    """Whether it is a list of (image, label), and not (images, labels)."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(item, tuple) and len(item) == 2 and is_picture(item[0]) for item in data)
    )


def _are_lists(data: Sequence[Any]) -> bool:
    """Whether the images are a list of pictures, contents or paths, or of arrays of several shapes."""
    if len(data) not in (2, 4) or not all(hasattr(part, "__len__") and len(part) for part in data):
        return False
    if isinstance(data[0], str | bytes) or not isinstance(data[0], list | tuple):
        return False
    shapes = {getattr(image, "shape", None) for image in data[0]}
    return is_picture(data[0][0]) and (None in shapes or len(shapes) > 1)


def _is_frame(data: object) -> bool:
    """Whether it is a data frame: of pandas, polars, or a table of Arrow."""
    return hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "to_dicts"))


def _is_map_style(data: object) -> bool:
    """Whether it has a length and items by number, as data sets of torch and Hugging Face."""
    if isinstance(data, str | bytes | os.PathLike) or hasattr(data, "dtype") or _is_frame(data):
        return False
    return hasattr(data, "__len__") and hasattr(data, "__getitem__")


# Data frames.


def _columns(frame: Any) -> dict[str, list[Any]]:
    names = [str(name) for name in frame.columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        what = f"two columns are called {shortened(one_line(twice))}"
        raise AssayError("table-value", "DataFrame", what, "Rename or drop one of them.")
    return {str(name): list(frame[name]) for name in frame.columns}


def _image_column(columns: Mapping[str, Sequence[Any]], request: Request) -> str | None:
    """The column that holds pictures themselves; None where there are paths alone."""
    firsts = {
        name: next((cell for cell in cells if not is_nothing(cell)), None) for name, cells in columns.items()
    }
    for name in filter(None, [request.path_column, *IMAGE_NAMES, *columns]):
        if is_picture(firsts.get(name)) and not isinstance(firsts[name], str | os.PathLike):
            return name
    return None


def _of_paths(request: Request, frames: Mapping[str, Mapping[str, Sequence[Any]]]) -> Listing:
    """Frames of paths, by the rules of tables. Paths begin at the working folder, or at `root`."""
    tables = []
    for split, columns in frames.items():
        texts = {name: [_text(cell) for cell in cells] for name, cells in columns.items()}
        tables.append((Table(Path("DataFrame"), split, in_memory=True), texts))
    return list_columns(request, _root(request, tables), tables, "a data frame of paths and labels")


def _root(request: Request, tables: Sequence[tuple[Table, Mapping[str, Sequence[str]]]]) -> Path:
    """Where all paths lie: the working folder, or the folder that absolute paths have in common."""
    paths = []
    for _, columns in tables:
        names = [name for name in columns if columns[name]]
        name = optional_column("DataFrame", names, request.path_column, PATH_NAMES, "--path-column")
        paths += [path for path in columns[name] if not is_missing(path)] if name else []
    if paths and all(map(os.path.isabs, paths)):
        return Path(os.path.commonpath([os.path.dirname(path) for path in paths]))  # noqa: PTH120  texts
    return Path()


def _text(cell: Any) -> str:
    """A cell as a table of text would have it."""
    if is_nothing(cell):
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")  # one text for each content
    if not _has_words(cell):
        return f"a {type(cell).__module__}.{type(cell).__name__}"
    whole = isinstance(cell, float | np.floating) and cell.is_integer()
    try:
        return str(int(cell)) if whole else str(cell)
    except ValueError as error:  # more digits than Python writes
        raise wrong_objects(f"a number cannot be written as text ({error})") from error


def _has_words(cell: Any) -> bool:
    """Whether it can be told in words that stay the same: not by where it lies in memory."""
    if isinstance(cell, str | int):
        return True
    return not repr(cell).startswith("<") or str(cell) != repr(cell)


# Rows with pictures.


@dataclass
class _Split:
    """The rows of one split. classes: the names that the object knows its classes by."""

    name: str
    payloads: list[Payload] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    splits: list[str] = field(default_factory=list)
    classes: tuple[str, ...] | None = None
    notes: list[str] = field(default_factory=list)

    def take_splits_of_paths(self) -> None:
        """The splits that paths tell, where nobody said that all are train: as in a table of paths."""
        paths = [path for path in self.payloads if isinstance(path, str)]
        if len(paths) < len(self.payloads) or self.splits:
            return
        if told := splits_of_paths(paths, '{"train": items} in place of the items'):
            self.splits, note = told
            self.notes.append(note)


def _rows(given: Any, split: str, request: Request) -> _Split:
    if _is_frame(given):
        return _of_frame(_columns(given), split, request)
    found = _Split(split, classes=_class_names(given, request))
    for number, (image, label) in enumerate(items_of(given, request)):
        found.payloads.append(as_payload(image, f"{split}[{number}]", request))
        found.labels.append(_label(label, found.classes, f"{split}[{number}]"))
    drawn = drawn_anew(given, found.payloads, request)
    if drawn is not None:
        what = "changes each time it is asked for, as by a random transform: one draw of it was read"
        found.notes.append(f"{split}[{drawn}] {what}. Give the data set without random transforms")
    return found


def _of_frame(columns: Mapping[str, list[Any]], split: str, request: Request) -> _Split:
    image = _image_column(columns, request)
    if image is None:
        raise wrong_objects("one data frame holds pictures, another paths")
    found = _Split(split)
    texts = {name: [_text(cell) for cell in cells] for name, cells in columns.items() if name != image}
    group = request.group_column
    told = split_column("DataFrame", texts, list(texts), request, {group} if group else ())
    parted = told.name
    found.labels, of_labels, found.notes = table_labels(
        "DataFrame", texts, request, {name for name in (parted, group) if name}
    )
    found.notes += told.notes
    if group is not None:
        optional_column("DataFrame", list(texts), group, (), "--group-column")
        found.columns["group"], notes = groups_of(group, texts[group])
        found.notes += notes
    found.columns |= {name: texts[name] for name in texts if name not in (parted, *of_labels)}
    if parted is not None:
        found.splits, notes = splits_of_cells("DataFrame", parted, texts[parted], request.split_names)
        found.notes += notes
    found.payloads = [as_payload(value, f"row {row}", request) for row, value in enumerate(columns[image], 1)]
    return found


def _class_names(given: Any, request: Request) -> tuple[str, ...] | None:
    """The names of `classes`, also of the set that a subset is of, or of the label's feature."""
    features = getattr(given, "features", None)
    if isinstance(features, Mapping):
        label = optional_column(
            "the data set", list(features), request.label_column, LABEL_NAMES, "label_column"
        )
        names = getattr(features.get(label), "names", None)
    else:
        names = getattr(given, "classes", None) or getattr(getattr(given, "dataset", None), "classes", None)
    right = isinstance(names, list | tuple) and bool(names) and all(isinstance(name, str) for name in names)
    return tuple(names) if names is not None and right else None


def _label(label: Any, classes: tuple[str, ...] | None, where: str) -> str:
    """A label as text, "" where it is missing; numbers as the class that they number."""
    if is_nothing(label):
        return ""
    value = label.item() if hasattr(label, "item") and getattr(label, "ndim", 0) == 0 else label
    if isinstance(value, list | tuple | Mapping) or hasattr(value, "shape"):
        fix = "Give one class an image; Assay does not train on several labels at once."
        raise AssayError("several-labels", where, "its label is no single value", fix)
    if not _has_words(value):
        raise wrong_objects(f"the label of {where} is a {type(value).__module__}.{type(value).__name__}")
    text = _text(value)
    if is_missing(text):
        return ""
    if classes is None or isinstance(value, str):
        return text
    if text == "-1":
        return ""
    place = whole_number(text)
    if place is None or place >= len(classes):
        what = f"the label {one_line(shortened(text))} is none of the {len(classes)} classes"
        raise AssayError("label-out-of-range", where, what, "Correct the labels.")
    return classes[place]


# The listing.


def _joined(request: Request, found: Sequence[_Split]) -> Listing:
    left_out: list[LeftOut] = []
    parts: dict[str, Part] = {}
    alone = len(found) == 1
    for each in found:
        own = each.splits or [each.name] * len(each.payloads)
        for split in ordered_splits(own):
            rows = [row for row, name in enumerate(own) if name == split]
            ids = numbered_ids(split, len(rows))
            labelled = [place for place, row in enumerate(rows) if each.labels[row]]
            missing = {place + 1: ids[place] for place in range(len(rows)) if not each.labels[rows[place]]}
            if labelled and missing and not request.skip_unlabelled:
                raise refuse_unlabelled(_MEMORY, missing, len(rows))
            reason = "it has no label" if labelled else f"the {split} split has no labels"
            left_out += [LeftOut(id_, UNLABELLED, reason, split) for id_ in missing.values()]
            parts |= (
                {split: _part(each, [rows[i] for i in labelled], [ids[i] for i in labelled], alone)}
                if labelled
                else {}
            )
    stamp = stamp_of(line for part in parts.values() for line in _stamps(part))
    notes = tuple(note for each in found for note in each.notes)
    classes = next((each.classes for each in found if each.classes), None)
    return Listing(parts, "objects in Python", stamp, classes, tuple(left_out), notes)


def _part(found: _Split, rows: Sequence[int], ids: Sequence[str], alone: bool) -> Part:
    """Some rows as a part. alone: of the one frame that says the split of each row, if it does."""
    payloads = [found.payloads[row] for row in rows]
    columns = {name: [cells[row] for row in rows] for name, cells in found.columns.items()}
    labels = [found.labels[row] for row in rows]
    return Part(ids, labels, lambda: iter(payloads), columns, places=rows if found.splits and alone else None)


def _stamps(part: Part) -> Iterator[str]:
    """What is another text whenever a picture, a path's file, a label or the order of rows changes."""
    yield "" if part.places is None else repr(list(part.places))
    for label, payload in zip(part.labels, part.payloads(), strict=True):
        if isinstance(payload, bytes):
            yield f"{label}|{hashlib.sha256(payload).hexdigest()}"
        else:
            assert isinstance(payload, str)  # what could not be read was told as an error
            status = Path(payload).stat() if Path(payload).exists() else None
            yield f"{label}|{payload}|{status and (status.st_size, status.st_mtime_ns, status.st_ctime_ns)}"
    yield from (f"{name}|{cells!r}" for name, cells in part.columns.items())
