"""The ways to read one tree of folders: which folder is a split, and which is a class."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from assay.core.text import one_line
from assay.data.listing.layout.levels import folders_of_names
from assay.data.listing.layout.notes import (
    on_base,
    on_copies,
    on_empty_splits,
    on_folders_inside,
    on_other_folders,
    on_split_names,
    on_unlabelled,
)
from assay.data.listing.layout.top_folders import TopFolders
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.tree import joined

#: From a folder, by its path, to split and class of the images in it; None: they are left out.
Place = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True)
class Reading:
    """One way to read a tree.

    place: from a folder, by its path, to split and class of the images in it; None: they are left out.
    classes: the names of the class folders, of empty ones too. left_out: images without a place that the
    reading has no reason for. notes: what was decided, for people. by_name: classes are in the files' names.
    """

    kind: str
    form: str
    place: Place
    classes: tuple[str, ...]
    left_out: int
    notes: tuple[str, ...] = ()
    by_name: bool = False


class Readings:
    """Every reading of a tree, with its notes."""

    def __init__(self, top: TopFolders) -> None:
        self._top, self._tree = top, top.tree

    @cached_property
    def classes(self) -> Reading:
        """A folder for each class."""
        top, tree = self._top, self._tree

        def place(folder: str) -> tuple[str, str] | None:
            parts = top.parts(folder)
            return ("train", parts[0]) if parts and parts[0] not in top.copies else None

        none = {*top.copies, *(top.empty_splits if top.full else ())}
        classes = tuple(name for name in tree.classes(top.base) if name not in none)
        inside = on_folders_inside(top, [top.path(name) for name in top.full])
        notes = (*on_base(top), *on_copies(top), *on_empty_splits(top), *inside)
        lost = self._lost(place) - sum(tree.total(top.path(name)) for name in top.copies)
        return Reading("classes", "a folder for each class", place, classes, lost, notes)

    @cached_property
    def splits(self) -> Reading:
        """A folder for each split, and in it one for each class."""
        top, tree = self._top, self._tree
        starts = {name: tree.descended(top.path(name)) for name in top.split_folders}

        def place(folder: str) -> tuple[str, str] | None:
            parts = top.parts(folder)
            if not parts or parts[0] not in starts or not folder.startswith(f"{starts[parts[0]]}/"):
                return None
            return top.split_folders[parts[0]], folder[len(starts[parts[0]]) + 1 :].split("/")[0]

        names = {name for start in starts.values() for name in tree.classes(start)}
        loose = sum(tree.images[start] for start in starts.values())
        inside = on_folders_inside(
            top, [joined(start, name) for start in starts.values() for name in tree.full(start)]
        )
        notes = [*on_base(top), *on_split_names(top), *on_copies(top)]
        notes += [*on_unlabelled(tree, starts), *on_other_folders(top), *on_empty_splits(top), *inside]
        lost = self._lost(place) - loose
        form = "a folder for each split and class"
        return Reading("splits", form, place, tuple(sorted(names, key=natural_key)), lost, tuple(notes))

    @cached_property
    def class_first(self) -> Reading:
        """A folder for each class, and in it one for each split."""
        top = self._top

        def place(folder: str) -> tuple[str, str] | None:
            parts = top.parts(folder)
            split = split_of(parts[1]) if len(parts) > 1 else None
            return (split, parts[0]) if split else None

        note = "the folders of the splits lie inside the folders of the classes"
        of_splits = [joined(top.path(name), split) for name in top.full for split in top.subs(name)]
        notes = (*on_base(top), note, *on_folders_inside(top, of_splits, []))
        classes, lost = tuple(top.full), self._lost(place)
        return Reading("classes", "a folder for each class and split", place, classes, lost, notes)

    @cached_property
    def nested(self) -> Reading:
        """Folders of classes below folders that are neither splits nor classes."""
        top, tree = self._top, self._tree
        starts = {name: tree.descended(top.path(name)) for name in top.full}

        def place(folder: str) -> tuple[str, str] | None:
            parts = top.parts(folder)
            start = starts.get(parts[0]) if parts else None
            if start is None or not folder.startswith(f"{start}/"):
                return None
            return "train", folder[len(start) + 1 :].split("/")[0]

        names = {sub for start in starts.values() for sub in tree.full(start)}
        note = "the folders above those of the classes are neither splits nor classes (--layout nested)"
        classes, lost = tuple(sorted(names, key=natural_key)), self._lost(place)
        inside = on_folders_inside(top, [joined(s, sub) for s in starts.values() for sub in tree.full(s)], [])
        notes = (*on_base(top), note, *inside)
        return Reading("nested", "folders of classes, one level down", place, classes, lost, notes)

    def by_file_names(self) -> Reading | None:
        """The reading where no folder names a class and every image does: cat.0.jpg, dog.12.jpg."""
        top, tree = self._top, self._tree
        loose = folders_of_names(tree, top.base)
        if not loose or any(tree.full(folder) for folder in loose if folder):
            return None
        if top.base not in loose and tree.images[top.base]:
            return None
        words = {folder: top.words_in(folder) for folder in loose}
        names = {label for folder, split in loose.items() if split == "train" for label in words[folder]}
        if len(names) < 2:
            return None
        unlabelled = {
            folder for folder, split in loose.items() if split != "train" and not set(words[folder]) & names
        }

        def place(folder: str) -> tuple[str, str] | None:
            return (loose[folder], "") if folder in loose and folder not in unlabelled else None

        shown = ", ".join(sorted(map(one_line, names), key=natural_key)[:4])
        notes = [
            f"no folder is a class: the classes are the words that the files' names begin with ({shown})"
        ]
        notes += [
            f"{tree.images[folder]:,} images in {one_line(folder)} have no class in their names: "
            "no labels, so they are left out and nothing is scored on them"
            for folder in sorted(unlabelled)
        ]
        lost = self._lost(place) - sum(tree.images[folder] for folder in unlabelled)
        classes = tuple(sorted(names, key=natural_key))
        return Reading("names", "files named by class", place, classes, lost, tuple(notes), by_name=True)

    def placed(self, reading: Reading) -> int:
        """How many images have a class in a reading."""
        return self._tree.total() - self._lost(reading.place)

    def _lost(self, place: Place) -> int:
        return sum(count for folder, count in self._tree.images.items() if place(folder) is None)
