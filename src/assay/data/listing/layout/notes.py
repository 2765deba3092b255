"""Notes on a reading of folders: what was decided, what was left out, and what else to type."""

from collections import Counter
from collections.abc import Mapping, Sequence

from assay.core.text import counted, one_line
from assay.data.listing.advice.folder_names import may_be_test
from assay.data.listing.layout.levels import (
    folder_of_groups,
    folders_in,
)
from assay.data.listing.layout.top_folders import TopFolders
from assay.data.listing.names import SPLIT_ORDER, natural_key, split_of
from assay.data.listing.tree import Tree, called_like_groups


def on_base(top: TopFolders) -> list[str]:
    """A note on the folder that all others lie in."""
    return [f"read from {one_line(top.base)}, the only folder with images above it"] if top.base else []


def on_empty_splits(top: TopFolders) -> list[str]:
    """A note on folders of splits without an image: nothing of them is read."""
    some = ", ".join(map(one_line, top.empty_splits))
    return [f"named like a split, but without images: {some}"] if top.empty_splits and top.full else []


def on_other_folders(top: TopFolders) -> list[str]:
    """A note on folders beside those of splits."""
    others = {name: top.tree.total(top.path(name)) for name in top.full}
    shown = [name for name in others if name not in top.split_folders]
    if not shown:
        return []
    told = f"{', '.join(map(one_line, shown[:3]))}{', ...' if len(shown) > 3 else ''}"
    count = counted(sum(others[name] for name in shown), "image lies", "images lie")
    way = may_be_test(top.tree, top.base, top.split_folders, shown)
    return [f"{count} in {told}, beside the folders of splits: left out{way}"]


def on_copies(top: TopFolders) -> list[str]:
    """A note on folders that hold the files of all others once more."""
    return [
        f"{one_line(name)} holds the folders and files of those beside it once more: its "
        f"{top.tree.total(top.path(name)):,} images are left out"
        for name in top.copies
    ]


def on_folders_inside(
    top: TopFolders, classes: Sequence[str], ways: Sequence[str] | None = None
) -> list[str]:
    """A note on folders inside those of classes: they may be the classes, or groups such as patients.

    ways: what else to type; None: the reading of the level below.
    """
    below = {folder: names for folder in classes if len(names := folders_in(top.tree, folder)) > 1}
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
        ways = [] if top.split_folders else [f"--layout nested reads them as the classes{joins}"]
        if shared or top.split_folders or any(top.tree.images[folder] for folder in classes):
            ways += filter(None, [top.each_folder()])
    if not any(top.tree.images[folder] for folder in classes):
        pattern, name = folder_of_groups(top.tree, classes)
        meant = "them" if name in names else f"folders such as {one_line(name)}"
        ways = [
            *ways,
            f"--group-pattern '{pattern}' reads {meant} as groups, such as patients or videos",
        ]
    hint = f" ({'; '.join(ways)})" if ways else ""
    what = f"folders inside the folders of classes are read as parts of the class: {one_line(first)} holds"
    return [f"{what} {shown}{hint}"]


def on_split_names(top: TopFolders) -> list[str]:
    """Notes on folders whose names only contain the word of a split, and on several of one split."""
    odd = [f"{one_line(n)} is {s}" for n, s in top.split_folders.items() if split_of(n) != s]
    twice = Counter(top.split_folders.values())
    joint = [split for split in SPLIT_ORDER if twice[split] > 1]
    how = "as --split-names says" if top.named else "by their names"
    notes = [f"folders taken for splits {how}: {', '.join(odd)}"] if odd else []
    return notes + [f"several folders together are the {split} split" for split in joint]


def on_unlabelled(tree: Tree, starts: Mapping[str, str]) -> list[str]:
    """Notes on images that lie in the folder of a split itself.

    starts: the folder that those of the classes lie in, by folder of a split.
    """
    return [
        f"{tree.images[start]:,} images lie in {one_line(start)} without the folder of a class: "
        "no labels, so they are left out"
        for start in starts.values()
        if tree.images[start]
    ]
