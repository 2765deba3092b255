"""Files that tell the split of each image: lists of text, JSON and tables; and Python for the same."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any, Final

from assay.core.errors import AssayError
from assay.data.formats.safe_open import read_file
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.listing.advice.images import stem_of
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.listing.columns.splits import likely_split_column
from assay.data.listing.names import split_of
from assay.data.listing.tree import split_in

TEXT_LISTS: Final = (".txt", ".lst", ".list")

_BYTES: Final = 32 << 20

#: So many entries must name an image, and such a share of them.
FEWEST_NAMES: Final = 3

NEARLY_ALL: Final = 0.9

#: A line of an image and its label, and the label with what parts both.
_LABELLED: Final = re.compile(r".+\.(png|jpe?g|webp|bmp|tiff?)[ \t,;]+[^ \t,;]+", re.IGNORECASE)

_LABEL: Final = re.compile(r"[ \t,;]+[^ \t,;]+$")


@dataclass(frozen=True)
class SplitFile:
    """What a file tells: pairs of an image, as it names it, and its split; and the Python for them."""

    name: str
    pairs: Sequence[tuple[str, str]]
    code: str


def split_file(root: Path, name: str) -> SplitFile | None:
    """What a file tells of splits; None where it tells nothing, or cannot be read."""
    split = split_in(stem_of(name))
    lower = name.lower()
    if lower.endswith(TEXT_LISTS):
        lines, line = lines_of(root / name), "l.strip()"
        if not split or len({split_of(each.split()[-1]) for each in lines} - {None}) > 1:
            return _of_text(name, lines)
        if all(map(_LABELLED.fullmatch, lines)):
            lines, line = (
                [_LABEL.sub("", each) for each in lines],
                f're.sub(r"{_LABEL.pattern}","",l.strip())',
            )
        code = f'(({line},"{split}") for l in open({dumps(name)},encoding="utf-8-sig"))'
        return SplitFile(name, [(line, split or "") for line in lines], code) if lines else None
    if lower.endswith(".json"):
        pairs, code = _of_json(_content(root / name))
        return SplitFile(name, pairs, f"(lambda d:{code})({_load(name)})") if pairs else None
    return _of_table(root, name, split) if lower.endswith(SUFFIXES[:2]) else None


def _of_text(name: str, lines: Sequence[str]) -> SplitFile | None:
    """A list of images, each with its split, as of DeepFashion; lines at the head may count the others."""
    rows = [row for line in lines if len(row := line.rsplit(None, 1)) > 1]
    pairs = [(path, split) for path, word in rows if (split := split_of(word))]
    if len(pairs) < max(FEWEST_NAMES, NEARLY_ALL * len(lines)):
        return None
    words = dumps({word: split for _, word in rows if (split := split_of(word))})
    code = (
        f'((c[0],S[c[1]]) for S in [{words}] for l in open({dumps(name)},encoding="utf-8-sig") '
        "for c in [l.rsplit(None,1)] if c and c[-1] in S)"
    )
    return SplitFile(name, pairs, code)


def _content(path: Path) -> Any:
    try:
        return json.loads(read_file(path, _BYTES, follow_links=False))
    except (AssayError, ValueError, RecursionError):
        return None  # a hint more or less


def _load(name: str) -> str:
    return f'json.load(open({dumps(name)},encoding="utf-8"))'


def _of_json(content: Any) -> tuple[list[tuple[str, str]], str]:
    """The pairs of a JSON file, `d`, and Python for them: `{split: [names]}`, `{name: split}`, or a list of
    objects. An entry of a list may be a name, or a list that begins with one."""
    match content:
        case dict() if content and all(map(split_of, content)) and _are_lists(content.values()):
            pairs = [(_name(entry), split) for split, names in content.items() for entry in names]
            return pairs, "[(x if isinstance(x,str) else x[0],s) for s,a in d.items() for x in a]"
        case dict() if content and all(isinstance(v, str) and split_of(v) for v in content.values()):
            return list(content.items()), "list(d.items())"
        case list() if content and all(isinstance(row, dict) for row in content):
            names = {key: [row.get(key) for row in content] for key in content[0]}
            texts = {key: cells for key, cells in names.items() if all(isinstance(c, str) for c in cells)}
            split = likely_split_column(texts, list(texts))
            path = path_column(texts)
            if split is not None and path is not None:
                code = f"[(x[{dumps(path)}],x[{dumps(split)}]) for x in d]"
                return list(zip(texts[path], texts[split], strict=True)), code
    return [], ""


def _are_lists(values: Iterable[Any]) -> bool:
    return all(isinstance(value, list) and all(map(_name, value)) for value in values)


def _name(entry: Any) -> str:
    """The name in an entry of a list; empty where there is none."""
    if isinstance(entry, list) and entry:
        entry = entry[0]
    return entry if isinstance(entry, str) else ""


def _of_table(root: Path, name: str, split: str | None) -> SplitFile | None:
    """A table with a column of splits, or one that is called after a split."""
    try:
        columns, delimiter = first_rows(root / name), delimiter_of(root / name)
    except AssayError:
        return None
    path, column = path_column(columns), likely_split_column(columns, list(columns))
    if path is None or (column is None and split is None):
        return None
    splits = columns[column] if column is not None else [split or ""] * len(columns[path])
    cell = f"r[{dumps(column)}]" if column is not None else dumps(split)
    rows = f'csv.DictReader(open({dumps(name)},encoding="utf-8-sig",newline=""),delimiter={dumps(delimiter)})'
    pairs = list(zip(columns[path], splits, strict=True))
    return SplitFile(name, pairs, f"((r[{dumps(path)}],{cell}) for r in {rows})")
