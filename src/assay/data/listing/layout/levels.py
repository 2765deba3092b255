"""What the folders below would-be classes tell: whether the classes lie there, or a set once more."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.safe_open import read_file
from assay.data.listing.layout.variants import _COLLECTION
from assay.data.listing.names import split_of
from assay.data.listing.other_tasks import beside_other_files, pictures_and_masks, pictures_with_masks
from assay.data.listing.tree import (
    Tree,
    besides_split,
    called_like_groups,
    joined,
    split_in,
    splits_of,
    words_of,
)

#: Words for what folders of groups lie in, which is no class: where, with what, and how pictures were taken.
_NO_CLASSES: Final = frozenset(
    "camera cam site hospital clinic center centre lab scanner device rgb depth ir nir thermal flow gray "
    "grey color original augmented aug raw processed resized day night session exam".split()
)

#: Would-be classes that share so many names of sub-folders are asked about.
SHARED: Final = 2


#: Words for pictures that have labels, whatever these are: `avec_labels`.
_LABELLED: Final = frozenset("label labels labeled labelled annotated".split())

#: What finds the folder above that of an image.
_FOLDER_ABOVE: Final = "([^/]+)/[^/]+/[^/]+$"

#: Bytes of two files that are compared.
_COMPARED: Final = 65_536

#: `character01`: a word and a number, which tells one of a list.
_NUMBERED: Final = re.compile(r"[^\d]+\d+")


def folders_in(tree: Tree, folder: str) -> list[str]:
    """Names of the folders with images in a folder, looked for below folders that are alone.

    Of those of pictures and of their masks there are none: they part no classes.
    """
    names = tree.full(tree.descended(folder))
    return [] if pictures_and_masks(names) or pictures_with_masks(names) else names


def folder_of_groups(tree: Tree, classes: Sequence[str]) -> tuple[str, str]:
    """A pattern for the folders below classes that are most likely groups, and the name of the first.

    It is the folder of each image or, where those are called alike in most folders (`40X` and `100X` in that
    of every patient), the one above them that is not.
    """
    paths = [
        folder.removeprefix(f"{name}/").split("/")
        for name in classes
        for folder in tree.images
        if folder.startswith(f"{name}/")
    ]
    above = 1
    while all(len(path) > above for path in paths) and _called_alike(paths, above):
        above += 1
    return "([^/]+)" + "/[^/]+" * above + "$", paths[0][-above]


def _called_alike(paths: Sequence[Sequence[str]], above: int) -> bool:
    """Whether the folders at a level, counted from the images, share few names: two or more each."""
    folders = {tuple(path[: len(path) - above + 1]) for path in paths}
    return len({folder[-1] for folder in folders}) * 2 <= len(folders)


def splits_below(tree: Tree, base: str, names: Sequence[str]) -> bool:
    """Whether every would-be class holds the same splits: cat/train, cat/test, dog/train, dog/test."""
    below = [tree.full(joined(base, name)) for name in names]
    return len(names) > 1 and all(
        len(found) > 1 and all(map(split_of, found)) and not tree.images[joined(base, name)]
        for found, name in zip(below, names, strict=True)
    )


def whole_sets(tree: Tree, base: str, names: Iterable[str]) -> bool:
    """Whether the splits inside would-be classes hold folders of the same names, as those of folds do.

    Or those inside each would-be class do, as of two data sets that have classes of their own.
    """
    below = [_names_in_splits(tree, joined(base, name)) for name in names]
    once = Counter(sub for found in below for sub in found)
    if _shared(once):
        return True
    subs = [sub for found in below for sub in found]
    return all(map(_shared, below)) and not called_like_groups(subs)


def _names_in_splits(tree: Tree, folder: str) -> Counter[str]:
    """The folders in those of a folder by their names, and in how many of these each is."""
    splits = [joined(folder, split) for split in tree.full(folder)]
    return Counter(sub.casefold() for split in splits for sub in folders_in(tree, split))


def _shared(names: Counter[str]) -> bool:
    return sum(count > 1 for count in names.values()) >= SHARED


def divided(tree: Tree, base: str) -> list[str]:
    """The would-be classes that hold folders of two splits or more."""
    return [
        name
        for name in tree.classes(base)
        if len({split_of(sub) for sub in tree.classes(tree.descended(joined(base, name)))} - {None}) > 1
    ]


def same_names_below(tree: Tree, base: str, names: Iterable[str]) -> bool:
    """Whether would-be classes hold folders of the same names: either level may be the classes."""
    seen = Counter(sub.casefold() for name in names for sub in set(folders_in(tree, joined(base, name))))
    return sum(count > 1 for count in seen.values()) >= SHARED


def same_names_in_splits(tree: Tree, base: str, splits: Iterable[str], meet: bool) -> list[str]:
    """The splits whose would-be classes hold folders of the same names, no groups: `train/siteA/cat`.

    meet: whether the splits share their would-be classes. Then these are the classes, unless all splits share
    names below them, too: each has patients of its own, or one has nothing below.
    """
    starts = {name: tree.descended(joined(base, name)) for name in splits}
    below = [
        {sub.casefold() for one in tree.full(start) for sub in folders_in(tree, joined(start, one))}
        for start in starts.values()
    ]
    if meet and not set.intersection(*below):
        return []
    return [
        name
        for name, start in starts.items()
        if same_names_below(tree, start, tree.full(start)) and not groups_below(tree, start, tree.full(start))
    ]


def groups_below(tree: Tree, base: str, names: Sequence[str]) -> bool:
    """Whether all folders in would-be classes are called like groups, as videos, and these are not."""
    below = [sub for name in names for sub in folders_in(tree, joined(base, name))]
    above = frozenset[str]().union(*map(words_of, names))
    doubtful = any(sign.isdigit() for name in names for sign in name) or not above.isdisjoint(_NO_CLASSES)
    return called_like_groups(below) and not called_like_groups(names) and not doubtful


def collections(tree: Tree, base: str, names: Sequence[str]) -> bool:
    """Whether a would-be class that holds folders is called after a lot of pictures, or all are letters under
    which folders are sorted: `data_large/a`, `colon_image_sets/colon_aca`, `a/abbey`."""
    return called_after_parts(tree, base, names) or sorted_by_letter(tree, base, names)


def called_after_parts(tree: Tree, base: str, names: Sequence[str]) -> bool:
    """Whether a would-be class that holds folders is called after a lot of pictures, or labelled ones."""
    return any(
        words_of(name) & (_COLLECTION | _LABELLED)
        for name in names
        if len(folders_in(tree, joined(base, name))) > 1
    )


def deep_splits(tree: Tree, base: str, splits: Iterable[str]) -> bool:
    """Whether the folders in one of a split are letters or parts of a set, with folders in them."""
    starts = [tree.descended(joined(base, name)) for name in splits]
    return any(collections(tree, start, tree.full(start)) for start in starts)


def have_domains(tree: Tree, base: str, names: Iterable[str], below: Sequence[str]) -> bool:
    """Whether folders hold classes of the same names, `below`: `sketch/cat`, `photo/cat`.

    Names such as `character01`, the same in each alphabet, are no names of classes.
    """
    return same_names_below(tree, base, names) and not all(map(_NUMBERED.fullmatch, below))


def sorted_by_letter(tree: Tree, base: str, names: Sequence[str]) -> bool:
    """Whether all of some folders are letters, and what they hold begins with them: `a/abbey`, `b/beach`."""
    below = [(name, tree.full(joined(base, name))) for name in names]
    return any(len(subs) > 1 for _, subs in below) and all(
        len(name) == 1 and bool(subs) and all(sub.casefold().startswith(name.casefold()) for sub in subs)
        for name, subs in below
    )


def _images_by_name(tree: Tree, folder: str) -> frozenset[tuple[str, int]]:
    """The folders in a folder by their names, and how many images each has: alike in versions of a set."""
    return frozenset((sub.casefold(), tree.total(joined(folder, sub))) for sub in tree.full(folder))


def ways_of_sets(root: Path, tree: Tree, base: str, names: Sequence[str]) -> str:
    """What to type where folders with folders of the same names may be two splits, groups, or versions."""
    sets = [joined(base, name) for name in names]
    ways = [f"one of these folders alone, {root / sets[0]}"]
    if not any(tree.full(joined(folder, sub)) for folder in sets for sub in tree.full(folder)):
        alike = len({_images_by_name(tree, folder) for folder in sets}) == 1
        but = "; not where they hold the same pictures in several versions" if alike else ""
        meant = f"groups, such as patients or sites{but}"
        ways.append(f"--layout nested --group-pattern '{_FOLDER_ABOVE}' ({meant})")
    large, small = (sorted(names, key=lambda name: -tree.total(joined(base, name))) * 2)[:2]
    if len(sets) == 2 and tree.total(joined(base, small)) < tree.total(joined(base, large)):
        split = "validation" if split_in(small) == "validation" else "test"
        ways.append(f"--split-names {quote(f'train={large},{split}={small}')}")
    return ", or ".join(ways)


def alike_splits(names: Iterable[str]) -> dict[str, str]:
    """The folders of train and of another split that are called alike otherwise, with their splits."""
    found = splits_of(names)
    trains = {besides_split(name) for name, split in found.items() if split == "train"}
    others = {besides_split(name) for name, split in found.items() if split != "train"}
    return {name: split for name, split in found.items() if besides_split(name) in trains & others}


def folders_of_names(tree: Tree, base: str) -> dict[str, str]:
    """The folders, with their splits, where files' names may tell the classes: those of splits, or one of all
    images, beside no folders of other files."""
    full = tree.full(base)
    splits = {name: split for name in full if (split := split_of(name))}
    splits = splits if len(splits) == len(full) else alike_splits(full)
    if splits or not full:
        starts = {tree.descended(joined(base, name)): split for name, split in splits.items()}
        return (starts or {base: "train"}) if len(splits) == len(full) else {}
    folder = joined(base, full[0])
    alone = tree.images[folder] == tree.total() and not beside_other_files(tree, [folder])
    return {folder: "train"} if alone else {}


def sets_once_more(tree: Tree, base: str) -> list[str]:
    """The folders that hold folders of the names of those beside them: `cat`, `dog`, `all/cat`, `all/dog`."""
    names = tree.full(base)
    if len(names) <= SHARED:
        return []
    found = []
    for name in names:
        others = {other.casefold() for other in names if other != name}
        shared = others & {sub.casefold() for sub in folders_in(tree, joined(base, name))}
        if len(shared) >= SHARED and len(shared) * 2 >= len(others):
            found.append(name)
    return found


def is_copy(root: Path, tree: Tree, base: str, name: str, files: Callable[[str], Sequence[str]]) -> bool:
    """Whether each file of a set also lies in the folders beside it, by its name and its first bytes.

    files: names of the images in a folder.
    """
    start = tree.descended(joined(base, name))
    beside = {other.casefold(): other for other in tree.full(base) if other != name}
    inside = [folder for folder in tree.images if folder.startswith(f"{start}/")]
    if sum(tree.images[folder] for folder in inside) < tree.total(joined(base, name)):
        return False
    for folder in inside:
        top, sign, rest = folder[len(start) + 1 :].partition("/")
        other = joined(base, f"{beside.get(top.casefold())}{sign}{rest}")
        if not set(files(folder)) <= set(files(other)):
            return False
        if not all(_begin_alike(root / folder / file, root / other / file) for file in files(folder)):
            return False
    return True


def _begin_alike(one: Path, other: Path) -> bool:
    try:
        return read_file(one, _COMPARED) == read_file(other, _COMPARED)
    except AssayError:
        return False  # it cannot be seen that they are copies, so both are asked about
