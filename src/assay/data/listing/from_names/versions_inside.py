"""Folders inside those of classes: the same pictures again, `cat/small/1.png` of `cat/1.png`, or others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.listing.advice.label_tables import table_command, then_give
from assay.data.listing.names import folded, natural_key, says_no_label

#: Names that are looked at in a folder, and the share of them that must be those of pictures above.
_FEWEST: Final = 3
_SHARE: Final = 0.9

#: Folders of versions, and of the classes that must have one of this name.
_CLASSES: Final = 2


def refuse_versions_inside(
    root: Path, images: Mapping[str, Sequence[str]], label: str, option: str, split: bool
) -> None:
    """Raise AssayError `ambiguous-layout` where folders of one name, in two classes or more, hold images
    of the names of those above: smaller, cut, or in gray. Joined, each would be there twice.

    label: Python for the class of an image by its folders, or empty. option: what reads all as they are.
    split: whether there are splits.
    """
    found: dict[str, list[str]] = {}
    for folder, names in images.items():
        above, _, name = folder.rpartition("/")
        if above in images and above and _are_those(names, images[above]):
            found.setdefault(name, []).append(folder)
    inner = {name: folders for name, folders in found.items() if len(folders) >= _CLASSES}
    if not inner:
        return
    name, folders = min(inner.items(), key=lambda item: natural_key(item[0]))
    first = min(folders, key=natural_key)
    what = (
        f"the folders {one_line(name)} in those of the classes, {one_line(first)} the first, hold images of "
        "the same names as the folders above: the same pictures once more, or others that are numbered anew"
    )
    endings = {PurePosixPath(file).suffix.lower() for names in images.values() for file in names}
    way = "Move them away"
    if label and not split:
        command = table_command(root, endings, label, f"f.parent.name not in {dumps(sorted(inner))}")
        way = f"This writes a table of the images beside them: {command} ; then give {then_give(root)}"
    raise AssayError(
        "ambiguous-layout", root, what, f"{way}. Or say {option}, where all are images of their own."
    )


def notes_on_folders_inside(
    images: Mapping[str, Sequence[str]], places: Mapping[str, tuple[str, str] | None]
) -> list[str]:
    """A note on folders that lie alone among the images of a class, `cat/rejected` beside `cat/1.png`, or are
    called like another class, `cat/dog`. Several in one class have a note of their own.

    images: names by folder. places: the split and the class of each folder.
    """
    known = {folder: place for folder, place in places.items() if place}
    classes = {folded(label): label for _, label in known.values()}
    inside = {folder: folder.rpartition("/")[0] for folder in known}
    inside = {folder: above for folder, above in inside.items() if known.get(above) == known[folder]}
    many = Counter(inside.values())
    told = []
    for folder in sorted(known, key=natural_key):
        name = folder.rpartition("/")[2]
        other = classes.get(folded(name), known[folder][1])
        like = f", called like the class {one_line(other)}" if other != known[folder][1] else ""
        like = ", called like images without a label" if folder in inside and says_no_label(name) else like
        if like or many[inside.get(folder, "")] == 1:
            told.append(f"{one_line(folder)} ({counted(len(images[folder]), 'image', 'images')}{like})")
    shown = ", ".join(told[:3]) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")
    return [f"folders inside that of a class are read with it: {shown}"] if told else []


def _are_those(names: Sequence[str], above: Sequence[str]) -> bool:
    own = {PurePosixPath(name).stem for name in names}
    both = own & {PurePosixPath(name).stem for name in above}
    return len(own) >= _FEWEST and len(both) >= _SHARE * len(own)
