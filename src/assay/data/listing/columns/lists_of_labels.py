"""Lists that tell the classes of images which lie in no folder of their class, as of ImageNet's val split."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.names import split_of
from assay.data.listing.tree import split_in

_LISTS: Final = (".txt", ".csv", ".tsv", ".lst", ".list")

#: How many lists are looked into, bytes of each, and rows that must name an image and its class.
_LOOKED_INTO: Final = 20
_BYTES: Final = 65_536
_ROWS: Final = 3

#: Bytes of a list without names, which is read whole: a line for each image.
_MOST_BYTES: Final = 16 << 20

#: Usual names of columns, in one word: `ClassId`.
_LABELS: Final = frozenset(name.replace("_", "") for name in LABEL_NAMES)

_MARKS: Final = re.compile(r"[,;\s]+")


def notes_on_lists(
    root: Path,
    files: Iterable[str],
    images: Mapping[str, Sequence[str]],
    places: Mapping[str, tuple[str, str] | None],
) -> list[str]:
    """A note for each folder of a split without classes of which a list gives the classes, with the command
    that moves its images into folders of their classes.

    files: paths below the root. images: names by folder. places: split and class of each folder, as read.
    """
    classes = {place[1] for place in places.values() if place and place[0] == "train"}
    unplaced = {
        folder: names
        for folder, names in images.items()
        if any(map(split_in, folder.split("/")))
        and ((place := places[folder]) is None or place[1] not in classes)
    }
    texts = (name for name in files if name.lower().endswith(_LISTS) and "submission" not in name.lower())
    lists = list(islice(texts, _LOOKED_INTO)) if unplaced else []
    rows = {name: _rows(root / name) for name in lists}
    notes = []
    for folder, names in unplaced.items():
        known = {form for name in names for form in (name, name.rpartition(".")[0])}
        for name in filter(partial(_may_tell, folder), lists):
            if columns := _columns(rows[name], known, classes):
                ending = "" if columns[2] else _ending(names)
                command = _command(root, folder, name, columns[:2], ending, _width(classes))
                what = f"{one_line(name)} gives the classes of images in {one_line(folder)}"
                notes.append(f"{what}; this moves them into folders of their classes: {command}")
                break
        else:
            notes += _on_lists_without_names(root, folder, len(names), lists, classes)
    return notes


def _on_lists_without_names(
    root: Path, folder: str, count: int, lists: Iterable[str], classes: Collection[str]
) -> list[str]:
    """A note on a list of classes, or their numbers, with a line for each image of a folder and no names."""
    for name in filter(partial(_may_tell, folder), lists):
        try:
            text = read_file(root / name, _MOST_BYTES, follow_links=False).decode("utf-8", "replace")
        except AssayError:
            continue  # a hint less
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        distinct = set(lines)
        numbers = all(map(str.isdecimal, distinct)) and len(distinct) <= len(classes)
        if len(lines) == count and len(distinct) > 1 and (numbers or distinct <= set(classes)):
            return [
                f"{one_line(name)} has a line for each of the {count:,} images in {one_line(folder)}, and no "
                "names: it may give their classes, in an order that only its author knows"
            ]
    return []


def _may_tell(folder: str, name: str) -> bool:
    """Whether a list may be one of a folder: it is not called after another split, nor lies in one."""
    *above, file = name.split("/")
    split = next(filter(None, map(split_in, folder.split("/"))), None)
    own = {found for part in (*above, file.rpartition(".")[0]) if (found := split_in(part))}
    return own <= {split}


def _rows(path: Path) -> list[list[str]]:
    try:
        text = read_file(path, _BYTES, follow_links=False).decode("utf-8", "replace")
    except AssayError:
        return []  # a hint more or less
    return [_MARKS.split(line.strip()) for line in text.splitlines()]


def _columns(
    rows: list[list[str]], known: Collection[str], classes: Collection[str]
) -> tuple[int, int, bool] | None:
    """The columns of names and of classes, and whether names have their endings; None where there are none,
    or two that can be the classes."""
    found: dict[int, set[str]] = {}
    for row in rows:
        for at, cell in enumerate(row):
            if cell.rpartition("/")[2] in known:
                found.setdefault(at, set()).add(cell)
    name = max(found, key=lambda at: len(found[at]), default=0)
    count = len(found.get(name, ()))
    hits = [row for row in rows if len(row) > name and row[name].rpartition("/")[2] in known]
    if count < _ROWS or len(hits) > count:  # a number that comes again names no image
        return None
    width, wide = min(map(len, hits)), _width(classes)
    numbers = {str(int(name)) for name in classes} if wide else set()
    may = [
        at
        for at in range(width)
        if at != name and all(row[at] in classes or row[at] in numbers for row in hits)
    ]
    header = [usual_spelling(cell).replace("_", "") for cell in rows[0]]
    usual = [at for at in may if at < len(header) and header[at] in _LABELS]
    chosen = may if len(may) == 1 else usual
    return (name, chosen[0], "." in hits[0][name]) if len(chosen) == 1 else None


def _width(classes: Collection[str]) -> int:
    """How many digits classes have that are numbers with zeros before them, `00003`; else 0."""
    widths = {len(name) if name.isdecimal() else 0 for name in classes}
    zeros = any(name.startswith("0") and len(name) > 1 for name in classes)
    return widths.pop() if len(widths) == 1 and zeros else 0


def _ending(names: Iterable[str]) -> str:
    name = next(iter(names))
    return name[name.rfind(".") :] if "." in name else ""


def _command(root: Path, folder: str, name: str, columns: tuple[int, int], ending: str, width: int) -> str:
    """A line for the shell. A number gets zeros before it up to `width` digits.

    Images in a folder inside that of the split come out of it. A class that would be a path is passed over:
    nothing is moved to another place.
    """
    up = "" if split_of(folder.rpartition("/")[2]) else "../"
    name_at, class_at = (f"${at + 1}" for at in columns)
    label = (
        f'({class_at} ~ /^[0-9]+$/ ? sprintf("%0{width}d", {class_at}) : {class_at})' if width else class_at
    )
    move = f'f="${{f##*/}}"{quote(ending)}; if [ -f "$f" ]; '
    move += f'then mkdir -p -- "{up}$c" && mv -- "$f" "{up}$c/"; fi'
    last = ' ; rmdir "$PWD" 2>/dev/null || true' if up else ""
    return (
        f"(cd {quote(str(root / folder))} && tr -d '\\r' < {quote(str((root / name).absolute()))} | "
        f"awk -F'[,; \\t]+' '{class_at} !~ /^[.]|[/]/ {{print {name_at}, {label}}}' "
        "| "
        f"while read -r f c; do {move}; done{last})"
    )
