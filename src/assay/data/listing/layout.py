"""Which folders of a tree are splits, and which are classes: one set of rules, told in docs/data.md.

Where two readings are possible and one would be wrong in silence, nothing is read: the error shows both.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.names import SPLIT_ORDER, natural_key, split_of
from assay.data.listing.tree import NO_CLASSES, Tree, exact_all, joined, label_in, splits_of
from assay.data.values import Kind

#: What --layout takes.
LAYOUTS: Final[tuple[Kind, ...]] = ("classes", "splits", "nested")

#: A reading may leave out so large a share of the images without being asked about.
_LEFT_OUT: Final = 0.2

#: Would-be classes that share so many names of sub-folders are asked about.
_SHARED: Final = 2


#: What people call the folder of the images, where another one holds their labels.
_IMAGE_FOLDERS: Final = frozenset(
    ("image", "images", "img", "imgs", "jpegimages", "rgb", "pictures", "photos")
)


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


def choose_reading(
    root: Path,
    tree: Tree,
    layout: Kind | None = None,
    split_names: Mapping[str, str] | None = None,
    file_names: Callable[[str], list[str]] | None = None,
) -> Reading:
    """The one reading of a tree, or AssayError `ambiguous-layout` with both.

    layout, split_names: what the user said, which settles it. file_names: of the images in a folder.
    Raises AssayError `too-few-images` where no image lies in a folder of its class.
    """
    return _Choice(root, tree, split_names, file_names).made(layout)


class _Choice:
    """The readings of one tree, made when they are asked for."""

    def __init__(
        self,
        root: Path,
        tree: Tree,
        split_names: Mapping[str, str] | None,
        file_names: Callable[[str], list[str]] | None,
    ) -> None:
        self._root, self._tree, self._files = root, tree, file_names
        self._named = {folder: split for split, folder in (split_names or {}).items()}
        self._base = self._found_base()

    def made(self, layout: Kind | None) -> Reading:
        """The reading that was asked for, or the only one that can be meant."""
        if self._named:
            missing = [name for name in self._named if name not in self._full]
            if missing:
                fix = f"There are: {', '.join(map(one_line, self._full)) or 'none'}."
                what = f"no folder with images is called {missing[0]!r}"
                raise AssayError("bad-value", "--split-names", what, fix)
            return self._splits
        if layout is not None:
            return self._as_asked(layout)
        if named := self._by_file_names():
            return named
        if not self._full:
            raise self._nothing()
        return self._checked(self._chosen())

    def _as_asked(self, layout: Kind) -> Reading:
        reading = {"classes": self._classes, "splits": self._splits, "nested": self._nested}[layout]
        if self._tree.total() and not self._placed(reading):
            raise AssayError(
                "bad-value", "--layout", f"read as {layout}, no image has a class", self._offer()
            )
        return reading

    def _found_base(self) -> str:
        """The folder whose folders are splits or classes. A single folder named like a split is one."""
        tree, folder = self._tree, ""
        while not tree.images[folder] and len(names := tree.classes(folder)) == 1:
            below = joined(folder, names[0])
            if not tree.full(below) or split_of(names[0]) or names[0] in self._named:
                break
            folder = below
        return folder

    @cached_property
    def _full(self) -> list[str]:
        return self._tree.full(self._base)

    @cached_property
    def _split_folders(self) -> dict[str, str]:
        return self._named or splits_of(self._full)

    def _subs(self, name: str) -> list[str]:
        """The class folders of a split folder."""
        return self._tree.full(self._tree.descended(joined(self._base, name)))

    def _chosen(self) -> Reading:
        labelled = {name: self._subs(name) for name in self._split_folders if self._subs(name)}
        exact = [name for name in labelled if split_of(name)]
        strong = self._vocabularies_meet(labelled)
        if labelled and (exact or strong) and not self._rather_classes(labelled, strong):
            if not strong and self._splits.left_out > _LEFT_OUT * self._tree.total():
                raise self._ambiguous(self._classes, self._splits)
            return self._splits
        if (
            self._split_folders
            and len(self._split_folders) == len(self._full)
            and not labelled
            and exact_all(self._full)
        ):
            raise self._unlabelled()
        if self._splits_below():
            return self._class_first
        if name := self._divided_class():
            raise self._divided(name)
        if self._same_names_below() or self._one_class_left():
            raise self._ambiguous(self._classes, self._nested)
        return self._classes

    def _rather_classes(self, labelled: Mapping[str, list[str]], strong: bool) -> bool:
        """Whether names that only contain a split word are those of classes."""
        return not strong and not any(split_of(name) for name in labelled)

    def _vocabularies_meet(self, labelled: Mapping[str, list[str]]) -> bool:
        """Whether two split folders or more hold class folders of the same names, by and large."""
        sets = [set(map(str.casefold, names)) for names in labelled.values()]
        return len({self._split_folders[name] for name in labelled}) > 1 and all(
            len(sets[0] & other) * 2 >= min(len(sets[0]), len(other)) for other in sets[1:]
        )

    def _splits_below(self) -> bool:
        """Whether every class folder holds the same splits: cat/train, cat/test, dog/train, dog/test."""
        below = [self._tree.full(joined(self._base, name)) for name in self._full]
        return len(self._full) > 1 and all(
            len(names) > 1 and all(map(split_of, names)) and not self._tree.images[joined(self._base, folder)]
            for names, folder in zip(below, self._full, strict=True)
        )

    def _divided_class(self) -> str:
        """The first would-be class that holds folders of two splits or more; empty where none does."""
        for name in self._tree.classes(self._base):
            below = self._tree.classes(joined(self._base, name))
            if len({split_of(sub) for sub in below} - {None}) > 1:
                return name
        return ""

    def _same_names_below(self) -> bool:
        """Whether would-be classes hold folders of the same names: either level may be the classes."""
        seen = Counter(
            sub.casefold() for name in self._full for sub in self._tree.full(joined(self._base, name))
        )
        return sum(count > 1 for count in seen.values()) >= _SHARED

    def _one_class_left(self) -> bool:
        """Whether one class has all the images, and folders that may rather be the classes."""
        return len(self._full) == 1 and len(self._tree.full(joined(self._base, self._full[0]))) > 1

    # The readings.

    @cached_property
    def _classes(self) -> Reading:
        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            return ("train", parts[0]) if parts else None

        classes = tuple(self._tree.classes(self._base))
        return Reading(
            "classes", "a folder for each class", place, classes, self._lost(place), tuple(self._below())
        )

    @cached_property
    def _splits(self) -> Reading:
        starts = {name: self._tree.descended(joined(self._base, name)) for name in self._split_folders}

        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            if not parts or parts[0] not in starts or not folder.startswith(f"{starts[parts[0]]}/"):
                return None
            return self._split_folders[parts[0]], folder[len(starts[parts[0]]) + 1 :].split("/")[0]

        names = {name for start in starts.values() for name in self._tree.classes(start)}
        loose = sum(self._tree.images[start] for start in starts.values())
        notes = [*self._below(), *self._renamed(), *self._unlabelled_notes(starts)]
        lost = self._lost(place) - loose
        form = "a folder for each split and class"
        return Reading("splits", form, place, tuple(sorted(names, key=natural_key)), lost, tuple(notes))

    @cached_property
    def _class_first(self) -> Reading:
        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            split = split_of(parts[1]) if len(parts) > 1 else None
            return (split, parts[0]) if split else None

        note = "the folders of the splits lie inside the folders of the classes"
        classes, lost = tuple(self._full), self._lost(place)
        return Reading(
            "classes", "a folder for each class and split", place, classes, lost, (*self._below(), note)
        )

    @cached_property
    def _nested(self) -> Reading:
        def place(folder: str) -> tuple[str, str] | None:
            parts = self._parts(folder)
            return ("train", parts[1]) if len(parts) > 1 else None

        names = {sub for name in self._full for sub in self._tree.full(joined(self._base, name))}
        note = "the folders above those of the classes are neither splits nor classes (--layout nested)"
        classes, lost = tuple(sorted(names, key=natural_key)), self._lost(place)
        return Reading(
            "nested", "folders of classes, one level down", place, classes, lost, (*self._below(), note)
        )

    def _by_file_names(self) -> Reading | None:
        """The reading where no folder names a class and every image does: cat.0.jpg, dog.12.jpg."""
        tree, splits = self._tree, {name: s for name in self._full if (s := split_of(name))}
        loose = {joined(self._base, name): split for name, split in splits.items()} or {self._base: "train"}
        if self._files is None or (self._full and len(splits) < len(self._full)):
            return None
        if any(tree.full(folder) for folder in loose if folder) or (splits and tree.images[self._base]):
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

    def _labels(self, folder: str) -> list[str]:
        """The classes in the names of a folder's images; none where some lack one, or a camera gave them."""
        assert self._files is not None
        labels = [label_in(name) for name in self._files(folder)]
        known = Counter(label for label in labels if label)
        if sum(known.values()) < len(labels) or any(count < 2 for count in known.values()):
            return []
        return [] if {label.casefold() for label in known} & NO_CLASSES else list(known)

    # What is said of them.

    def _parts(self, folder: str) -> list[str]:
        if self._base and not folder.startswith(f"{self._base}/"):
            return []
        inside = folder[len(self._base) + 1 :] if self._base else folder
        return inside.split("/") if inside else []

    def _lost(self, place: Callable[[str], tuple[str, str] | None]) -> int:
        return sum(count for folder, count in self._tree.images.items() if place(folder) is None)

    def _placed(self, reading: Reading) -> int:
        return self._tree.total() - self._lost(reading.place)

    def _below(self) -> list[str]:
        return (
            [f"read from {one_line(self._base)}, the only folder with images above it"] if self._base else []
        )

    def _renamed(self) -> list[str]:
        odd = [f"{one_line(n)} is {s}" for n, s in self._split_folders.items() if split_of(n) != s]
        twice = Counter(self._split_folders.values())
        joint = [split for split in SPLIT_ORDER if twice[split] > 1]
        notes = [f"folders taken for splits by their names: {', '.join(odd)}"] if odd else []
        return notes + [f"several folders together are the {split} split" for split in joint]

    def _unlabelled_notes(self, starts: Mapping[str, str]) -> list[str]:
        return [
            f"{self._tree.images[start]:,} images lie in {one_line(start)} without the folder of a class: "
            "no labels, so they are left out"
            for start in starts.values()
            if self._tree.images[start]
        ]

    def _checked(self, reading: Reading) -> Reading:
        """The reading, unless it leaves out most of the images."""
        self._refuse_detection(reading)
        labelled = {name: self._subs(name) for name in self._split_folders if self._subs(name)}
        if self._splits is reading and self._vocabularies_meet(labelled):
            return reading  # splits of one vocabulary are splits, whatever lies beside them
        if reading.left_out * 2 > self._tree.total():
            what = (
                f"{reading.left_out:,} of {self._tree.total():,} images lie outside of the folders of "
                f"classes ({self._shown(reading)})"
            )
            raise AssayError("ambiguous-layout", self._root, what, self._offer())
        return reading

    def _refuse_detection(self, reading: Reading) -> None:
        """Refuse one class called `images` beside folders of other files, as detectors have their labels."""
        names = {place[1] for folder in self._tree.images if (place := reading.place(folder))}
        above = {folder.rpartition("/")[0] for folder in self._tree.images}
        beside = {
            folder.rpartition("/")[2]
            for folder in self._tree.plain
            if folder and folder.rpartition("/")[0] in above
        }
        if len(names) == 1 and {name.casefold() for name in names} <= _IMAGE_FOLDERS and beside:
            what = (
                f"all images lie in folders called {names.pop()!r}, beside folders of other files "
                f"({_listed(beside)}): this looks like data for object detection"
            )
            fix = "Put the images into folders of their classes, or say --layout classes."
            raise AssayError("ambiguous-layout", self._root, what, fix)

    def _ambiguous(self, one: Reading, other: Reading) -> AssayError:
        ways = " or ".join(f"as {reading.kind}: {self._shown(reading)}" for reading in (one, other))
        what = f"it can be read in two ways, {ways}"
        fix = f"Say which is right: --layout {one.kind} or --layout {other.kind}."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _divided(self, name: str) -> AssayError:
        whole = self._root / self._base / name
        what = (
            f"the folder {one_line(name)} holds folders of splits, those beside it none: it is a whole "
            "data set, or one class of several"
        )
        fix = f"Give that set alone, {one_line(str(whole))}, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _unlabelled(self) -> AssayError:
        names = ", ".join(map(one_line, self._full[:4]))
        what = f"the folders {names} are named like splits and hold images without folders of classes"
        fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _shown(self, reading: Reading) -> str:
        """A reading as a small tree in one line, with counts."""
        counts: dict[str, Counter[str]] = {}
        for folder, count in self._tree.images.items():
            if found := reading.place(folder):
                counts.setdefault(found[0], Counter())[found[1]] += count
        parts = [f"{split} {{{_some(counts[split])}}}" for split in SPLIT_ORDER if split in counts]
        lost = f", {reading.left_out:,} images left out" if reading.left_out else ""
        return (", ".join(parts) or "no image") + lost

    def _offer(self) -> str:
        return "Say how it is laid out: --layout classes, splits or nested, or --split-names train=A,test=B."

    def _nothing(self) -> AssayError:
        return AssayError(
            "too-few-images",
            self._root,
            "no image lies in a folder of its class",
            "Lay images out as CLASS/IMAGE or train/CLASS/IMAGE and test/CLASS/IMAGE, or give a table.",
        )


def _listed(names: Iterable[str], most: int = 3) -> str:
    return ", ".join(map(one_line, sorted(names, key=natural_key)[:most]))


def _some(counts: Mapping[str, int], most: int = 5) -> str:
    names = sorted(counts, key=natural_key)
    shown = [f"{one_line(name)} {counts[name]:,}" for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")
