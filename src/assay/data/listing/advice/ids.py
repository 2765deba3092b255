"""Ids that stand inside of files' names: zeros before numbers, `ISIC_0012` for 12, two images of one id."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES, delimiter_of, read_table
from assay.data.listing.columns.file_index import FileIndex, without_ending
from assay.data.listing.names import natural_key
from assay.data.listing.tree import split_in, words_of

_NUMBER: Final = re.compile(r"\d{1,18}")
_SIGN: Final = re.compile(r"[\W_]")

_OF_MASKS: Final = frozenset("mask masks seg segmentation gt trimap annotation label labels".split())

#: Python for the same: a name in lower case whose numbers have no zeros before them.
_PLAIN: Final = (
    'C=lambda x:re.sub(r"\\d{1,18}",lambda m:str(int(m[0])),re.sub(r"[.](ENDINGS)$","",x.strip().lower()));'
).replace("ENDINGS", "|".join(ending[1:] for ending in FORMAT_BY_NAME))


def files_of_ids(index: FileIndex, ids: Sequence[str], split: str | None) -> list[list[str]]:
    """The images of each id, by their paths: those called so but for zeros before numbers or, where that
    does not find one for each, those whose names begin or end with it, parted by a sign.

    split: that of the table. Names with the word of another split, or of masks, are passed over.
    Empty where some id has none, or two ids are the same.
    """
    plain = [_plain(without_ending(name)) for name in ids]
    if not plain or "" in plain or len(set(plain)) < len(plain):
        return []
    images = {
        name: paths
        for name, paths in index.items()
        if name.lower().endswith(tuple(FORMAT_BY_NAME)) and len(paths) == 1
    }
    exact: dict[str, list[str]] = {name: [] for name in plain}
    within: dict[str, list[str]] = {name: [] for name in plain}
    for name, (path, *_) in images.items():
        stem = _plain(without_ending(name))
        if stem in exact:
            exact[stem].append(path)
        for own, rest in _ids_in(stem, within):
            if split_in(rest) in (None, split) and words_of(rest).isdisjoint(_OF_MASKS):
                within[own].append(path)
    for found in (exact, within):
        if all(found.values()):
            return [sorted(found[name], key=natural_key) for name in plain]
    return []


def _plain(name: str) -> str:
    return _NUMBER.sub(lambda found: str(int(found[0])), name.strip().casefold())


def _ids_in(stem: str, known: Mapping[str, object]) -> list[tuple[str, str]]:
    """The id that a name begins with, the longest, or else the one that it ends with; and the rest of it."""
    signs = [found.start() for found in _SIGN.finditer(stem)]
    begins = [(stem[:place], stem[place:]) for place in reversed(signs) if stem[:place] in known]
    ends = [(stem[place + 1 :], stem[:place]) for place in signs if stem[place + 1 :] in known]
    return [*begins, *ends][:1]


def several_images(
    folder: Path, table: Path | None, cells: Sequence[str], found: Sequence[Sequence[str]]
) -> AssayError:
    """The refusal of a table whose rows have several images each, with the command that writes a row for each
    image. cells: the ids. found: the images of each, below the folder."""
    row = next(number for number, paths in enumerate(found) if len(paths) > 1)
    shown = " and ".join(map(one_line, found[row][:2]))
    what = (
        f"the names of several images begin or end with one id, such as {shown} with {one_line(cells[row])}: "
        f"{sum(map(len, found)):,} images of {len(found):,} rows"
    )
    command = _command(folder, table, cells) if table is not None else ""
    fix = (
        f"Where the label is that of each of them, this writes a table with a row for each: {command}"
        if command
        else "Write a row for each image, with its path."
    )
    return AssayError("ambiguous-layout", table or folder, what, fix)


def _command(folder: Path, table: Path, cells: Sequence[str]) -> str:
    """A line for the shell that writes the table with a row for each image, and never over a file."""
    if table.suffix.lower() not in SUFFIXES[:2]:
        return ""
    try:
        columns = read_table(table)
        column = next(name for name, own in columns.items() if list(own) == list(cells))
        delimiter = delimiter_of(table)
    except (AssayError, StopIteration):
        return ""  # a hint less
    names = (f"{table.stem}-images{number}.csv" for number in chain(("",), map(str, count(2))))
    name = next(name for name in names if not (folder / name).exists())
    known = ",".join(map(dumps, sorted(FORMAT_BY_NAME)))
    source = dumps(str(table.absolute()))
    code = (
        f"import csv,re;from pathlib import Path;{_PLAIN}"
        f'R={{C(r[{dumps(column)}]):r for r in csv.DictReader(open({source},encoding="utf-8-sig",'
        f'newline=""),delimiter={dumps(delimiter)})}};'
        f'F=[f for f in sorted(Path(".").rglob("*")) if f.suffix.lower() in ({known},) '
        'and not any(q[0]=="." for q in f.parts)];'
        'I=lambda s:next((k for p in [[m.start() for m in re.finditer(r"[\\W_]",s)]] for k in '
        "[*[s[:i] for i in reversed(p)],*[s[i+1:] for i in p]] if k in R),None);"
        'rows=[{"file_name":f.as_posix(),**{k:v for k,v in R[i].items() if k!="file_name"}} '
        "for f in F for i in [I(C(f.stem))] if i is not None];"
        f'w=csv.DictWriter(open({dumps(name)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    told = f"{quote(str(folder / name))} --group-column {quote(column)}"
    return one_line(f"(cd {quote(str(folder))} && python3 -c {quote(code)}) ; then give {told}")
