"""What is refused of a folder without a table, and what its notes say, once it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from assay.data.listing.advice.links import refuse_one_class_of_train, unfollowed
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.one_folder import hints_on_labels_of, notes_on_other_lists, refuse_one_class
from assay.data.listing.beside.conflicting_tables import Classes
from assay.data.listing.beside.listed_folders import refuse_listed_folders
from assay.data.listing.beside.no_images import hints_beside
from assay.data.listing.beside.notes import notes_beside
from assay.data.listing.beside.tables import tables_above
from assay.data.listing.columns.lists_of_labels import notes_on_lists
from assay.data.listing.exported.lists_of_groups import notes_on_splits
from assay.data.listing.exported.tables_in_texts import refuse_tables_in_texts
from assay.data.listing.from_names.clips import notes_on_clips
from assay.data.listing.from_names.numbered_words import refuse_numbered_words
from assay.data.listing.from_names.other_pictures import notes_on_other_pictures, notes_on_placeholders
from assay.data.listing.from_names.told_splits import refuse_named_splits
from assay.data.listing.from_names.versions_inside import notes_on_folders_inside, refuse_versions_inside
from assay.data.listing.layout.readings import Reading
from assay.data.listing.layout.variants import refuse_parts
from assay.data.listing.other_tasks import note_on_masks
from assay.data.listing.walk import Walk
from assay.data.splitting.groups_beside import notes_on_groups_beside
from assay.data.values import Kind


@dataclass
class Rows:
    """The images of one split: labels and paths."""

    labels: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FolderRead:
    """A folder as it was read.

    images, others: names of images and of all other files, by folder. places: split and class of each folder
    of images, None where it holds none of a class. splits: its images. layout: what the user asked for.
    joined: tables in it that are read, too.
    """

    found: Walk
    reading: Reading
    images: Mapping[str, list[str]]
    others: Mapping[str, set[str]]
    places: Mapping[str, tuple[str, str] | None]
    masks: set[str]
    splits: Mapping[str, Rows]
    layout: Kind | None
    joined: Sequence[str]

    @cached_property
    def by_path(self) -> dict[str, str]:
        """The class of each image."""
        return {path: label for rows in self.splits.values() for path, label in _pairs(rows)}

    @cached_property
    def labels(self) -> set[str]:
        """The classes that have images."""
        return {label for rows in self.splits.values() for label in rows.labels}

    def known_to_train(self) -> dict[str, str]:
        """The class of each image, but of those in other splits that lie in no folder of a class of train."""
        known = set(self.splits["train"].labels) if "train" in self.splits else set()
        return {path: label for path, label in self.by_path.items() if not known or label in known}


def notes_on_folder(read: FolderRead) -> tuple[str, ...]:
    """What the reading leaves open. Raises AssayError where the folder may well mean something else."""
    root, reading, layout = read.found.root, read.reading, read.layout
    known = {split: dict(_pairs(rows)) for split, rows in read.splits.items()}
    refuse_one_class_of_train(root, known, label_of_folders(read.by_path), layout)
    ignored = [item.id for item in read.found.left_out if item.kind == "ignored"]
    holding = [folder for folder in read.images if read.places[folder]]
    option = "--layout classes" if reading.by_name else f"--layout {reading.kind}"
    classes = Classes(read.labels, holding, lambda: read.by_path, reading.by_name, _to_keep(read, option))
    beside = notes_beside(read.found, layout, classes, read.joined)
    beside += () if layout else _refuse_doubtful(read)
    lists = [name for name in ignored if name not in read.joined] if len(read.splits) == 1 else []
    return (
        *reading.notes,
        *note_on_masks(read.masks, option),
        *unfollowed(read.found),
        *notes_on_other_pictures(read.others, read.images, read.places),
        *notes_on_placeholders(root, read.found.left_out),
        *beside,
        *(() if layout or reading.by_name else notes_on_folders_inside(read.images, read.places)),
        *notes_on_groups_beside(root, [] if read.joined else tables_above(read.found, holding), known),
        *(notes_on_splits(root, lists, read.by_path) if lists else ()),
        *notes_on_lists(root, read.found.files, read.images, read.places),
        *(() if layout or reading.by_name else notes_on_clips(root, read.by_path)),
    )


def _to_keep(read: FolderRead, option: str) -> str:
    """What to do to have the folders read as they were, with tables beside them that tell something else."""
    if option.endswith("classes") and len(read.splits) > 1:  # with the option all would be one split
        return "put the tables elsewhere, where the folders tell the classes"
    return f"say {option}"


def _refuse_doubtful(read: FolderRead) -> tuple[str, ...]:
    """Notes on lists that give other labels; AssayError where the folders are no classes of one task."""
    root, reading = read.found.root, read.reading
    option = f"--layout {reading.kind}"
    notes: tuple[str, ...] = ()
    if not reading.by_name:
        of_classes = {folder: names for folder, names in read.images.items() if read.places[folder]}
        label = label_of_folders(read.by_path)
        refuse_versions_inside(root, of_classes, label, option, len(read.splits) > 1)
        split_of = {path: split for split, rows in read.splits.items() for path in rows.paths}
        notes += tuple(refuse_numbered_words(root, read.by_path, split_of))
    refuse_parts(root, read.labels, hints_beside(read.found, read.joined))
    hints = partial(hints_on_labels_of, read.found, read.images)
    if len(read.labels) == 1:
        refuse_one_class(root, read.labels, hints())
    else:
        paths = (f"{folder}/{name}".lstrip("/") for folder, names in read.others.items() for name in names)
        others = sorted(paths)
        paths_by_split = {split: rows.paths for split, rows in read.splits.items()}
        notes += refuse_listed_folders(root, others, read.by_path, paths_by_split, option)
        refuse_tables_in_texts(root, others, list(read.by_path))
        notes += tuple(notes_on_other_lists(root, others, read.known_to_train()))
    if set(read.splits) == {"train"}:
        refuse_named_splits(root, read.by_path, hints, reading.by_name)
    return notes


def _pairs(rows: Rows) -> list[tuple[str, str]]:
    return list(zip(rows.paths, rows.labels, strict=True))
