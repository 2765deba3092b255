"""Lists that tell the class of whole folders by their names: then these are videos, patients or scenes."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.exported.record_fields import are_labels
from assay.data.listing.names import natural_key
from assay.data.listing.tree import split_in, words_of

#: Files that may be such lists, and how many are looked into.
_LISTS: Final = (".csv", ".tsv", ".txt", ".lst", ".list")
_LOOKED_INTO: Final = 20

#: What may part the cells of a line; the last stands for any spaces.
_SIGNS: Final = (";", "\t", ",", " ")

#: The share of the folders that lists must name, and how many.
_MOST: Final = 0.9
_FEWEST: Final = 4

#: Names of videos, patients and days have long numbers. But those of WordNet are of classes: `n01440764`.
_LONG_NUMBER: Final = re.compile(r".*\d{3}", re.DOTALL)
_NUMBER: Final = re.compile(r".*\d", re.DOTALL)
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_WORDNET: Final = re.compile(r"n\d{8}$")

#: Words in the name of a column of classes, whose kinds another column may tell.
_CLASS_WORDS: Final = frozenset(
    "class classes label labels category categories species breed name names product sku model brand".split()
)

#: A value that is no number, date or size.
_WORD: Final = re.compile(r"[^\W\d_]")

#: What to say of other columns that may be the classes.
_OTHERS: Final = " (the cells in place {} may be the classes, too: change the second number in r[...])"


@dataclass(frozen=True)
class _List:
    """A list of folders: its path, what parts its cells, the columns of the folders and of their classes, and
    whether these have usual names, and those of the folders not one of classes."""

    name: str
    sign: str
    folder: int
    labels: tuple[int, ...]
    named: bool
    told: Mapping[str, Sequence[str]]
    head: tuple[str, ...]

    @property
    def like(self) -> tuple[str, int, tuple[int, ...], tuple[str, ...]]:
        """What lists of one set have in common: one for each split."""
        return self.sign, self.folder, self.labels, self.head


def refuse_listed_folders(
    root: Path,
    files: Iterable[str],
    classes: Mapping[str, str],
    splits: Mapping[str, Sequence[str]],
    option: str,
) -> tuple[str, ...]:
    """Raise AssayError `ambiguous-layout` where the folders that were read as classes have long numbers in
    their names, and lists give fewer classes for them. Returns notes on lists of folders with other names.

    files: paths of other files. classes: the class of each image by its path. splits: paths by split. option:
    what reads the folders as they are.
    """
    names = set(classes.values())
    if len(names) < _FEWEST or not label_of_folders(classes) or any(map(_WORDNET.match, names)):
        return ()
    numbered, long = (all(map(form.match, names)) for form in (_NUMBER, _LONG_NUMBER))
    if len({_NO_LETTERS.sub("", name) for name in names}) > len(names) / 2:
        numbered = long = False  # `001.Albatross`, `002.Cardinal` are classes that somebody numbered
    images = Counter(classes.values())
    found: dict[object, list[_List]] = {}
    for one in _lists(root, files, names):
        found.setdefault(one.like, []).append(one)
    for lists in found.values():
        told = {folder: cells for one in lists for folder, cells in one.told.items()}
        agree = all(told[folder] == cells for one in lists for folder, cells in one.told.items())
        columns = [n for n in lists[0].labels if agree and _part(told, n, images)]
        if len(told) >= _MOST * len(names) and columns:
            what, command = _told(lists, columns), _command(root, lists, columns[0], classes, splits)
            others = ", ".join(map(str, columns[1:3]))
            fix = (
                f"This writes a table of them{_OTHERS.format(others) if others else ''}: {command} "
                f"--group-column folder. Or say {option}, where each folder is a class."
            )
            if long or (numbered and lists[0].named):
                raise AssayError("ambiguous-layout", root, what, fix)
            if not lists[0].named:  # other tables with names of columns have a note of their own
                return (f"{what}. {fix}",)
    return ()


def _part(told: Mapping[str, Sequence[str]], column: int, images: Mapping[str, int]) -> bool:
    """Whether a column may have the classes of all folders: two or more, and half as many at most.

    Numbers are numbers of classes, from 0 or 1 on, and not how many images a folder has; splits are none.
    """
    cells = {folder: row[column].strip() for folder, row in told.items()}
    values = set(cells.values())
    if not 1 < len(values) <= len(told) / 2 or not are_labels(list(cells.values())) or not all(values):
        return False
    if all(map(str.isdecimal, values)):
        numbers = sorted(map(int, values))
        counts = all(int(cell) == images[folder] for folder, cell in cells.items())
        return numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1 and not counts
    return all(map(_WORD.search, values)) and not all(map(split_in, values))


def _lists(root: Path, files: Iterable[str], names: set[str]) -> Iterator[_List]:
    texts = [name for name in files if name.lower().endswith(_LISTS)]
    for name in sorted(texts, key=lambda name: (name.count("/"), natural_key(name)))[:_LOOKED_INTO]:
        lines = lines_of(root / name)
        if any("\ufffd" in line for line in lines):
            continue  # the command reads UTF-8
        for sign in _SIGNS:
            rows = (
                [line.split() for line in lines] if sign == " " else list(csv.reader(lines, delimiter=sign))
            )
            width = len(rows[-1]) if rows else 0
            if width > 1 and (found := _list(name, sign, [r for r in rows if len(r) == width], names)):
                yield found
                break


def _list(name: str, sign: str, rows: Sequence[Sequence[str]], names: set[str]) -> _List | None:
    """A list whose rows are of folders, nearly all; a first row of others may name the columns."""
    width = len(rows[0])
    for folder in range(width):
        of_folders = {row[folder].strip(): row for row in rows if row[folder].strip() in names}
        if len(of_folders) < max(2, _MOST * (len({row[folder] for row in rows}) - 1)):
            continue
        others = [n for n in range(width) if n != folder and _agree(rows, folder, n)]
        usual = [n for n in others if usual_spelling(rows[0][n]) in LABEL_NAMES]
        first = rows[0][folder].strip()
        head = () if first in names else tuple(rows[0])
        if head and words_of(first) & _CLASS_WORDS:
            return None
        if head and not usual:  # counts, sizes and thresholds have names, too
            others = [n for n in others if all(_WORD.search(row[n]) for row in of_folders.values())]
        labels = tuple(usual if head and usual else others)
        return _List(name, sign, folder, labels, bool(head and usual), of_folders, head)
    return None


def _agree(rows: Sequence[Sequence[str]], folder: int, column: int) -> bool:
    """Whether all rows of a folder say the same in a column."""
    known: dict[str, str] = {}
    return all(known.setdefault(row[folder].strip(), row[column]) == row[column] for row in rows)


def _told(lists: Sequence[_List], columns: Sequence[int]) -> str:
    first = lists[0]
    name = min(first.told, key=natural_key)
    classes = {row[columns[0]].strip() for one in lists for row in one.told.values()}
    some = ", ".join(map(one_line, sorted(classes, key=natural_key)[:3]))
    return (
        f"{', '.join(one_line(one.name) for one in lists[:3])} may tell the classes of whole folders "
        f"({one_line(name)} is {one_line(first.told[name][columns[0]].strip())}): then these are videos, "
        f"patients or the like, and the classes are {some}"
    )


def _command(
    root: Path,
    lists: Sequence[_List],
    column: int,
    classes: Mapping[str, str],
    splits: Mapping[str, Sequence[str]],
) -> str:
    """The command that writes a table with the folders as a column, and what to give then."""
    first, label = lists[0], label_of_folders(classes)
    depth = int(label[len("f.parts[") : -1])
    cells_of = "l.split()"
    if first.sign != " ":
        cells_of = f"next(csv.reader([l],delimiter={dumps(first.sign)}),[])"
    setup = (
        f"D={{r[{first.folder}].strip():r[{column}].strip() for t in {dumps([one.name for one in lists])}"
        f' for l in open(t,encoding="utf-8-sig") for r in [{cells_of}]'
        f" if len(r)>{max(first.folder, column)}}};"
    )
    above = {"/".join(p.split("/")[:depth]): split for split, paths in splits.items() for p in paths}
    cells, header = f"f.as_posix(),D[{label}],{label}", ["file_name", "label", "folder"]
    only = f"len(f.parts)>{depth + 1} and {label} in D"
    if len(splits) > 1:
        setup += f"S={dumps(above)};"
        cells, header = f'{cells},S["/".join(f.parts[:{depth}])]', [*header, "split"]
        only += f' and "/".join(f.parts[:{depth}]) in S'
    return Images(root, list(classes)).command(setup, f"(({cells}) for f in F if {only})", header)
