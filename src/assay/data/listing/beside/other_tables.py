"""What lies beside a table that was given, and may belong to it: a table of the test split, lists."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of, read_table
from assay.data.listing.advice.split_tables import note_on_split_files
from assay.data.listing.beside.label_agreement import labelled_images
from assay.data.listing.names import SPLIT_ORDER
from assay.data.listing.tree import besides_split, has_split_word, split_in, words_of

#: Lists of the images of a split.
_LISTS: Final = (".txt", ".lst", ".list", ".json", *SUFFIXES)

_FEWEST_LISTS: Final = 2

#: Tables of other labels that are looked into, and words of those that hold answers of a model.
_TABLES: Final = 5
_ROWS: Final = 50
_ANSWERS: Final = frozenset("submission submissions prediction predictions predicted preds answers".split())


def notes_beside_table(table: Path, columns: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Notes on files beside a table that was read as train alone.

    columns: those of the table. paths: the cells that name its images. A table called as that is but for the
    split, with the same columns, is told with the command that joins both; so are files that tell the splits
    of its images, and two or more lists that are called after splits.
    """
    beside = os.listdir(table.parent)  # noqa: PTH208  texts: there may be a million images
    names = sorted(name for name in beside if name.lower().endswith(_LISTS) and name != table.name)
    alike = [name for name in names if name.endswith(table.suffix)] if split_in(table.stem) else []
    found = [name for name in alike if _is_twin(table, table.parent / name, columns)]
    twins = list({split_in(Path(name).stem): name for name in reversed(found)}.values())[::-1]
    if twins:
        return [_on_twins(table, twins)]
    if told := note_on_split_files(table, paths, columns, names):
        return [told]
    if parts := _parts_of_one(table, names, columns, paths):
        return [_on_parts(table, parts)]
    lists = [
        name
        for name in names
        if has_split_word(name.rpartition(".")[0])
        and "submission" not in name.lower()
        and not name.lower().endswith(".json")
    ]
    if len(lists) < _FEWEST_LISTS:
        return []
    told = ", ".join(map(one_line, lists[:3]))
    return [f"no split was read; {told} may tell which image is in which (give a table with a column split)"]


def notes_on_labels_beside(table: Path, images: Mapping[str, str]) -> list[str]:
    """Notes on tables in the folder of one that was read which give some of its images another class of the
    same ones: another rater, or what somebody corrected.

    images: the class of each image by its path.
    """
    notes, classes = [], set(images.values())
    beside = sorted(name for name in os.listdir(table.parent) if name.lower().endswith(SUFFIXES))  # noqa: PTH208
    own = (None, split_in(table.stem))
    others = [name for name in beside if name != table.name and split_in(Path(name).stem) in own]
    others = [name for name in others if not _ANSWERS & words_of(name)]
    for name in others[:_TABLES]:
        try:
            pairs = labelled_images(table.parent / name, images)
        except AssayError:
            continue  # a hint less
        rows = Counter(image for image, _, _ in pairs)
        pairs = [pair for pair in pairs if rows[pair[0]] == 1]
        theirs = {label for _, label, _ in pairs}
        other = [image for image, label, own in pairs if label != own]
        if other and len(theirs & classes) > 1 and (theirs <= classes or classes <= theirs):
            count = counted(len(other), "image", "images")
            notes.append(
                f"{one_line(name)} beside it gives {count} another class, {one_line(other[0])} the first; "
                f"{one_line(table.name)} was read"
            )
    return notes


def _parts_of_one(
    table: Path, names: Sequence[str], columns: Sequence[str], paths: Sequence[str]
) -> list[str]:
    """Tables with the columns of one that was read, called after no split, which name other images as it
    does: those of another site, batch or month."""
    others = [name for name in names if name.lower().endswith(SUFFIXES[:2]) and not split_in(Path(name).stem)]
    others = [name for name in others if not _ANSWERS & words_of(name)][:_TABLES]
    if not others or not paths or split_in(table.stem) or table.suffix.lower() not in SUFFIXES[:2]:
        return []
    taken, places = set(paths), {_place_of(path) for path in paths}
    own = read_table(table, most=_ROWS)
    column = next((key for key, cells in own.items() if list(cells) == list(paths[:_ROWS])), "")
    found = []
    for name in others:
        try:
            rows = read_table(table.parent / name, most=_ROWS)
        except AssayError:
            continue  # no table: a note less
        cells = set(rows.get(column, ()))
        alike = sorted(rows) == sorted(columns) and {*map(_place_of, cells)} <= places
        if cells and alike and taken.isdisjoint(cells):
            taken |= cells
            found.append(name)
    return found


def _place_of(path: str) -> tuple[str, str]:
    """The folder of a file, and the ending of its name: what the names of images share."""
    folder, _, name = path.rpartition("/")
    return folder, name.rpartition(".")[2] if "." in name else ""


def _on_parts(table: Path, names: Sequence[str]) -> str:
    """The note on tables of other images, with the command that joins all."""
    shown = ", ".join(map(one_line, names))
    return one_line(
        f"{shown} beside it {'has' if len(names) == 1 else 'have'} the same columns, of other images, and "
        f"{'was' if len(names) == 1 else 'were'} not read; to read all: "
        f"{_to_join(table, dict.fromkeys((table.name, *names), ''))}"
    )


def _is_twin(table: Path, other: Path, columns: Sequence[str]) -> bool:
    """Whether another table is the same of another split."""
    own, split = split_in(table.stem), split_in(other.stem)
    if split in (None, own) or not other.is_file():
        return False
    if besides_split(table.stem) != besides_split(other.stem) or other.suffix.lower() not in SUFFIXES:
        return False
    try:
        return sorted(read_table(other, most=1)) == sorted(columns)  # in whatever order
    except AssayError:
        return False  # no table: a note less


def _on_twins(table: Path, names: Sequence[str]) -> str:
    """The note on tables of other splits, with the command that joins all, each as its own split."""
    shown, has = ", ".join(map(one_line, names)), "has" if len(names) == 1 else "have"
    was = "was" if len(names) == 1 else "were"
    told = f"{shown} beside it {has} the same columns and {was} not read: all images here are train"
    if table.suffix.lower() not in SUFFIXES[:2]:
        return told
    by_split = {split_in(Path(name).stem) or "": name for name in (*reversed(names), table.name)}
    joined = {by_split[split]: split for split in SPLIT_ORDER if split in by_split}
    return one_line(f"{told}; to read all: {_to_join(table, joined)}")


def _to_join(table: Path, splits: Mapping[str, str]) -> str:
    """The command that writes one table of several beside each other, and what to give then. splits: of each,
    by its name; empty where it has a column of them, or none."""
    tables = [(name, split, delimiter_of(table.parent / name)) for name, split in splits.items()]
    row = '{**r,"split":s}' if any(splits.values()) else "r"
    out = next(
        name
        for name in chain(["all.csv"], (f"all-{number}.csv" for number in count(2)))
        if not (table.parent / name).exists()
    )
    code = (
        f"import csv;rows=[{row} for t,s,d in {dumps(tables)} for r in "
        'csv.DictReader(open(t,encoding="utf-8-sig",newline=""),delimiter=d)];'
        f'w=csv.DictWriter(open({dumps(out)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    command = f"(cd {quote(str(table.parent))} && python3 -c {quote(code)})"
    return f"{command} ; then give {quote(str(table.parent / out))}"
