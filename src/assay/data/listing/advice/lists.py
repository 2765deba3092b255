"""Lists beside the images that name them, with classes or splits: what to type where they count."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from typing import Final

from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.images import Images, stem_of
from assay.data.listing.advice.named_images import (
    FEWEST_ROWS,
    ImageNames,
    first_naming,
    lines_of,
    name_nearly_all,
    ways_named,
)
from assay.data.listing.exported.record_fields import are_labels
from assay.data.listing.exported.several_lists import LabelLists, on_others
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import besides_split, has_split_word, split_in, words_of

_LISTS: Final = (".txt", ".lst", ".list")

#: How many lists are looked into, bytes of each, rows that must name an image, and their share.
_LOOKED_INTO: Final = 50

_OF_LABELS: Final = frozenset({"class", "label", "labels"})

#: Words of lists that tell splits or folds by numbers, and no classes.
OF_ALL_SPLITS: Final = frozenset("split splits fold folds partition partitions subset subsets".split())

#: What the columns of a list hold that tells of each image whether it has something, each column another.
_YES_AND_NO: Final = ({"0", "1"}, {"-1", "1"}, {"-1", "0", "1"})


def command_for_splits(images: Images, lists: Iterable[str], classes: Mapping[str, str]) -> str:
    """The command for a table with the splits that lists tell, where folders give the classes; empty where
    there is none. lists: their paths. classes: the class of each image by its path."""
    label = label_of_folders(classes)
    if not label:
        return ""
    texts = _texts(lists)
    for group in _groups(texts):
        if "train" in group and len(group) > 1 and (found := first_naming(images, list(group.values()))):
            named, _ = found
            told = [(split, group[split]) for split in SPLIT_ORDER if split in group]
            cells = f"f.as_posix(),{label},s"
            return images.command(named.setup, named.rows(cells, told), ("file_name", "label", "split"))
    return _numbered(images, texts, label)


def hints_on_labels(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on lists that give the classes of images in one folder, with the command for a table."""
    texts = _texts(files)
    if command := _numbered(images, texts, ""):  # its numbers may also be names of images
        return [f"numbered lists may give the classes of the images: this writes a table of them: {command}"]
    found = list(label_lists(images, texts))
    if not found:
        return []
    shown = ", ".join(map(one_line, found[0].names))
    told = f"{shown} may give the classes of the images{on_others(found[0], found[1:])}"
    splits = [
        name for name in texts if words_of(stem_of(name)) & OF_ALL_SPLITS and first_naming(images, [name])
    ]
    told += f" ({one_line(splits[0])} may tell their splits, and is not in the table)" if splits else ""
    return [f"{told}: this writes a table of them: {found[0].command}"]


def label_lists(images: Images, files: Iterable[str]) -> Iterator[LabelLists]:
    """The lists that name images with a class each: those of all splits together, or one alone."""
    found = list(_label_lists(images, files))
    yes_or_no = [one for one in found if {label for _, label in one.pairs} in _YES_AND_NO[1:]]
    # Several of them are one for each class, as of Pascal VOC: an image may have several.
    yield from (one for one in found if one not in yes_or_no or len(yes_or_no) == 1)


def _label_lists(images: Images, files: Iterable[str]) -> Iterator[LabelLists]:
    texts = [name for name in _texts(files) if not words_of(stem_of(name)) & OF_ALL_SPLITS]
    for group in [*_groups(texts), *({"": name} for name in texts if split_in(stem_of(name)) is None)]:
        ways = (
            (named, rows, label)
            for named, rows in ways_named(images, list(group.values()))
            if (label := _label_beside([beside for _, beside in rows]))
        )
        if (found := next(ways, None)) is None:
            continue
        named, rows, label = found
        told = [(split, group[split]) for split in ("", *SPLIT_ORDER) if split in group]
        columns = ("file_name", "label") if "" in group else ("file_name", "label", "split")
        cells = f"f.as_posix(),{label}{'' if '' in group else ',s'}"
        command = images.command(named.setup, named.rows(cells, told), columns)
        paths = {named.of(path): path for path in images.paths}
        first = label.startswith("r.split")
        pairs = [
            (paths[name], beside.split()[0] if first else beside.strip())
            for name, beside in ((name.lstrip("./"), beside) for name, beside in rows)
            if name in paths and beside.strip()
        ]
        yield LabelLists([name for _, name in told], pairs, command)


