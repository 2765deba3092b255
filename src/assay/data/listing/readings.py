"""The ways to read one tree of folders: which folder is a split, and which is a class."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assay.core.text import counted, one_line
from assay.data.listing.advice.deep_folders import each_folder, of_deeper_splits
from assay.data.listing.advice.folder_names import may_be_test, split_and_class
from assay.data.listing.levels import (
    called_after_parts,
    folder_of_groups,
    folders_in,
    folders_of_names,
    is_copy,
    sets_once_more,
)
from assay.data.listing.names import SPLIT_ORDER, natural_key, split_of
from assay.data.listing.tree import Tree, called_like_groups, is_of_a_program, joined, label_in, splits_of


@dataclass(frozen=True)
class Reading:
    """One way to read a tree.

    place: from a folder, by its path, to split and class of the images in it; None: they are left out.
    classes: the names of the class folders, of empty ones too. left_out: images without a place that the
    reading has no reason for. notes: what was decided, for people. by_name: classes are in the files' names.
    """

    kind: str
    form: str
    place: Callable[[str], tuple[str, str] | None]
    classes: tuple[str, ...]
    left_out: int
    notes: tuple[str, ...] = ()
    by_name: bool = False


class Readings:
    """Every reading of a tree, and what is said of it."""

    def __init__(
        self,
        tree: Tree,
        split_names: Mapping[str, str] | None,
        file_names: Callable[[str], list[str]] | None,
        root: Path | None = None,
    ) -> None:
        self.tree, self._files, self._root = tree, file_names, root
        self.named = {folder: split for split, folder in (split_names or {}).items()}
        self.base = self._found_base()
        self.copies: list[str] = []
        once_more = sets_once_more(tree, self.base)
        if root and file_names and not self.named:
            self.copies = [n for n in once_more if is_copy(root, tree, self.base, n, file_names)]
        self.once_more = [name for name in once_more if name not in self.copies]

    def _found_base(self) -> str:
        """The folder whose folders are splits or classes. A single folder named like a split is one."""
        tree, folder = self.tree, ""
        while not tree.images[folder] and len(names := tree.classes(folder)) == 1:
            below = joined(folder, names[0])
            if not tree.full(below) or split_of(names[0]) or names[0] in self.named:
                break
            folder = below
        return folder

    @cached_property
    def full(self) -> list[str]:
        """The folders that hold images, of those that are splits or classes."""
        return [name for name in self.tree.full(self.base) if name not in self.copies]

    @cached_property
    def split_folders(self) -> dict[str, str]:
        """The split of each folder that is named after one."""
        return self.named or splits_of(self.full)

    @cached_property
    def empty_splits(self) -> list[str]:
        """The folders that are named after a split and hold no image."""
        return [
            n
            for n in self.tree.classes(self.base)
            if split_of(n) and not self.tree.total(joined(self.base, n))
        ]

    def subs(self, name: str) -> list[str]:
        """The class folders of a split folder."""
        return self.tree.full(self.tree.descended(joined(self.base, name)))

    # The readings.

    @cached_property
    def classes(self) -> Reading:
        """A folder for each class."""

        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            return ("train", parts[0]) if parts and parts[0] not in self.copies else None

        none = {*self.copies, *(self.empty_splits if self.full else ())}
        classes = tuple(name for name in self.tree.classes(self.base) if name not in none)
        inside = self._inside([joined(self.base, name) for name in self.full])
        notes = (*self._below(), *self._on_copies(), *self._on_empty(), *inside)
        lost = self._lost(place) - sum(self.tree.total(joined(self.base, name)) for name in self.copies)
        return Reading("classes", "a folder for each class", place, classes, lost, notes)

    @cached_property
    def splits(self) -> Reading:
        """A folder for each split, and in it one for each class."""
        starts = {name: self.tree.descended(joined(self.base, name)) for name in self.split_folders}

        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            if not parts or parts[0] not in starts or not folder.startswith(f"{starts[parts[0]]}/"):
                return None
            return self.split_folders[parts[0]], folder[len(starts[parts[0]]) + 1 :].split("/")[0]

        names = {name for start in starts.values() for name in self.tree.classes(start)}
        loose = sum(self.tree.images[start] for start in starts.values())
        inside = self._inside(
            [joined(start, name) for start in starts.values() for name in self.tree.full(start)]
        )
        notes = [*self._below(), *self._renamed(), *self._on_copies()]
        notes += [*self._unlabelled_notes(starts), *self._on_others(), *self._on_empty(), *inside]
        lost = self._lost(place) - loose
        form = "a folder for each split and class"
        return Reading("splits", form, place, tuple(sorted(names, key=natural_key)), lost, tuple(notes))

    @cached_property
    def class_first(self) -> Reading:
        """A folder for each class, and in it one for each split."""

        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            split = split_of(parts[1]) if len(parts) > 1 else None
            return (split, parts[0]) if split else None

        note = "the folders of the splits lie inside the folders of the classes"
        classes, lost = tuple(self.full), self._lost(place)
        return Reading(
            "classes", "a folder for each class and split", place, classes, lost, (*self._below(), note)
        )

    @cached_property
    def nested(self) -> Reading:
        """Folders of classes below folders that are neither splits nor classes."""

        starts = {name: self.tree.descended(joined(self.base, name)) for name in self.full}

        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            start = starts.get(parts[0]) if parts else None
            if start is None or not folder.startswith(f"{start}/"):
                return None
            return "train", folder[len(start) + 1 :].split("/")[0]

        names = {sub for start in starts.values() for sub in self.tree.full(start)}
        note = "the folders above those of the classes are neither splits nor classes (--layout nested)"
        classes, lost = tuple(sorted(names, key=natural_key)), self._lost(place)
        inside = self._inside([joined(s, sub) for s in starts.values() for sub in self.tree.full(s)], [])
        notes = (*self._below(), note, *inside)
        return Reading("nested", "folders of classes, one level down", place, classes, lost, notes)

    def by_file_names(self) -> Reading | None:
        """The reading where no folder names a class and every image does: cat.0.jpg, dog.12.jpg."""
        tree, loose = self.tree, folders_of_names(self.tree, self.base)
        if self._files is None or not loose or any(tree.full(folder) for folder in loose if folder):
            return None
        if self.base not in loose and tree.images[self.base]:
            return None
        names = {
            label for folder, split in loose.items() if split == "train" for label in self._labels(folder)
        }
        if len(names) < 2:
            return None
        unlabelled = {
            f for f, split in loose.items() if split != "train" and not set(self._labels(f)) & names
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

    def words_in(self, folder: str) -> list[str]:
        """The words that the names of a folder's images begin with, where these may be classes."""
        return self._labels(folder) if self._files and self.tree.images[folder] else []

    def _labels(self, folder: str) -> list[str]:
        """The classes in the names of a folder's images; none where some lack one, or a camera gave them."""
        assert self._files is not None
        labels = [label_in(name) for name in self._files(folder)]
        known = Counter(label for label in labels if label)
        if sum(known.values()) < len(labels) or any(count < 2 for count in known.values()):
            return []
        return [] if any(map(is_of_a_program, known)) else list(known)

    def each_folder(self) -> str:
        """What to type where each folder with images is a class; empty where that cannot be told."""
        if self._root is None or self._files is None:
            return ""
        splits = self.split_folders
        splits = splits if len(splits) == len(self.full) or all(map(split_of, splits)) else {}
        level = 1 if splits or called_after_parts(self.tree, self.base, self.full) else 0
        return each_folder(self._root, self.tree, self._files, self.base, level, splits)

    def of_deeper(self, deeper: Collection[str]) -> str:
        """The command for a table where some splits have the classes a level deeper; or empty."""
        if self._root is None or self._files is None:
            return ""
        return of_deeper_splits(self._root, self.tree, self._files, self.base, self.split_folders, deeper)

    def splits_and_classes(self) -> str:
        """What to type where each folder is called after a split and a class, `cats_train`; or empty."""
        if self._root is None or self._files is None:
            return ""
        return split_and_class(self._root, self.tree, self._files, self.base, self.split_folders)

    # What is said of them.

    def _parts(self, folder: str) -> list[str]:
        if self.base and not folder.startswith(f"{self.base}/"):
            return []
        inside = folder[len(self.base) + 1 :] if self.base else folder
        return inside.split("/") if inside else []

    def _lost(self, place: Callable[[str], tuple[str, str] | None]) -> int:
        return sum(count for folder, count in self.tree.images.items() if place(folder) is None)

    def placed(self, reading: Reading) -> int:
        """How many images have a class in a reading."""
        return self.tree.total() - self._lost(reading.place)

    def _below(self) -> list[str]:
        return [f"read from {one_line(self.base)}, the only folder with images above it"] if self.base else []

    def _on_empty(self) -> list[str]:
        """A note on folders of splits without an image: nothing of them is read."""
        some = ", ".join(map(one_line, self.empty_splits))
        return [f"named like a split, but without images: {some}"] if self.empty_splits and self.full else []

    def _on_others(self) -> list[str]:
        """A note on folders beside those of splits."""
        others = {name: self.tree.total(joined(self.base, name)) for name in self.full}
        shown = [name for name in others if name not in self.split_folders]
        if not shown:
            return []
        told = f"{', '.join(map(one_line, shown[:3]))}{', ...' if len(shown) > 3 else ''}"
        count = counted(sum(others[name] for name in shown), "image lies", "images lie")
        way = may_be_test(self.tree, self.base, self.split_folders, shown)
        return [f"{count} in {told}, beside the folders of splits: left out{way}"]

    def _on_copies(self) -> list[str]:
        """A note on folders that hold the files of all others once more."""
        return [
            f"{one_line(name)} holds the folders and files of those beside it once more: its "
            f"{self.tree.total(joined(self.base, name)):,} images are left out"
            for name in self.copies
        ]

    def _inside(self, classes: Sequence[str], ways: Sequence[str] | None = None) -> list[str]:
        """A note on folders inside those of classes: they may be the classes, or groups such as patients.

        ways: what else to type; None: the reading of the level below.
        """
        below = {folder: names for folder in classes if len(names := folders_in(self.tree, folder)) > 1}
        if not below:
            return []
        first = min(below, key=natural_key)
        names = below[first]
        shown = f"{', '.join(map(one_line, names[:3]))}{', ...' if len(names) > 3 else ''}"
        if ways is None and called_like_groups([name for own in below.values() for name in own]):
            ways = []
        elif ways is None:
            seen = Counter(name.casefold() for own in below.values() for name in own)
            shared = next((name for name in names if seen[name.casefold()] > 1), "")
            joins = f", and joins those of one name, such as {one_line(shared)}" if shared else ""
            ways = [] if self.split_folders else [f"--layout nested reads them as the classes{joins}"]
            if shared or self.split_folders or any(self.tree.images[folder] for folder in classes):
                ways += filter(None, [self.each_folder()])
        if not any(self.tree.images[folder] for folder in classes):
            pattern, name = folder_of_groups(self.tree, classes)
            meant = "them" if name in names else f"folders such as {one_line(name)}"
            ways = [
                *ways,
                f"--group-pattern '{pattern}' reads {meant} as groups, such as patients or videos",
            ]
        hint = f" ({'; '.join(ways)})" if ways else ""
        what = (
            f"folders inside the folders of classes are read as parts of the class: {one_line(first)} holds"
        )
        return [f"{what} {shown}{hint}"]

    def _renamed(self) -> list[str]:
        odd = [f"{one_line(n)} is {s}" for n, s in self.split_folders.items() if split_of(n) != s]
        twice = Counter(self.split_folders.values())
        joint = [split for split in SPLIT_ORDER if twice[split] > 1]
        how = "as --split-names says" if self.named else "by their names"
        notes = [f"folders taken for splits {how}: {', '.join(odd)}"] if odd else []
        return notes + [f"several folders together are the {split} split" for split in joint]

    def _unlabelled_notes(self, starts: Mapping[str, str]) -> list[str]:
        return [
            f"{self.tree.images[start]:,} images lie in {one_line(start)} without the folder of a class: "
            "no labels, so they are left out"
            for start in starts.values()
            if self.tree.images[start]
        ]
