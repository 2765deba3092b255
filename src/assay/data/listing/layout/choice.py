"""Which folders of a tree are splits, and which are classes: one set of rules, told in docs/data.md.

Where two readings are possible and one would be wrong in silence, nothing is read: the error shows both.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.deep_folders import deeper_splits
from assay.data.listing.layout.levels import (
    alike_splits,
    collections,
    deep_splits,
    divided,
    groups_below,
    same_names_below,
    same_names_in_splits,
    splits_below,
    ways_of_sets,
    whole_sets,
)
from assay.data.listing.layout.readings import Reading, Readings
from assay.data.listing.layout.refusals import Refusals
from assay.data.listing.layout.shown import shown
from assay.data.listing.layout.top_folders import TopFolders
from assay.data.listing.layout.variants import refuse_copies_of_splits, refuse_sets_of_splits
from assay.data.listing.names import split_of
from assay.data.listing.other_tasks import (
    beside_other_files,
    only_pictures,
    pictures_and_masks,
)
from assay.data.listing.tree import Tree, besides_split, exact_all, has_split_word, joined
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
    return _Choice(root, TopFolders(tree, split_names, file_names, None if layout else root)).made(layout)


class _Choice:
    """The choice among the readings of one tree."""

    def __init__(self, root: Path, top: TopFolders) -> None:
        self._root, self._top, self._readings = root, top, Readings(top)
        self._tree, self._base = top.tree, top.base
        self._refusals = Refusals(root, top, self._readings)

    def made(self, layout: Kind | None) -> Reading:
        """The reading that was asked for, or the only one that can be meant."""
        if self._top.named:
            missing = [name for name in self._top.named if name not in self._top.full]
            if missing:
                fix = f"There are: {', '.join(map(one_line, self._top.full)) or 'none'}."
                what = f"no folder with images is called {missing[0]!r}"
                raise AssayError("bad-value", "--split-names", what, fix)
            return self._readings.splits
        if layout is not None:
            return self._as_asked(layout)
        if named := self._readings.by_file_names():
            return named
        if not self._top.full:
            raise self._refusals.no_image()
        return self._checked(self._chosen())

    def _as_asked(self, layout: Kind) -> Reading:
        of = self._readings
        reading = {"classes": of.classes, "splits": of.splits, "nested": of.nested}[layout]
        if self._tree.total() and not of.placed(reading):
            raise AssayError(
                "bad-value", "--layout", f"read as {layout}, no image has a class", self._refusals.offer()
            )
        return reading

    def _chosen(self) -> Reading:
        """The reading by the rules, from splits to classes."""
        if pictures_and_masks(self._top.full):
            raise self._refusals.segmentation(self._top.full)
        labelled = self._top.labelled_splits
        exact = [name for name in labelled if split_of(name)]
        strong = self._vocabularies_meet()
        alike = labelled.keys() & alike_splits(self._top.split_folders).keys()
        if labelled and (exact or strong or alike) and not self._rather_classes(strong):
            if not strong and self._readings.splits.left_out > _LEFT_OUT * self._tree.total():
                raise self._refusals.classes_or_splits()
            if deeper := deeper_splits(self._tree, self._base, labelled):
                raise self._refusals.classes_a_level_deeper(deeper)
            if deep_splits(self._tree, self._base, labelled):
                raise self._refusals.deep_splits()
            if alike_below := same_names_in_splits(self._tree, self._base, labelled, strong):
                raise self._refusals.same_names_in_splits(alike_below[0])
            of = {name: self._top.split_folders[name] for name in labelled}
            refuse_copies_of_splits(self._root, of)
            refuse_sets_of_splits(self._root, of)
            return self._readings.splits
        if self._splits_without_classes() and not labelled:
            raise self._refusals.splits_without_classes()
        if splits_below(self._tree, self._base, self._top.full):
            if whole_sets(self._tree, self._base, self._top.full):
                raise self._refusals.several_sets()
            return self._readings.class_first
        return self._folders_of_classes()

    def _folders_of_classes(self) -> Reading:
        """A folder for each class, unless something tells that the folders are no classes."""
        tree, base, full = self._tree, self._base, self._top.full
        if all(map(_OF_A_CAMERA.fullmatch, full)):
            raise self._refusals.camera_folders()
        if sets := divided(tree, base):
            if len(sets) == len(full) > 1:
                raise self._refusals.several_sets()
            beside = beside_other_files(tree, [joined(base, sets[0])])
            if beside and only_pictures(sets[:1]):
                raise self._refusals.detection(sets[0], beside)
            raise self._refusals.set_among_classes(sets[0])
        if self._top.once_more:
            raise self._refusals.set_once_more(self._top.once_more[0])
        if same_names_below(tree, base, full) and not groups_below(tree, base, full):
            ways = ways_of_sets(self._root, tree, base, full)
            raise self._refusals.two_readings(self._readings.classes, self._readings.nested, ways)
        if collections(tree, base, full) or self._one_class_left():
            raise self._refusals.two_readings(self._readings.classes, self._readings.nested)
        self._top.refuse_folders_apart()
        return self._readings.classes

    def _splits_without_classes(self) -> bool:
        """Whether folders are named like splits: all exactly, or by words for splits alone as in
        `train+validation`, or two alike, `train_images` and `test_images`.

        `train set` and `test tube` are called after other things: they are classes.
        """
        found, full = self._top.split_folders, self._top.full
        only_splits = len(full) > 1 and all(has_split_word(n) and not besides_split(n) for n in full)
        return bool(alike_splits(found)) or (bool(found) and exact_all(full)) or only_splits

    def _rather_classes(self, strong: bool) -> bool:
        """Whether names that only contain a split word are those of classes."""
        labelled, alike = self._top.labelled_splits, alike_splits(self._top.split_folders)
        if any(split == "train" and name in labelled for name, split in alike.items()):
            return False
        return not strong and not any(split_of(name) for name in labelled)

    def _vocabularies_meet(self) -> bool:
        """Whether two split folders or more hold class folders of the same names, by and large."""
        labelled = self._top.labelled_splits
        sets = [set(map(str.casefold, names)) for names in labelled.values()]
        return len({self._top.split_folders[name] for name in labelled}) > 1 and all(
            len(sets[0] & other) * 2 >= min(len(sets[0]), len(other)) for other in sets[1:]
        )

    def _one_class_left(self) -> bool:
        """Whether one class has all the images, and folders that may rather be the classes."""
        return len(self._top.full) == 1 and len(self._tree.full(joined(self._base, self._top.full[0]))) > 1

    def _checked(self, reading: Reading) -> Reading:
        """The reading, unless it leaves out most of the images."""
        self._refuse_other_tasks(reading)
        if self._readings.splits is reading and self._vocabularies_meet():
            return reading  # splits of one vocabulary are splits, whatever lies beside them
        if reading.left_out * 2 > self._tree.total():
            what = (
                f"{reading.left_out:,} of {self._tree.total():,} images lie outside of the folders of "
                f"classes ({shown(self._tree, reading)})"
            )
            raise AssayError("ambiguous-layout", self._root, what, self._refusals.offer())
        return reading

    def _refuse_other_tasks(self, reading: Reading) -> None:
        """Refuse one class called `images` beside folders of other files, as detectors have their labels, and
        classes called `images` and `masks`."""
        names = sorted({place[1] for folder in self._tree.images if (place := reading.place(folder))})
        if pictures_and_masks(names):
            raise self._refusals.segmentation(names)
        beside = beside_other_files(self._tree, self._tree.images)
        if len(names) == 1 and only_pictures(names) and beside:
            raise self._refusals.detection(names[0], beside)
