"""Labels of images in a folder for each split, told by a list of text in each: `train/labels.txt`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.exported.in_splits import KNOWN_CODE, by_depth, files_of_split, folders_of_splits
from assay.data.listing.exported.record_fields import are_labels
from assay.data.listing.names import SPLIT_ORDER
from assay.data.listing.tree import joined

_ENDINGS: Final = (".txt", ".lst", ".list")

#: How many lists are looked into for each split, and rows that must name an image, with their share.
_LOOKED_INTO: Final = 5

#: More files of a split are one for each image, as boxes are; their numbers may be names of images, too.
_TOGETHER: Final = 20
_ROWS: Final = 3
_SHARE: Final = 0.9

#: The name of an image and what stands behind it; a box and its class, as Roboflow writes for Keras.
_PARTED: Final = r"[,;\s]+"
_BOXES: Final = re.compile(r"(\d+,){4}\d+(\s+(\d+,){4}\d+)*")

#: Python for the label in what stands behind a name, `r`: all of it, or the number of all boxes.
_WHOLE: Final = "r.strip()"
_OF_BOXES: Final = '(lambda c:c.pop() if len(c)==1 else "")({b.rpartition(",")[2] for b in r.split()})'


def hints_on_lists_of_splits(
    root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]
) -> list[str]:
    """A hint on a list for the images of each split, with the command for a table.

    images: names by folder, each folder of a split. files: paths of all that lies below the root.
    """
    folders = folders_of_splits(images)
    texts = [name for name in by_depth(files) if name.lower().endswith(_ENDINGS)] if folders else []
    found: dict[str, str] = {}
    label, columns = "", None
    for split in sorted(folders, key=SPLIT_ORDER.index):
        names = {
            form for folder in folders[split] for name in images[folder] for form in _forms(folder, name)
        }
        lists = files_of_split(split, texts, _ENDINGS)
        for name in lists[:_LOOKED_INTO]:
            lines = lines_of(root / name)
            beside = [] if columns else _beside(lines, names)
            label = label or _label(beside)
            if not (columns or label) and len(lists) <= _TOGETHER:
                columns = _columns(lines, names)
            if columns and _has(lines, names, columns):
                found[split] = name
                break
            if beside and label and (label == _OF_BOXES) == _are_boxes(beside):
                found[split] = name  # of other splits than train there may be too few to tell labels
                break
        if "train" not in found:
            return []  # it comes first
    if not found:
        return []
    told = [[split, found[split], folders[split]] for split in SPLIT_ORDER if split in found]
    cells = f"{label},s"
    names_and_more = f're.sub(r"{_PARTED}","\\t",l.strip(),count=1).partition("\\t")'
    if columns:
        cells = ",".join([*(f"c[{number}]" for number in (columns.label, *columns.others)), "s"])
        line = f're.split(r"{_PARTED}",l.strip())'
        names_and_more = f"(c[{columns.image}],0,c) for c in [{line}] if len(c)=={columns.count}"
    rows = (
        f"((f.as_posix(),{cells}) for s,t,p in {dumps(told)} for m in [B(p)]"
        f' for l in open(t,encoding="utf-8-sig")'
        f" for k,_,{'c' if columns else 'r'} in [{names_and_more}]"
        ' for f in [m.get(k.removeprefix("./"))] if f)'
    )
    paths = [joined(folder, name) for split in found for folder in folders[split] for name in images[folder]]
    others = columns.others if columns else []
    header = ("file_name", "label", *(f"column{n + 1}" for n in others), "split")
    command = Images(root, paths).command(KNOWN_CODE, rows, header)
    shown = ", ".join(one_line(name) for name in found.values())
    rest = ", ".join(split for split in folders if split not in found)
    lacks = f" (nothing tells those of {rest})" if rest else ""
    where = f", in column {columns.label + 1}" if columns else ""
    return [f"{shown} may give the classes{where}{lacks}: this writes a table of them: {command}"]


@dataclass(frozen=True)
class _Columns:
    """A list of columns, so many: which of them names the images, and which may be their labels."""

    count: int
    image: int
    label: int

    @property
    def others(self) -> list[int]:
        """The columns that are neither."""
        return [number for number in range(self.count) if number not in (self.image, self.label)]


def _columns(lines: Sequence[str], names: set[str]) -> _Columns | None:
    """What the columns of a list are that does not begin with names: `patient name class source`, as COVIDx
    has it. Of several that may be labels the first behind the name counts."""
    rows = [re.split(_PARTED, line) for line in lines]
    count = len(rows[0]) if rows else 0
    for image in range(1, count):
        if not _has(lines, names, _Columns(count, image, 0)):
            continue
        whole = [row for row in rows if len(row) == count]
        order = [*range(image + 1, count), *range(image)]
        label = next((n for n in order if are_labels([row[n] for row in whole])), None)
        return None if label is None else _Columns(count, image, label)
    return None


def _has(lines: Sequence[str], names: set[str], columns: _Columns) -> bool:
    """Whether a column of a list names images."""
    rows = [re.split(_PARTED, line) for line in lines]
    known = [len(row) == columns.count and row[columns.image].removeprefix("./") in names for row in rows]
    return sum(known) >= max(_ROWS, _SHARE * len(lines))


def _forms(folder: str, name: str) -> tuple[str, ...]:
    return joined(folder, name), name, PurePosixPath(name).stem


def _beside(lines: Sequence[str], names: set[str]) -> list[str]:
    """What stands behind the names of images in some lines; nothing where these do not name images."""
    parted = [re.sub(_PARTED, "\t", line, count=1).partition("\t") for line in lines]
    known = [rest.strip() for name, _, rest in parted if name.removeprefix("./") in names]
    return known if len(known) >= max(_ROWS, _SHARE * len(lines)) and any(known) else []


def _label(beside: Sequence[str]) -> str:
    """Python for the label in what stands behind the names; empty where that is none."""
    if _are_boxes(beside):
        one = [kinds.pop() for text in beside if len(kinds := set(_kinds(text))) == 1]
        return _OF_BOXES if len(one) >= _SHARE * len(beside) and len(set(one)) > 1 else ""
    return _WHOLE if are_labels(beside) else ""


def _are_boxes(beside: Sequence[str]) -> bool:
    return all(map(_BOXES.fullmatch, filter(None, beside)))


def _kinds(boxes: str) -> list[str]:
    return [box.rpartition(",")[2] for box in boxes.split()]
