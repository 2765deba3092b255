"""Why a tree of folders is not read: each refusal with what was found, both readings, and what to type."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.layout.levels import (
    have_domains,
)
from assay.data.listing.layout.readings import Reading, Readings
from assay.data.listing.layout.shown import as_tree, shown
from assay.data.listing.layout.top_folders import TopFolders
from assay.data.listing.names import natural_key
from assay.data.listing.other_tasks import (
    beside_other_files,
    only_pictures,
    tell_of_objects,
)
from assay.data.listing.tree import besides_split, has_split_word, joined


class Refusals:
    """The errors of one tree, of code `ambiguous-layout` where no other is named."""

    def __init__(self, root: Path, top: TopFolders, readings: Readings) -> None:
        self._root, self._top, self._readings = root, top, readings
        self._tree, self._base = top.tree, top.base

    def detection(self, name: str, beside: Iterable[str]) -> AssayError:
        """One class called after pictures, beside folders of other files: data for object detection."""
        what = (
            f"all images lie in folders called {one_line(name)!r}, beside folders of other files "
            f"({_listed(set(beside))}): this looks like data for object detection"
        )
        return self._other_task(what)

    def segmentation(self, names: Sequence[str]) -> AssayError:
        """Classes called after pictures and their masks: data for segmentation."""
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
        for name in filter(lambda name: only_pictures([name]), self._top.full):
            folder = joined(self._base, name)
            if words := self._top.words_in(folder):
                how = f"the words that its files' names begin with ({_listed(words)})"
            elif len(found := self._tree.full(folder)) > 1:
                how = f"its folders ({_listed(found)})"
            else:
                continue
            return f"Where {how} are the classes, give it alone: {one_line(str(self._root / folder))}. "
        return ""

    def _other_split(self) -> str:
        """The option that takes the only other folder, with classes of train, for the test split."""
        labelled, splits = self._top.labelled_splits, self._top.split_folders
        train = [name for name in labelled if splits[name] == "train"]
        others = [name for name in self._top.full if name not in self._top.split_folders]
        if len(train) != 1 or len(others) != 1 or "test" in self._top.split_folders.values():
            return ""
        if not set(self._top.subs(others[0])) <= set(labelled[train[0]]) or not self._top.subs(others[0]):
            return ""
        return f"--split-names {quote(f'train={train[0]},test={others[0]}')}"

    def classes_or_splits(self) -> AssayError:
        """Folders of splits beside others with many images."""
        way = self._other_split() or self._top.others_as_train()
        return self.two_readings(self._readings.classes, self._readings.splits, way)

    def two_readings(self, one: Reading, other: Reading, third: str = "") -> AssayError:
        """Two readings that both may be meant. third: another option that may be the right one."""
        ways = " or ".join(f"as {reading.kind}: {shown(self._tree, reading)}" for reading in (one, other))
        what = f"it can be read in two ways, {ways}"
        domains = have_domains(self._tree, self._base, self._top.full, other.classes) and not other.left_out
        deep = self._top.each_folder() if other is self._readings.nested and not domains else ""
        more = "".join(f", or {way}" for way in (one_line(third), deep) if way)
        fix = f"Say which is right: --layout {one.kind} or --layout {other.kind}{more}."
        trees = (*as_tree(self._tree, one), *as_tree(self._tree, other))
        return AssayError("ambiguous-layout", self._root, what, fix, trees)

    def deep_splits(self) -> AssayError:
        """Folders in those of splits that are letters or parts, and hold folders that may be the classes."""
        reading = self._readings.splits
        what = (
            "the folders in those of the splits are called like letters or parts under which classes are "
            f"sorted, and hold folders; as splits: {shown(self._tree, reading)}"
        )
        deep = self._top.each_folder()
        fix = f"Where they are the classes, say --layout splits{f'; {deep}' if deep else ''}."
        return AssayError("ambiguous-layout", self._root, what, fix, tuple(as_tree(self._tree, reading)))

    def same_names_in_splits(self, name: str) -> AssayError:
        """Folders in that of a split, each with folders of the same names: either may be the classes."""
        start = self._tree.descended(self._top.path(name))
        above = self._tree.full(start)
        below = sorted({sub for one in above for sub in self._tree.full(joined(start, one))}, key=natural_key)
        what = (
            f"the folders in {one_line(name)} ({_listed(above)}) hold folders of the same names "
            f"({_listed(below)}): either may be the classes"
        )
        way = f"where these are, {command}; " if (command := self._top.below_folders_in_splits()) else ""
        fix = f"Say which is right: {way}--layout splits takes {_listed(above)} for them."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def classes_a_level_deeper(self, deeper: Sequence[str]) -> AssayError:
        """Splits of which some, `deeper`, have the classes a level deeper than the others."""
        name, command = deeper[0], self._top.of_deeper(deeper)
        below = _listed(self._top.labelled_splits[name][:3])
        what = (
            f"the folders of {one_line(name)} ({below}) hold folders of the classes of the other "
            "splits, so they are no classes"
        )
        way = f"this writes a table of all, with these folders as a column: {command}. " if command else ""
        return AssayError(
            "ambiguous-layout", self._root, what, f"{way}--layout splits reads them as classes."
        )

    def set_among_classes(self, name: str) -> AssayError:
        """One folder that holds splits, beside others that hold none."""
        whole = self._root / self._base / name
        what = (
            f"the folder {one_line(name)} holds folders of splits, those beside it none: it is a whole "
            "data set, or one class of several"
        )
        fix = f"Give that set alone, {one_line(str(whole))}, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def several_sets(self) -> AssayError:
        """Folders that each hold splits of the same classes: whole data sets, such as folds."""
        first = self._root / self._base / self._top.full[0]
        what = (
            f"each of the folders {_listed(self._top.full)} holds splits with folders of the same names: "
            "each is a whole data set, such as a fold"
        )
        fix = f"Give one of them, {one_line(str(first))}, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def camera_folders(self) -> AssayError:
        """Folders named as cameras name them."""
        what = f"the folders {_listed(self._top.full)} are named as cameras name them, not after classes"
        fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def set_once_more(self, name: str) -> AssayError:
        """A folder that holds folders of the names of those beside it."""
        whole = self._root / self._base / name
        what = (
            f"the folder {one_line(name)} holds folders of the names of those beside it: it is the data set "
            "once more, or another version of it, and no class"
        )
        fix = f"Give that set alone, {one_line(str(whole))}, or move it away, or say --layout classes."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def splits_without_classes(self) -> AssayError:
        """Folders of splits whose images lie in no folder of a class."""
        names = ", ".join(map(one_line, self._split_names()[:4]))
        what = f"the folders {names} are named like splits and hold images without folders of classes"
        splits = [joined(self._base, name) for name in self._top.full]
        if beside := beside_other_files(self._tree, [self._base, *splits] if self._base else splits):
            like = ", as data for object detection have" if tell_of_objects(beside) else ""
            what += f", beside folders of other files ({_listed(set(beside))}){like}"
        fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
        if way := self._top.splits_and_classes():
            fix = f"{way}. Or say --layout classes, where each folder is a class."
        return AssayError("ambiguous-layout", self._root, what, fix)

    def _split_names(self) -> list[str]:
        full = self._top.full
        by_words = all(has_split_word(name) and not besides_split(name) for name in full)
        return full if by_words else list(self._top.split_folders)

    def offer(self) -> str:
        """What to type to say how a tree is laid out."""
        return "Say how it is laid out: --layout classes, splits or nested, or --split-names train=A,test=B."

    def no_image(self) -> AssayError:
        """No image in a folder of its class: `too-few-images`."""
        return AssayError(
            "too-few-images",
            self._root,
            "no image lies in a folder of its class",
            "Lay images out as CLASS/IMAGE or train/CLASS/IMAGE and test/CLASS/IMAGE, or give a table.",
        )


def _listed(names: Iterable[str], most: int = 3) -> str:
    return ", ".join(map(one_line, sorted(names, key=natural_key)[:most]))
