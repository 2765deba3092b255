"""Which folders of a tree are splits, and which are classes: one set of rules, told in docs/data.md.

Where two readings are possible and one would be wrong in silence, nothing is read: the error shows both.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.deep_folders import deeper_splits
from assay.data.listing.advice.shown import as_tree, shown
from assay.data.listing.levels import (
    alike_splits,
    collections,
    deep_splits,
    divided,
    groups_below,
    have_domains,
    refuse_copies_of_splits,
    refuse_sets_of_splits,
    same_names_below,
    splits_below,
    ways_of_sets,
    whole_sets,
)
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.other_tasks import (
    beside_other_files,
    only_pictures,
    pictures_and_masks,
    tell_of_objects,
)
from assay.data.listing.readings import Reading, Readings
from assay.data.listing.tree import Tree, exact_all, joined
from assay.data.values import Kind

#: What --layout takes.
LAYOUTS: Final[tuple[Kind, ...]] = ("classes", "splits", "nested")

#: A reading may leave out so large a share of the images without being asked about.
_LEFT_OUT: Final = 0.2


#: Folders of cameras by the Design rule for Camera File system (DCF): 100CANON, 101_0605. Digits alone
#: are the numbers of people or products.
_OF_A_CAMERA: Final = re.compile(r"[1-9]\d\d(?=[0-9]*[A-Z_])[A-Z0-9_]{5}")


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
    return _Choice(root, Readings(tree, split_names, file_names, None if layout else root)).made(layout)


class _Choice:
    """The choice among the readings of one tree."""

    def __init__(self, root: Path, readings: Readings) -> None:
        self._root, self._of, self._tree = root, readings, readings.tree
        self._base = readings.base

    def made(self, layout: Kind | None) -> Reading:
        """The reading that was asked for, or the only one that can be meant."""
        if self._of.named:
            missing = [name for name in self._of.named if name not in self._of.full]
            if missing:
                fix = f"There are: {', '.join(map(one_line, self._of.full)) or 'none'}."
                what = f"no folder with images is called {missing[0]!r}"
                raise AssayError("bad-value", "--split-names", what, fix)
            return self._of.splits
        if layout is not None:
            return self._as_asked(layout)
        if named := self._of.by_file_names():
            return named
        if not self._of.full:
            raise self._nothing()
        return self._checked(self._chosen())

    def _as_asked(self, layout: Kind) -> Reading:
        reading = {"classes": self._of.classes, "splits": self._of.splits, "nested": self._of.nested}[layout]
        if self._tree.total() and not self._of.placed(reading):
            raise AssayError(
                "bad-value", "--layout", f"read as {layout}, no image has a class", self._offer()
            )
        return reading

    def _chosen(self) -> Reading:
        if pictures_and_masks(self._of.full):
            raise self._segmentation(self._of.full)
        labelled = {name: self._of.subs(name) for name in self._of.split_folders if self._of.subs(name)}
        exact = [name for name in labelled if split_of(name)]
        strong = self._vocabularies_meet(labelled)
        alike = labelled.keys() & alike_splits(self._of.split_folders).keys()
        if labelled and (exact or strong or alike) and not self._rather_classes(labelled, strong):
            if not strong and self._of.splits.left_out > _LEFT_OUT * self._tree.total():
                raise self._ambiguous(self._of.classes, self._of.splits, self._other_split(labelled))
            if deeper := deeper_splits(self._tree, self._base, labelled):
                raise self._a_level_deeper(deeper, labelled)
            if deep_splits(self._tree, self._base, labelled):
                raise self._deep()
            of = {name: self._of.split_folders[name] for name in labelled}
            refuse_copies_of_splits(self._root, of)
            refuse_sets_of_splits(self._root, of)
            return self._of.splits
        if self._splits_without_classes() and not labelled:
            raise self._unlabelled()
        if splits_below(self._tree, self._base, self._of.full):
            if whole_sets(self._tree, self._base, self._of.full):
                raise self._several_sets()
            return self._of.class_first
        return self._folders_of_classes()

    def _folders_of_classes(self) -> Reading:
        """A folder for each class, unless something tells that the folders are no classes."""
        tree, base, full = self._tree, self._base, self._of.full
        if all(map(_OF_A_CAMERA.fullmatch, full)):
            raise self._camera_folders()
        if sets := divided(tree, base):
            if len(sets) == len(full) > 1:
                raise self._several_sets()
            beside = beside_other_files(tree, [joined(base, sets[0])])
            detection = beside and only_pictures(sets[:1])
            raise self._detection(sets[0], beside) if detection else self._divided(sets[0])
        if self._of.once_more:
            raise self._once_more(self._of.once_more[0])
        if same_names_below(tree, base, full) and not groups_below(tree, base, full):
            ways = ways_of_sets(self._root, tree, base, full)
            raise self._ambiguous(self._of.classes, self._of.nested, ways)
        if collections(tree, base, full) or self._one_class_left():
            raise self._ambiguous(self._of.classes, self._of.nested)
        return self._of.classes

    def _splits_without_classes(self) -> bool:
        """Whether folders are named like splits: all exactly, or two alike, `train_images` and `test_images`.

        `train set` and `test tube` are called after other things: they are classes.
        """
        found = self._of.split_folders
        return bool(alike_splits(found)) or (bool(found) and exact_all(self._of.full))

    def _rather_classes(self, labelled: Mapping[str, list[str]], strong: bool) -> bool:
        """Whether names that only contain a split word are those of classes."""
        alike = alike_splits(self._of.split_folders)
        if any(split == "train" and name in labelled for name, split in alike.items()):
            return False
        return not strong and not any(split_of(name) for name in labelled)

    def _vocabularies_meet(self, labelled: Mapping[str, list[str]]) -> bool:
        """Whether two split folders or more hold class folders of the same names, by and large."""
        sets = [set(map(str.casefold, names)) for names in labelled.values()]
        return len({self._of.split_folders[name] for name in labelled}) > 1 and all(
            len(sets[0] & other) * 2 >= min(len(sets[0]), len(other)) for other in sets[1:]
        )

    def _one_class_left(self) -> bool:
        """Whether one class has all the images, and folders that may rather be the classes."""
        return len(self._of.full) == 1 and len(self._tree.full(joined(self._base, self._of.full[0]))) > 1

    def _checked(self, reading: Reading) -> Reading:
        """The reading, unless it leaves out most of the images."""
        self._refuse_other_tasks(reading)
        labelled = {name: self._of.subs(name) for name in self._of.split_folders if self._of.subs(name)}
        if self._of.splits is reading and self._vocabularies_meet(labelled):
            return reading  # splits of one vocabulary are splits, whatever lies beside them
        if reading.left_out * 2 > self._tree.total():
            what = (
                f"{reading.left_out:,} of {self._tree.total():,} images lie outside of the folders of "
                f"classes ({shown(self._tree, reading)})"
            )
            raise AssayError("ambiguous-layout", self._root, what, self._offer())
        return reading

    def _refuse_other_tasks(self, reading: Reading) -> None:
        """Refuse one class called `images` beside folders of other files, as detectors have their labels, and
        classes called `images` and `masks`."""
        names = sorted({place[1] for folder in self._tree.images if (place := reading.place(folder))})
        if pictures_and_masks(names):
            raise self._segmentation(names)
        beside = beside_other_files(self._tree, self._tree.images)
        if len(names) == 1 and only_pictures(names) and beside:
            raise self._detection(names[0], beside)

    def _detection(self, name: str, beside: Iterable[str]) -> AssayError:
        what = (
            f"all images lie in folders called {one_line(name)!r}, beside folders of other files "
            f"({_listed(set(beside))}): this looks like data for object detection"
        )
        return self._other_task(what)

    def _segmentation(self, names: Sequence[str]) -> AssayError:
        what = (
            f"the folders {_listed(names)} are called after pictures and what belongs to them, not after "
            "classes: this looks like data for segmentation"
        )
        return self._other_task(what)

    def _other_task(self, what: str) -> AssayError:
        fix = (
            "Assay gives each picture one class: put the pictures into folders of their classes, or give a "
            f"table of path and label. {self._pictures_alone()}"
            "--layout classes reads the folders as they are."
        )
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _pictures_alone(self) -> str:
        """What to give where the folder of pictures alone can be read."""
        for name in filter(lambda name: only_pictures([name]), self._of.full):
            folder = joined(self._base, name)
            if words := self._of.words_in(folder):
                how = f"the words that its files' names begin with ({_listed(words)})"
            elif len(found := self._tree.full(folder)) > 1:
                how = f"its folders ({_listed(found)})"
            else:
                continue
            return f"Where {how} are the classes, give it alone: {one_line(str(self._root / folder))}. "
        return ""

    def _other_split(self, labelled: Mapping[str, list[str]]) -> str:
        """The option that takes the only other folder, with classes of train, for the test split."""
        train = [
            name for name, split in self._of.split_folders.items() if split == "train" and name in labelled
        ]
        others = [name for name in self._of.full if name not in self._of.split_folders]
        if len(train) != 1 or len(others) != 1 or "test" in self._of.split_folders.values():
            return ""
        if not set(self._of.subs(others[0])) <= set(labelled[train[0]]) or not self._of.subs(others[0]):
            return ""
        return f"--split-names {quote(f'train={train[0]},test={others[0]}')}"

    def _ambiguous(self, one: Reading, other: Reading, third: str = "") -> AssayError:
        ways = " or ".join(f"as {reading.kind}: {shown(self._tree, reading)}" for reading in (one, other))
        what = f"it can be read in two ways, {ways}"
        domains = have_domains(self._tree, self._base, self._of.full, other.classes) and not other.left_out
        deep = self._of.each_folder() if other is self._of.nested and not domains else ""
        more = "".join(f", or {way}" for way in (one_line(third), deep) if way)
        fix = f"Say which is right: --layout {one.kind} or --layout {other.kind}{more}."
        trees = (*as_tree(self._tree, one), *as_tree(self._tree, other))
        return AssayError("ambiguous-layout", self._root, what, fix, trees)

    def _deep(self) -> AssayError:
        reading = self._of.splits
        what = (
            "the folders in those of the splits are called like letters or parts under which classes are "
            f"sorted, and hold folders; as splits: {shown(self._tree, reading)}"
        )
        deep = self._of.each_folder()
        fix = f"Where they are the classes, say --layout splits{f'; {deep}' if deep else ''}."
        return AssayError("ambiguous-layout", self._root, what, fix, tuple(as_tree(self._tree, reading)))

    def _a_level_deeper(self, deeper: Sequence[str], labelled: Mapping[str, list[str]]) -> AssayError:
        name, command = deeper[0], self._of.of_deeper(deeper)
        what = (
            f"the folders of {one_line(name)} ({_listed(labelled[name][:3])}) hold folders of the classes of "
            "the other splits, so they are no classes"
        )
        way = f"this writes a table of all, with these folders as a column: {command}. " if command else ""
        return AssayError(
            "ambiguous-layout", self._root, what, f"{way}--layout splits reads them as classes."
        )

    def _divided(self, name: str) -> AssayError:
        whole = self._root / self._base / name
        what = (
            f"the folder {one_line(name)} holds folders of splits, those beside it none: it is a whole "
            "data set, or one class of several"
        )
        fix = f"Give that set alone, {one_line(str(whole))}, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _several_sets(self) -> AssayError:
        first = self._root / self._base / self._of.full[0]
        what = (
            f"each of the folders {_listed(self._of.full)} holds splits with folders of the same names: "
            "each is a whole data set, such as a fold"
        )
        fix = f"Give one of them, {one_line(str(first))}, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _camera_folders(self) -> AssayError:
        what = f"the folders {_listed(self._of.full)} are named as cameras name them, not after classes"
        fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _once_more(self, name: str) -> AssayError:
        whole = self._root / self._base / name
        what = (
            f"the folder {one_line(name)} holds folders of the names of those beside it: it is the data set "
            "once more, or another version of it, and no class"
        )
        fix = f"Give that set alone, {one_line(str(whole))}, or move it away, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _unlabelled(self) -> AssayError:
        names = ", ".join(map(one_line, list(self._of.split_folders)[:4]))
        what = f"the folders {names} are named like splits and hold images without folders of classes"
        splits = [joined(self._base, name) for name in self._of.full]
        if beside := beside_other_files(self._tree, [self._base, *splits] if self._base else splits):
            like = ", as data for object detection have" if tell_of_objects(beside) else ""
            what += f", beside folders of other files ({_listed(set(beside))}){like}"
        fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
        if way := self._of.splits_and_classes():
            fix = f"{way}. Or say --layout classes, where each folder is a class."
        return AssayError("ambiguous-layout", self._root, what, fix)

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
