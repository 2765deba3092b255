"""Lists of a path and a label a line, as Caffe and others read them, one for each split."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.tree import besides_split, split_in

_TEXTS: Final = (".txt", ".lst", ".list")
_LISTED: Final = re.compile(r"[^ ]+\.(jpe?g|png|webp|bmp) [^ ]+\s*$", re.IGNORECASE)

#: How deep lists are looked for, and how many are looked into.
_DEEPEST: Final = 5
_LOOKED_INTO: Final = 20
_BYTES: Final = 16 << 20


def hints_on_lists_of_paths(root: Path, files: Iterable[str]) -> list[str]:
    """A hint on lists of `path label` for splits, with the command that makes one table of them.

    A list of test that holds all of that of train lists the whole set (PACS): it is named, and left out.
    """
    lists = [name for name in files if name.lower().endswith(_TEXTS) and name.count("/") < _DEEPEST]
    splits = {name: split_in(_stem(name)) for name in lists[:_LOOKED_INTO]}
    first = {name: lines_of(root / name)[:1] for name, split in splits.items() if split}
    found = {name: splits[name] for name, own in first.items() if own and _LISTED.match(own[0])}
    whole = [name for name, split in found.items() if split == "test" and _holds_train(root, name, found)]
    told = {name: split for name, split in found.items() if name not in whole}
    if not told:
        return []
    parts = "; ".join(f"sed 's/^/{split} /' {one_line(quote(name))}" for name, split in told.items())
    shown = ", ".join(map(one_line, list(told)[:3]))
    more = f" (not of {one_line(whole[0])}, which lists those of train, too)" if whole else ""
    return [
        f"{shown} may tell the class of each image: make a table of them{more}, in that folder: "
        f"(echo split path label; {parts}) | tr ' ' '\\t' > list.tsv"
    ]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _holds_train(root: Path, name: str, found: Mapping[str, str | None]) -> bool:
    own = besides_split(_stem(name))
    train = [n for n, split in found.items() if split == "train" and besides_split(_stem(n)) == own]
    return any(_lines(root / other) <= _lines(root / name) for other in train)


def _lines(path: Path) -> set[bytes]:
    try:
        return {line.strip() for line in read_file(path, _BYTES, follow_links=False).splitlines()}
    except AssayError:
        return set()  # a hint less
