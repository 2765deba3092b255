"""The folders of a tree that are splits or classes: where they lie, and what is known of them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

from assay.data.listing.advice.deep_folders import below_others, each_folder, of_deeper_splits
from assay.data.listing.advice.folder_names import split_and_class
from assay.data.listing.layout.folders_apart import Apart, folders_apart
from assay.data.listing.layout.levels import (
    called_after_parts,
    is_copy,
    sets_once_more,
)
from assay.data.listing.names import split_of
from assay.data.listing.tree import Tree, is_of_a_program, joined, label_in, leave_class_open, splits_of


class TopFolders:
    """The folders of a tree that are splits or classes, and what is known of them.

    base: the folder that they lie in. copies: those that hold the others once more, by their files.
    once_more: those that do by the names of their folders alone. named: the splits that the user gave, by
    folder.
    """

    def __init__(
        self,
        tree: Tree,
        split_names: Mapping[str, str] | None,
        file_names: Callable[[str], list[str]] | None,
        root: Path | None = None,
    ) -> None:
        self.tree, self._files, self._root = tree, file_names, root
        self.named = {folder: split for split, folder in (split_names or {}).items()}
        self.base = self._common_folder()
        self.copies: list[str] = []
        once_more = sets_once_more(tree, self.base)
        if root and file_names and not self.named:
            self.copies = [n for n in once_more if is_copy(root, tree, self.base, n, file_names)]
        self.once_more = [name for name in once_more if name not in self.copies]

    def _common_folder(self) -> str:
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
    def labelled_splits(self) -> dict[str, list[str]]:
        """The class folders of each split folder that has some."""
        return {name: subs for name in self.split_folders if (subs := self.subs(name))}

    @cached_property
    def empty_splits(self) -> list[str]:
        """The folders that are named after a split and hold no image."""
        return [n for n in self.tree.classes(self.base) if split_of(n) and not self.tree.total(self.path(n))]

    def path(self, name: str) -> str:
        """The path of one of the folders."""
        return joined(self.base, name)

    def subs(self, name: str) -> list[str]:
        """The class folders of a split folder."""
        return self.tree.full(self.tree.descended(self.path(name)))

    def parts(self, folder: str) -> list[str]:
        """The parts of a folder's path below the base; none for folders that lie elsewhere."""
        if self.base and not folder.startswith(f"{self.base}/"):
            return []
        inside = folder[len(self.base) + 1 :] if self.base else folder
        return inside.split("/") if inside else []

    def words_in(self, folder: str) -> list[str]:
        """The words that the names of a folder's images begin with, where these may be classes: none where an
        image lacks one, a camera gave them, or they leave open which part of them is the class."""
        if self._files is None or not self.tree.images[folder]:
            return []
        words = [label_in(name) for name in self._files(folder)]
        counts = Counter(word for word in words if word)
        if counts.total() < len(words) or any(count < 2 for count in counts.values()):
            return []
        return [] if any(map(is_of_a_program, counts)) or leave_class_open(counts) else list(counts)

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

    def below_folders_in_splits(self) -> str:
        """The command for a table where the classes lie below other folders in those of splits; or empty."""
        names = list(self.labelled_splits)
        if self._root is None or self._files is None:
            return ""
        if any(self.tree.descended(self.path(name)) != self.path(name) for name in names):
            return ""
        splits = {name: self.split_folders[name] for name in names}
        return below_others(self._root, self.tree, self._files, self.base, splits)

    def splits_and_classes(self) -> str:
        """What to type where each folder is called after a split and a class, `cats_train`; or empty."""
        if self._root is None or self._files is None:
            return ""
        return split_and_class(self._root, self.tree, self._files, self.base, self.split_folders)

    def refuse_folders_apart(self) -> None:
        """Raise AssayError where some folders are called after splits or masks, beside those of classes."""
        if self._root is not None and self._files is not None:
            folders_apart(self._root, self.tree, self.base, self.full, self._files).refuse()

    def others_as_train(self) -> str:
        """What to type where the folders beside those of splits with classes may be train; or empty."""
        labelled = self.labelled_splits
        if self._root is None or self._files is None or "train" in self.split_folders.values():
            return ""
        others = [name for name in self.full if name not in labelled]
        splits = {name: self.split_folders[name] for name in labelled}
        return Apart(self._root, self.tree, self.base, others, splits, self._files).with_classes()
