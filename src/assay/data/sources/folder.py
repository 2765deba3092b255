"""A folder of image files: a folder for each class, below folders for splits or not."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import (
    FIRST_BYTES,
    FORMAT_BY_NAME,
    OTHER_SUFFIXES,
    REFUSED_SUFFIXES,
    is_image,
)
from assay.data.formats.text_table import read_table
from assay.data.listing.advice.above import list_below
from assay.data.listing.advice.links import refuse_one_class_of_train, refuse_pools, unfollowed
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.one_folder import hints_on_labels_of, notes_on_other_lists, refuse_one_class
from assay.data.listing.beside import Classes, hints_beside, notes_beside
from assay.data.listing.columns.against_folders import contradictions, note_on_contradictions
from assay.data.listing.columns.lists_of_labels import notes_on_lists
from assay.data.listing.exported.lists_of_groups import notes_on_splits
from assay.data.listing.exported.one_each import refuse_folders_of_images
from assay.data.listing.from_names.clips import notes_on_clips
from assay.data.listing.from_names.numbered_words import hints_on_numbered_words, refuse_numbered_words
from assay.data.listing.from_names.other_pictures import notes_on_other_pictures
from assay.data.listing.from_names.told_splits import refuse_named_splits
from assay.data.listing.image_table import Table, list_tables
from assay.data.listing.layout import choose_reading
from assay.data.listing.levels import refuse_parts
from assay.data.listing.listing import Listing, Part, Unlisted
from assay.data.listing.metadata import OF_A_FOLDER, has_labels, with_metadata
from assay.data.listing.names import ordered_splits, split_of
from assay.data.listing.other_tasks import in_folders_of_masks, masks_among, note_on_masks
from assay.data.listing.readings import Reading
from assay.data.listing.tree import Tree, label_in
from assay.data.listing.walk import Glance, Walk, glance, in_order
from assay.data.piece import Piece, Shard
from assay.data.request import OF_FOLDERS, OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.values import UNLABELLED, Dataset, LeftOut

#: File names that are taken for images.
SUFFIXES: Final = tuple(FORMAT_BY_NAME)

_IMAGE_SUFFIXES: Final = frozenset((*SUFFIXES, *REFUSED_SUFFIXES))

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_FOLDERS | OF_TABLES


def matches(request: Request) -> bool:
    """Whether the path is a folder."""
    return request.path is not None and request.path.is_dir()


def read(request: Request) -> Dataset:
    """The data set in a folder: `root/class/*`, `root/{train,val,test}/class/*`, or with `metadata.csv`.

    Raises AssayError `too-few-images` where no image lies in a class folder, and those of
    `read_image_set`.
    """
    path = request.path
    assert path is not None  # `matches` said so
    seen = _glance(request)
    make = lambda: _without_tables(seen, request)  # noqa: E731
    if not _has_tables(seen):
        _refuse_unused(request)
    elif request.follow_links or request.root:
        return _read_listed(request, path)
    else:
        make = lambda: _all_seen(listing(request), seen)  # noqa: E731
    found = Unlisted(seen.stamp, seen.count, make)
    try:
        return read_image_set(request, found, "folder", path, lambda: _glance(request).stamp)
    except _UnseenError:
        return _read_listed(request, path)


class _UnseenError(Exception):
    """A table names a file that a glance at the folder does not see: its stamp would not tell of a change."""


def _all_seen(found: Listing, seen: Glance) -> Listing:
    """The listing of tables under the stamp of all that lies in the folder. Raises _UnseenError."""
    files = set(in_order(seen).files)
    named = (name for part in found.parts.values() for name in part.ids)
    if not files.issuperset(named) or any(item.kind == "unreadable" for item in found.left_out):
        raise _UnseenError
    return replace(found, stamp=seen.stamp)


def _read_listed(request: Request, path: Path) -> Dataset:
    """The set by the files that its tables name, each looked at before the cache is asked."""
    return read_image_set(request, listing(request), "folder", path, lambda: listing(request).stamp)


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """The images of one share, decoded into `scratch`. Errors as of `read`."""
    path = request.path
    assert path is not None  # `matches` said so
    again = lambda: _glance(request).stamp  # noqa: E731
    if _has_tables(_glance(request)):
        again = lambda: listing(request).stamp  # noqa: E731
    found = list_below(request, partial(listing, request))
    return read_image_shard(request, found, "folder", path, again, shard, scratch)


def listing(request: Request) -> Listing:
    """What lies in the folder, before any image is decoded."""
    assert request.path is not None  # `matches` said so
    seen = _glance(request)
    if not _has_tables(seen):
        _refuse_unused(request)
        return _without_tables(seen, request)
    found = in_order(seen)
    tables = _tables(found)
    if _without_labels(request, tables):
        joined = [table.path.relative_to(found.root).as_posix() for table in tables]
        # With a column of splits the words of --split-names are its own, and no folders.
        own = replace(request, split_names=None) if request.split_column else request
        listed = list_folder(found, seen.stamp, own, joined)
        return with_metadata(listed, request, found.root, [table.path for table in tables])
    refuse_unused(request, OF_IMAGES | OF_TABLES, "a folder with a table of metadata")
    return _from_tables(request, found, tables)


def _glance(request: Request) -> Glance:
    """All below the folder. With --follow-links, --root says how far out links may lead."""
    assert request.path is not None  # `matches` said so
    return glance(request.path, request.follow_links, request.root if request.follow_links else None)


def _refuse_unused(request: Request) -> None:
    """Refuse options that a folder without a table has no use for."""
    bound = {"root"} if request.follow_links else set()
    refuse_unused(request, OF_IMAGES | OF_FOLDERS | bound, "a folder without a table")


def _without_labels(request: Request, tables: list[Table]) -> bool:
    """Whether the tables hold no labels: then the folders give them, and the tables what else is known."""
    if request.label_column is not None:
        return False
    read = [(table.path, read_table(table.path)) for table in tables]
    return not any(has_labels(path, columns) for path, columns in read)


def _has_tables(seen: Glance) -> bool:
    """Whether tables of labels lie in the root or in the folders of splits."""
    splits = (name for name in seen.contents[""].folders if split_of(name))
    return any(name in seen.contents[folder].files for folder in ("", *splits) for name in OF_A_FOLDER)


def _without_tables(seen: Glance, request: Request) -> Listing:
    return list_folder(in_order(seen), seen.stamp, request)


def _tables(found: Walk) -> list[Table]:
    """The tables of labels in the root and in the folders of splits."""
    places = dict.fromkeys(OF_A_FOLDER, "train")
    for folder in found.folders:
        if "/" not in folder and (split := split_of(folder)):
            places |= {f"{folder}/{name}": split for name in OF_A_FOLDER}
    return [Table(found.root / path, places[path]) for path in found.files if path in places]


def _from_tables(request: Request, found: Walk, tables: list[Table]) -> Listing:
    listing = list_tables(request, found.root, tables, "images with a table of metadata")
    named = {name for part in listing.parts.values() for name in part.ids}
    own = {str(table.path.relative_to(found.root)) for table in tables}
    for path in found.files:
        if path not in named and path not in own:
            found.ignore(path, "not named in the metadata")
    pairs = [
        (name, label, name.split("/")[-2])
        for part in listing.parts.values()
        for name, label in zip(part.ids, part.labels, strict=True)
        if "/" in name
    ]
    odd = note_on_contradictions(tables[0].path.name, contradictions(pairs), "table")
    return replace(listing, left_out=(*listing.left_out, *found.left_out), notes=(*listing.notes, *odd))


def list_folder(
    found: Walk, stamp: str, request: Request | None = None, joined: Sequence[str] = ()
) -> Listing:
    """What lies in a folder, by split and class, read as `choose_reading` decides.

    joined: tables in it that are read, too.
    """
    request = request or Request()
    follow = request.follow_links
    images, others, folders = _images_of(found, follow)
    plain = {folder for folder in others if folder not in images}
    by_folder = {folder: len(names) for folder, names in images.items()}
    tree = Tree(by_folder, found.folders, plain)
    reading = _chosen(found, tree, request, images, joined)
    places = {folder: reading.place(folder) for folder in images}
    if not request.layout:
        refuse_pools(found.root, images, places)
        refuse_folders_of_images(found.root, images, found.files)
    masks = set() if request.layout else masks_among(images) | in_folders_of_masks(tree, images)
    parts: defaultdict[str, _Rows] = defaultdict(_Rows)
    for path, folder in zip(found.files, folders, strict=True):
        if folder in others and path.rpartition("/")[2] in others[folder]:
            found.ignore(path, "no image by name or content")
        elif (place := places[folder]) is None:
            found.left_out.append(LeftOut(path, UNLABELLED, "not in the folder of a class"))
        elif path in masks:
            found.left_out.append(LeftOut(path, UNLABELLED, "named as the mask of an image beside it"))
        else:
            rows = parts[place[0]]
            rows.paths.append(path)
            rows.labels.append((label_in(path.rpartition("/")[2]) or "") if reading.by_name else place[1])
    by_split = {split: parts[split].part(found.root, follow) for split in ordered_splits(parts)}
    known = {split: dict(zip(rows.paths, rows.labels, strict=True)) for split, rows in parts.items()}
    by_path = _classes_of(parts)
    refuse_one_class_of_train(found.root, known, label_of_folders(by_path), request.layout)
    left_out, classes = tuple(found.left_out), reading.classes or None
    labels = {label for rows in parts.values() for label in rows.labels}
    read = Classes(labels, [folder for folder in images if places[folder]], lambda: by_path)
    beside = notes_beside(found, request.layout, read, joined)
    if not request.layout and not reading.by_name:
        split_of_path = {path: split for split, rows in parts.items() for path in rows.paths}
        beside += refuse_numbered_words(found.root, by_path, split_of_path)
    if not request.layout:
        refuse_parts(found.root, labels, hints_beside(found, joined))
        if len(labels) == 1:
            refuse_one_class(found.root, labels, hints_on_labels_of(found, images))
        else:
            others_ = [f"{folder}/{name}".lstrip("/") for folder, names in others.items() for name in names]
            beside += notes_on_other_lists(found.root, sorted(others_), _known_to_train(parts))
        if set(by_split) == {"train"}:
            hints = partial(hints_on_labels_of, found, images)
            refuse_named_splits(found.root, by_path, hints, reading.by_name)
    lists = [item.id for item in left_out if item.kind == "ignored" and item.id not in joined]
    lists = lists if len(by_split) == 1 else []
    notes = (
        *reading.notes,
        *note_on_masks(masks, "--layout classes" if reading.by_name else f"--layout {reading.kind}"),
        *unfollowed(found),
        *notes_on_other_pictures(others, images, places),
        *beside,
        *(notes_on_splits(found.root, lists, by_path) if lists else ()),
        *notes_on_lists(found.root, found.files, images, places),
        *(() if request.layout or reading.by_name else notes_on_clips(found.root, by_path)),
    )
    return Listing(by_split, reading.form, stamp, classes, left_out, notes)


def _classes_of(parts: Mapping[str, "_Rows"]) -> dict[str, str]:
    return {
        path: label for rows in parts.values() for path, label in zip(rows.paths, rows.labels, strict=True)
    }


def _known_to_train(parts: Mapping[str, "_Rows"]) -> dict[str, str]:
    """The class of each image, but of those in other splits that lie in no folder of a class of train."""
    known = set(parts["train"].labels) if "train" in parts else set()
    return {path: label for path, label in _classes_of(parts).items() if not known or label in known}


def _chosen(
    found: Walk, tree: Tree, request: Request, images: dict[str, list[str]], joined: Sequence[str]
) -> Reading:
    """The reading of the tree; a refusal names links that were not followed, and tables that lie there."""
    try:
        names = lambda folder: images.get(folder, [])  # noqa: E731
        return choose_reading(found.root, tree, request.layout, request.split_names, names)
    except AssayError as error:
        hints = [*unfollowed(found), *hints_beside(found, joined)]
        hints += hints_on_labels_of(found, images)
        hints += hints_on_numbered_words(found.root, images)
        what = "; ".join([error.what, *hints])
        raise AssayError(error.code, error.where, what, error.fix, error.more) from error


def _images_of(
    found: Walk, follow_links: bool
) -> tuple[dict[str, list[str]], dict[str, set[str]], list[str]]:
    """The names of images, and of all other files, by folder; and the folder of each file. What no name tells
    the first bytes do."""
    folders: list[str] = []
    images: defaultdict[str, list[str]] = defaultdict(list)
    others: defaultdict[str, set[str]] = defaultdict(set)
    for path in found.files:
        folder, _, file = path.rpartition("/")
        folders.append(folder)
        suffix = file[file.rfind(".") :].lower()
        if suffix in _IMAGE_SUFFIXES or (
            suffix not in OTHER_SUFFIXES and _begins_as_image(found.root / path, follow_links)
        ):
            images[folder].append(file)
        else:
            others[folder].add(file)
    return dict(images), dict(others), folders


def _begins_as_image(path: Path, follow_links: bool) -> bool:
    """Whether a file's first bytes are those of an image, be it of a format that is not read."""
    try:
        return is_image(read_file(path, FIRST_BYTES, follow_links))
    except AssayError:
        return False  # it is listed as no image: whatever it is, it cannot be read


@dataclass
class _Rows:
    """The images of one split: labels and paths."""

    labels: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def part(self, root: Path, follow_links: bool) -> Part:
        start = f"{root}/"
        if follow_links:
            return Part(
                self.paths, self.labels, lambda: map(os.path.realpath, (start + p for p in self.paths))
            )
        return Part(self.paths, self.labels, lambda: (start + path for path in self.paths))
