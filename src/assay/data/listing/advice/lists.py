"""Lists beside the images that name them, with classes or splits: what to type where they count."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.exports import are_labels
from assay.data.listing.advice.label_tables import python_command, then_give
from assay.data.listing.exported.several_lists import LabelLists, on_others
from assay.data.listing.from_names.splits import splits_in_names
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import besides_split, has_split_word, split_in, words_of

_LISTS: Final = (".txt", ".lst", ".list")

#: How many lists are looked into, bytes of each, rows that must name an image, and their share.
_LOOKED_INTO: Final = 50
_BYTES: Final = 65_536
_ROWS: Final = 3
_SHARE: Final = 0.9

#: Python for the name of an image (`k`) and what stands beside it (`r`) in a line, `l`, and the same here.
_LINES: Final = {
    "whole": '(l.strip(),"","")',
    "first": r're.sub(r"[,;\s]+","\t",l.strip(),count=1).partition("\t")',
    "last": 'l.strip().rpartition(" ")',
    "third": '(lambda c:(c[-1].strip(),"",c[1] if len(c)==3 else ""))(l.split("\\t"))',
}


_OF_LABELS: Final = frozenset({"class", "label", "labels"})

#: Words of lists that tell splits or folds by numbers, and no classes.
OF_ALL_SPLITS: Final = frozenset("split splits fold folds partition partitions subset subsets".split())

#: What the columns of a list hold that tells of each image whether it has something, each column another.
_YES_AND_NO: Final = ({"0", "1"}, {"-1", "1"}, {"-1", "0", "1"})


@dataclass(frozen=True)
class Images:
    """The images that lists may name: their paths below the root, and endings in lower case."""

    root: Path
    paths: Sequence[str]

    @property
    def endings(self) -> set[str]:
        """The endings of the images, in lower case."""
        return {PurePosixPath(path).suffix.lower() for path in self.paths} - {""}

    def command(self, setup: str, rows: str, columns: Sequence[str]) -> str:
        """The command that writes the table, and what to give then. Splits that all names tell come along."""
        told = None if "split" in columns else splits_in_names(self.paths)
        if told:
            setup, rows = f"{setup}{told.setup}", f"((*r,Sp(r[0])) for r in {rows})"
            columns = (*columns, "split")
        command = python_command(self.root, self.endings, rows, columns, setup)
        return f"{command} ; then give {then_give(self.root)}"


@dataclass(frozen=True)
class _Named:
    """How lists name images: by so many parts of their paths, with their endings or without; and where in a
    line. more: what all images' names have behind that, `_aligned`."""

    parts: int
    ending: bool
    line: str
    more: str = ""

    def of(self, path: str) -> str:
        pure = PurePosixPath(path)
        name = pure.stem.removesuffix(self.more) + (pure.suffix if self.ending else "")
        return "/".join([*pure.parts[-self.parts : -1], name])

    @property
    def setup(self) -> str:
        """Python for the images by these names, `m`."""
        name = "f.name" if self.ending else "f.stem"
        if self.more:
            name = f"f.stem.removesuffix({dumps(self.more)})" + ("+f.suffix" if self.ending else "")
        above = f"*f.parts[-{self.parts}:-1]," if self.parts > 1 else ""
        return f'm={{"/".join([{above}{name}]):f for f in F}};'

    def rows(self, cells: str, lists: Sequence[tuple[str, str]]) -> str:
        """Python for the rows of some lists, each with its split."""
        return (
            f'(({cells}) for s,t in {dumps(lists)} for l in open(t,encoding="utf-8-sig")'
            f' for k,_,r in [{_LINES[self.line]}] for f in [m.get(k.lstrip("./"))] if f)'
        )


def command_for_splits(images: Images, lists: Iterable[str], classes: Mapping[str, str]) -> str:
    """The command for a table with the splits that lists tell, where folders give the classes; empty where
    there is none. lists: their paths. classes: the class of each image by its path."""
    label = label_of_folders(classes)
    if not label:
        return ""
    texts = _texts(lists)
    for group in _groups(texts):
        if "train" in group and len(group) > 1 and (found := _named(images, list(group.values()))):
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
    splits = [name for name in texts if words_of(_stem(name)) & OF_ALL_SPLITS and _named(images, [name])]
    told += f" ({one_line(splits[0])} may tell their splits, and is not in the table)" if splits else ""
    return [f"{told}: this writes a table of them: {found[0].command}"]


def label_lists(images: Images, files: Iterable[str]) -> Iterator[LabelLists]:
    """The lists that name images with a class each: those of all splits together, or one alone."""
    found = list(_label_lists(images, files))
    yes_or_no = [one for one in found if {label for _, label in one.pairs} in _YES_AND_NO[1:]]
    # Several of them are one for each class, as of Pascal VOC: an image may have several.
    yield from (one for one in found if one not in yes_or_no or len(yes_or_no) == 1)


