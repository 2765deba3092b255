"""A folder of image files: a folder for each class, below folders for splits or not."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from assay.core.text import one_line
from assay.data.formats.text_table import read_table
from assay.data.listing.advice.above import list_below
from assay.data.listing.beside.label_agreement import contradictions, note_on_contradictions, parted_otherwise
from assay.data.listing.image_table import Table, list_tables
from assay.data.listing.listing import Listing, Unlisted
from assay.data.listing.metadata import OF_A_FOLDER, has_labels, with_metadata
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.walk import Glance, Walk, glance, in_order
from assay.data.piece import Piece, Shard
from assay.data.request import OF_FOLDERS, OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources.folder_listing import list_folder
from assay.data.sources.image_dataset import read_image_set
from assay.data.sources.sharing.image_shards import read_image_shard
from assay.data.splitting.groups_of_tables import notes_on_groups_of_tables
from assay.data.values import Dataset

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
        make = lambda: _all_seen(_listing(request, seen), seen)  # noqa: E731
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
    return _listing(request, _glance(request))


def _listing(request: Request, seen: Glance) -> Listing:
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
    odd += _on_finer_folders(tables[0].path.name, pairs)
    odd += notes_on_groups_of_tables([table.path for table in tables], request, listing.parts)
    return replace(listing, left_out=(*listing.left_out, *found.left_out), notes=(*listing.notes, *odd))


def _on_finer_folders(table: str, pairs: Sequence[tuple[str, str, str]]) -> list[str]:
    """A note on folders that may be classes, too, finer ones than the labels of a table of metadata.

    pairs: image, label, folder. Folders with numbers in their names are rather people or parts.
    """
    folders = sorted({folder for _, _, folder in pairs}, key=natural_key)
    other = parted_otherwise([(folder, label) for _, label, folder in pairs])
    numbered = any(sign.isdigit() for folder in folders for sign in folder)
    if other is None or other.apart or numbered or len(folders) <= len({label for _, label, _ in pairs}):
        return []
    shown = ", ".join(map(one_line, folders[:3]))
    return [
        f"the folders ({shown} ...) part the images finer than the labels of {one_line(table)}, which were "
        "read (without that file the folders are)"
    ]
