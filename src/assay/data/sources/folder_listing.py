"""What lies in a folder without a table: images by split and class, and what is no image."""

import os
from collections import defaultdict
from collections.abc import Sequence
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
from assay.data.listing.advice.links import refuse_pools, unfollowed
from assay.data.listing.advice.one_folder import hints_on_labels_of
from assay.data.listing.beside.no_images import hints_beside
from assay.data.listing.exported.one_each import refuse_folders_of_images
from assay.data.listing.from_names.numbered_words import hints_on_numbered_words
from assay.data.listing.layout.choice import choose_reading
from assay.data.listing.layout.readings import Reading
from assay.data.listing.listing import Listing, Part
from assay.data.listing.names import ordered_splits
from assay.data.listing.other_tasks import in_folders_of_masks, masks_among
from assay.data.listing.tree import Tree, label_in
from assay.data.listing.walk import Walk
from assay.data.request import Request
from assay.data.sources.folder_notes import FolderRead, Rows, notes_on_folder
from assay.data.values import UNLABELLED, LeftOut

#: File names that are taken for images.
SUFFIXES: Final = tuple(FORMAT_BY_NAME)

_IMAGE_SUFFIXES: Final = frozenset((*SUFFIXES, *REFUSED_SUFFIXES))


def list_folder(
    found: Walk, stamp: str, request: Request | None = None, joined: Sequence[str] = ()
) -> Listing:
    """What lies in a folder, by split and class, read as `choose_reading` decides.

    joined: tables in it that are read, too.
    """
    request = request or Request()
    images, others, folders = _images_of(found, request.follow_links)
    plain = {folder for folder in others if folder not in images}
    by_folder = {folder: len(names) for folder, names in images.items()}
    tree = Tree(by_folder, found.folders, plain)
    reading = _chosen(found, tree, request, images, joined)
    places = {folder: reading.place(folder) for folder in images}
    if not request.layout:
        refuse_pools(found.root, images, places)
        refuse_folders_of_images(found.root, images, found.files)
    masks = set() if request.layout else masks_among(images) | in_folders_of_masks(tree, images)
    splits: defaultdict[str, Rows] = defaultdict(Rows)
    for path, folder in zip(found.files, folders, strict=True):
        name = path.rpartition("/")[2]
        if folder in others and name in others[folder]:
            found.ignore(path, "no image by name or content")
        elif (place := places[folder]) is None:
            found.left_out.append(LeftOut(path, UNLABELLED, "not in the folder of a class"))
        elif path in masks:
            found.left_out.append(LeftOut(path, UNLABELLED, "named as the mask of an image beside it"))
        else:
            rows = splits[place[0]]
            rows.paths.append(path)
            rows.labels.append((label_in(name) or "") if reading.by_name else place[1])
    follow = request.follow_links
    by_split = {name: _part(splits[name], found.root, follow) for name in ordered_splits(splits)}
    left_out = tuple(found.left_out)
    read = FolderRead(found, reading, images, others, places, masks, splits, request.layout, joined)
    notes = notes_on_folder(read)
    return Listing(by_split, reading.form, stamp, reading.classes or None, left_out, notes)


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


def _part(rows: Rows, root: Path, follow_links: bool) -> Part:
    start = f"{root}/"
    if follow_links:
        return Part(rows.paths, rows.labels, lambda: map(os.path.realpath, (start + p for p in rows.paths)))
    return Part(rows.paths, rows.labels, lambda: (start + path for path in rows.paths))