def _texts(files: Iterable[str]) -> list[str]:
    names = (name for name in files if name.lower().endswith(_LISTS))
    return sorted(names, key=lambda name: (name.count("/"), natural_key(name)))[:_LOOKED_INTO]


def _groups(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    """Lists that are called alike but for the split: the list of each split."""
    found: defaultdict[tuple[object, ...], dict[str, str]] = defaultdict(dict)
    for name in texts:
        if split := split_in(stem_of(name)):
            digits = tuple(re.findall(r"\d+", stem_of(name)))
            found[name.rpartition("/")[0], besides_split(stem_of(name)), digits].setdefault(split, name)
    yield from found.values()


def label_of_folders(classes: Mapping[str, str]) -> str:
    """Python for the class of an image by its folders; empty where these do not give it."""
    depths = {
        path.split("/").index(label) if label in path.split("/")[:-1] else -1
        for path, label in classes.items()
    }
    depth = depths.pop() if len(depths) == 1 else -1
    return f"f.parts[{depth}]" if depth >= 0 else ""


def _label_beside(beside: Sequence[str]) -> str:
    """Python for the label in what stands beside the names; empty where that is none."""
    if all(re.fullmatch(r"-?\d+(\s+-?\d+)+", text) for text in beside):
        if {number for text in beside for number in text.split()} in _YES_AND_NO:
            return ""  # several labels an image
        return "r.split()[0]" if are_labels([text.split()[0] for text in beside]) else ""
    return "r.strip()" if are_labels([text.strip() for text in beside]) else ""


def _numbered(images: Images, texts: Iterable[str], label: str) -> str:
    """The command for lists that are joined by a number: `7 cat/1.jpg`, `7 0`; empty where there are none.

    label: Python for the class of an image, `f`; empty: a list called after classes or labels must give it.
    """
    pairs = {name: rows for name in texts if (rows := _pairs(images, name))}
    for names, rows in pairs.items():
        first = next(iter(rows.values()))
        named = ImageNames(first.count("/") + 1, first.lower().endswith(tuple(FORMAT_BY_NAME)), "whole")
        known = set(map(named.of, images.paths))
        if len(known) < len(images.paths) or not name_nearly_all(
            [(path, "") for path in rows.values()], known
        ):
            continue
        beside = {
            name: other for name, other in pairs.items() if name != names and other.keys() >= rows.keys()
        }
        split = next((name for name, other in beside.items() if _tells_splits(name, other.values())), "")
        of_labels = [name for name in beside if words_of(stem_of(name)) & _OF_LABELS]
        labels = next((name for name in of_labels if are_labels([beside[name][n] for n in rows])), "")
        if label and split:
            return _joined(images, named, [names, split], label, split)
        if not label and labels:
            lists = [names, *([split] if split else []), labels]
            return _joined(images, named, lists, "d[-1][i].strip()", split)
    return ""


def _pairs(images: Images, name: str) -> dict[str, str]:
    """What stands behind the number of each line; empty where lines are no pairs, or numbers come twice."""
    rows = [line.split(None, 1) for line in lines_of(images.root / name)]
    whole = all(len(row) == len(("number", "text")) and row[0].isdecimal() for row in rows)
    found = dict(rows) if whole and len(rows) >= FEWEST_ROWS else {}
    return found if len(found) == len(rows) else {}


def _tells_splits(name: str, cells: Iterable[str]) -> bool:
    return has_split_word(stem_of(name)) and set(cells) == {"0", "1"}


def _joined(images: Images, named: ImageNames, lists: Sequence[str], label: str, split: str) -> str:
    """The command for a list of names, the first, and others of the same numbers."""
    setup = (
        f'd=[dict(l.split(None,1) for l in open(t,encoding="utf-8-sig") if l.strip())'
        f" for t in {dumps(lists)}];"
    )
    cells = f"f.as_posix(),{label}" + (',"train" if d[1][i].strip()=="1" else "test"' if split else "")
    rows = f'(({cells}) for i,k in d[0].items() for f in [m.get(k.strip().lstrip("./"))] if f)'
    columns = ("file_name", "label", *(["split"] if split else []))
    told = f"where 1 in {one_line(split)} is train, " if split else ""
    return told + images.command(named.setup + setup, rows, columns)
