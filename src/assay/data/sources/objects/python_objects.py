"""Images and labels that are objects in Python: data frames, data sets of torch and Hugging Face, lists."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeGuard

from assay.core.errors import AssayError
from assay.data.listing.columns.missing import without_minus_one
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import ordered_splits, split_of
from assay.data.listing.table_labels import refuse_unlabelled
from assay.data.request import OF_IMAGES, OF_TABLES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.objects.data_frames import (
    SplitRows,
    columns_of,
    image_column,
    is_frame,
    listing_of_paths,
    rows_of_frame,
)
from assay.data.sources.objects.item_labels import ItemLabels
from assay.data.sources.objects.known_classes import known_classes
from assay.data.sources.objects.python_items import (
    as_payload,
    drawn_anew,
    is_picture,
    items_of,
    wrong_objects,
)
from assay.data.sources.objects.series import is_column, refuse_another_order
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
        return _are_splits(data) or is_frame(data)
    if isinstance(data, list | tuple):
        return _are_pairs(data) or _are_lists(data) or is_frame(data)
    return is_frame(data) or _is_map_style(data)


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
    splits = given if _are_splits(given) else _numbered(given)
    named = {split_of(str(name)) or "train": _as_items(each) for name, each in splits.items()}
    if len(named) < len(splits):
        raise wrong_objects("two of its keys name the same split")
    if all(is_frame(each) for each in named.values()):
        frames = {split: columns_of(frame) for split, frame in named.items()}
        if not any(image_column(columns, request) for columns in frames.values()):
            return listing_of_paths(request, frames)
    found = [_rows(each, split, request) for split, each in named.items()]
    if len(found) == 1 and not _are_splits(given):
        found[0].take_splits_of_paths()
    if "-1" not in (request.classes or ()):
        known = {label for each in found for label in each.labels}
        for each in found:
            each.labels = without_minus_one(each.labels, known)
    return _joined(request, found)


def _numbered(given: Any) -> dict[str, Any]:
    """`(X, y, X_test, y_test)` of lists as two splits; all else is train."""
    if isinstance(given, list | tuple) and not _are_pairs(given) and not is_frame(given):
        halves = {"train": given[:2], "test": given[2:]}
        return {split: _zipped(*half) for split, half in halves.items() if half}
    return {"train": given}


def _as_items(given: Any) -> Any:
    """`(images, labels)` of a split as its items; anything else as it is."""
    if not isinstance(given, tuple) or len(given) != len(("images", "labels")):
        return given
    if any(isinstance(part, str | bytes | tuple) or not hasattr(part, "__len__") for part in given):
        return given  # two items, or one
    return given if any(map(is_frame, given)) else _zipped(*given)


def _zipped(images: Any, labels: Any) -> list[tuple[Any, Any]]:
    refuse_another_order(images, labels, "labels")
    if len(images) != len(labels):
        what = f"{len(labels):,} labels for {len(images):,} images"
        raise AssayError("count-mismatch", "labels", what, "Give one label per image.")
    return list(zip(images, labels, strict=True))


# What an object is.


def _are_splits(data: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether it is a dict of data sets, each under the name of a split."""
    return isinstance(data, Mapping) and bool(data) and all(split_of(str(name)) for name in data)


def _are_pairs(data: Sequence[Any]) -> bool:
    """Whether it is a list of (image, label), and not (images, labels)."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(item, tuple) and len(item) == 2 and is_picture(item[0]) for item in data)
    )


def _are_lists(data: Sequence[Any]) -> bool:
    """Whether the images are a list of pictures, contents or paths, or of arrays of several shapes; or a
    column of such."""
    if len(data) not in (2, 4) or not all(hasattr(part, "__len__") and len(part) for part in data):
        return False
    if not is_column(data[0]) or not is_picture(next(iter(data[0]))):
        return False
    shapes = {getattr(image, "shape", ()) or None for image in data[0]}  # a text of NumPy has the shape ()
    return None in shapes or len(shapes) > 1


def _is_map_style(data: object) -> bool:
    """Whether it has a length and items by number, as data sets of torch and Hugging Face."""
    if isinstance(data, str | bytes | os.PathLike) or hasattr(data, "dtype") or is_frame(data):
        return False
    return hasattr(data, "__len__") and hasattr(data, "__getitem__")


# Rows with pictures.


def _rows(given: Any, split: str, request: Request) -> SplitRows:
    if is_frame(given):
        return rows_of_frame(columns_of(given), split, request)
    known = known_classes(given, request)
    found = SplitRows(split, classes=known.names, notes=list(known.notes))
    labels = ItemLabels(found.classes)
    for number, (image, label) in enumerate(items_of(given, request)):
        found.payloads.append(as_payload(image, f"{split}[{number}]", request))
        found.labels.append(labels.text(label, f"{split}[{number}]"))
    found.notes += labels.notes
    drawn = drawn_anew(given, found.payloads, request)
    if drawn is not None:
        what = "changes each time it is asked for, as by a random transform: one draw of it was read"
        found.notes.append(f"{split}[{drawn}] {what}. Give the data set without random transforms")
    return found


# The listing.


def _joined(request: Request, found: Sequence[SplitRows]) -> Listing:
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


def _part(found: SplitRows, rows: Sequence[int], ids: Sequence[str], alone: bool) -> Part:
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