def _label_lists(images: Images, files: Iterable[str]) -> Iterator[LabelLists]:
    texts = [name for name in _texts(files) if not words_of(_stem(name)) & OF_ALL_SPLITS]
    for group in [*_groups(texts), *({"": name} for name in texts if split_in(_stem(name)) is None)]:
        ways = (
            (named, rows, label)
            for named, rows in _ways_named(images, list(group.values()))
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


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _groups(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    """Lists that are called alike but for the split: the list of each split."""
    found: defaultdict[tuple[object, ...], dict[str, str]] = defaultdict(dict)
    for name in texts:
        if split := split_in(_stem(name)):
            digits = tuple(re.findall(r"\d+", _stem(name)))
            found[name.rpartition("/")[0], besides_split(_stem(name)), digits].setdefault(split, name)
    yield from found.values()


def lines_of(path: Path) -> list[str]:
    """The first lines of a list, without one that is cut; none where it cannot be read."""
    try:
        text = read_file(path, _BYTES, follow_links=False).decode("utf-8-sig", "replace")
    except AssayError:
        return []  # a hint more or less
    lines = text.splitlines()
    whole = len(text) < _BYTES // 4 or text.endswith("\n")
    return [line.strip() for line in (lines if whole else lines[:-1]) if line.strip()]


def _parted(line: str, how: str) -> tuple[str, str]:
    """The name of an image in a line, and what stands beside it."""
    if how == "whole":
        return line, ""
    if how == "third":  # MXNet's: a number, a label, a path
        cells = line.split("\t")
        name, beside = cells[-1].strip(), cells[1] if len(cells) == len(("number", "label", "path")) else ""
    elif how == "last":
        name, _, beside = line.rpartition(" ")
    else:
        name, _, beside = re.sub(r"[,;\s]+", "\t", line, count=1).partition("\t")
    return name, beside


def _named(images: Images, lists: Sequence[str]) -> tuple[_Named, list[tuple[str, str]]] | None:
    """How some lists name images first of all, as of `_ways_named`."""
    return next(_ways_named(images, lists), None)


def _ways_named(images: Images, lists: Sequence[str]) -> Iterator[tuple[_Named, list[tuple[str, str]]]]:
    """How some lists name images, and each name with what stands beside it: the numbers of the lines may be
    the names of images, too. None where they do not, or names are met twice among the images."""
    texts = [lines_of(images.root / name) for name in lists]
    if min(map(len, texts), default=0) < _ROWS:
        return
    more = _ending_of_all([PurePosixPath(path).stem for path in images.paths])
    for how, behind in [(how, behind) for behind in dict.fromkeys(("", more)) for how in _LINES]:
        rows = [[_parted(line, how) for line in lines] for lines in texts]
        first = rows[0][len(rows[0]) // 2][0].lstrip("./")  # those at the head may count or name the others
        ending = first.lower().endswith(tuple(FORMAT_BY_NAME))
        named = _Named(first.count("/") + 1, ending, how, behind)
        known = Counter(map(named.of, images.paths))
        if all(_hit(lines, known) for lines in rows):
            twice = max(known.values()) > 1  # the lines that are not looked at may name any of them
            of_images = [row for lines in rows for row in lines if row[0].lstrip("./") in known]
            if twice:
                return
            yield named, of_images  # those at the head tell nothing of labels


def _ending_of_all(stems: Sequence[str]) -> str:
    """What all of several names end in, from a sign on: `_aligned` of `test_1_aligned`; empty for nothing."""
    turned = [stem[::-1] for stem in stems]
    pairs = zip(min(turned, default=""), max(turned, default=""), strict=False)
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))[::-1]
    found = re.search(r"[_.-][^\W\d].*", shared) if len(stems) > 1 else None
    return found[0] if found else ""


def _hit(rows: Sequence[tuple[str, str]], known: Collection[str]) -> bool:
    hits = sum(name.lstrip("./") in known for name, _ in rows)
    return hits >= max(_ROWS, _SHARE * len(rows))


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
        named = _Named(first.count("/") + 1, first.lower().endswith(tuple(FORMAT_BY_NAME)), "whole")
        known = set(map(named.of, images.paths))
        if len(known) < len(images.paths) or not _hit([(path, "") for path in rows.values()], known):
            continue
        beside = {
            name: other for name, other in pairs.items() if name != names and other.keys() >= rows.keys()
        }
        split = next((name for name, other in beside.items() if _tells_splits(name, other.values())), "")
        of_labels = [name for name in beside if words_of(_stem(name)) & _OF_LABELS]
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
    found = dict(rows) if whole and len(rows) >= _ROWS else {}
    return found if len(found) == len(rows) else {}


def _tells_splits(name: str, cells: Iterable[str]) -> bool:
    return has_split_word(_stem(name)) and set(cells) == {"0", "1"}


def _joined(images: Images, named: _Named, lists: Sequence[str], label: str, split: str) -> str:
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
