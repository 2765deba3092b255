"""A folder of image files: a folder for each class, below folders for splits or not."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.listing.image_table import Table, list_tables
from assay.data.listing.listing import Listing, Part, Unlisted
from assay.data.listing.names import natural_key, ordered_splits, split_of
from assay.data.listing.walk import Glance, Walk, glance, in_order
from assay.data.request import OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources.image_dataset import read_image_set
from assay.data.values import Dataset

#: File names that are taken for images.
SUFFIXES: Final = tuple(FORMAT_BY_NAME)

_IMAGE_SUFFIXES: Final = frozenset((*SUFFIXES, *REFUSED_SUFFIXES))

#: Tables of labels that lie with the images, as on the Hugging Face hub.
METADATA: Final = ("metadata.csv", "metadata.jsonl")

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | OF_TABLES


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
    seen = glance(path)
    if _has_tables(seen):
        return read_image_set(request, listing(request), "folder", path, lambda: listing(request).stamp)
    refuse_unused(request, OF_IMAGES, "a folder without a table")
    found = Unlisted(seen.stamp, seen.count, lambda: _without_tables(seen))
    return read_image_set(request, found, "folder", path, lambda: glance(path).stamp)


def listing(request: Request) -> Listing:
    """What lies in the folder, before any image is decoded."""
    assert request.path is not None  # `matches` said so
    seen = glance(request.path)
    if not _has_tables(seen):
        refuse_unused(request, OF_IMAGES, "a folder without a table")
        return _without_tables(seen)
    found = in_order(seen)
    return _from_tables(request, found, _tables(found))


def _has_tables(seen: Glance) -> bool:
    """Whether tables of labels lie in the root or in the folders of splits."""
    splits = (name for name in seen.contents[""].folders if split_of(name))
    return any(name in seen.contents[folder].files for folder in ("", *splits) for name in METADATA)


def _without_tables(seen: Glance) -> Listing:
    return list_folder(in_order(seen), seen.stamp)


def _tables(found: Walk) -> list[Table]:
    """The tables of labels in the root and in the folders of splits."""
    places = dict.fromkeys(METADATA, "train")
    for folder in found.folders:
        if "/" not in folder and (split := split_of(folder)):
            places |= {f"{folder}/{name}": split for name in METADATA}
    return [Table(found.root / path, places[path]) for path in found.files if path in places]


def _from_tables(request: Request, found: Walk, tables: list[Table]) -> Listing:
    listing = list_tables(request, found.root, tables, "images with a table of metadata")
    named = {name for part in listing.parts.values() for name in part.ids}
    own = {str(table.path.relative_to(found.root)) for table in tables}
    for path in found.files:
        if path not in named and path not in own:
            found.ignore(path, "not named in the metadata")
    return replace(listing, left_out=(*listing.left_out, *found.left_out))


def list_folder(found: Walk, stamp: str) -> Listing:
    """What lies in a folder, by split and class."""
    root = found.root
    split_folders = {name for name in found.folders if "/" not in name and split_of(name)}
    # With folders named like splits, all others at the top are no classes.
    places = {name: _place(name, bool(split_folders)) for name in ("", *found.folders)}
    parts: dict[str, _Rows] = {}
    for path in found.files:
        folder, _, file = path.rpartition("/")
        place = places[folder]
        if file[file.rfind(".") :].lower() not in _IMAGE_SUFFIXES:
            found.ignore(path, "no image by its name")
        elif place is None:
            found.ignore(path, "not in the folder of a class")
        else:
            parts.setdefault(place[0], _Rows()).add(place[1], path)
    if not parts:
        raise AssayError(
            "too-few-images",
            root,
            "no image lies in a folder of its class",
            "Lay images out as CLASS/IMAGE or train/CLASS/IMAGE and test/CLASS/IMAGE, or give a table.",
        )
    form = "a folder for each split and class" if split_folders else "a folder for each class"
    by_split = {split: parts[split].part(root) for split in ordered_splits(parts)}
    return Listing(by_split, form, stamp, _classes(found, bool(split_folders)), tuple(found.left_out))


@dataclass
class _Rows:
    """The images of one split: labels and paths."""

    labels: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def add(self, label: str, path: str) -> None:
        self.labels.append(label)
        self.paths.append(path)

    def part(self, root: Path) -> Part:
        start = f"{root}/"
        return Part(self.paths, self.labels, lambda: (start + path for path in self.paths))


def _place(folder: str, has_splits: bool) -> tuple[str, str] | None:
    """Split and class of the images in a folder; None where it belongs to no class."""
    names = folder.split("/") if folder else []
    if not has_splits:
        return ("train", names[0]) if names else None
    split = split_of(names[0]) if names else None
    return (split, names[1]) if split and len(names) > 1 else None


def _classes(found: Walk, has_splits: bool) -> tuple[str, ...] | None:
    """The names of the class folders in natural order, of empty ones too."""
    depth = 1 if has_splits else 0
    names = {
        name.split("/")[depth]
        for name in found.folders
        if name.count("/") == depth and (not has_splits or split_of(name.split("/")[0]))
    }
    return tuple(sorted(names, key=natural_key)) or None
