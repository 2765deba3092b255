"""Lists with a column of 1 and -1 for each attribute of an image, as CelebA's: what to type for one."""

import re
from collections.abc import Iterable
from json import dumps
from pathlib import PurePosixPath
from shlex import quote
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.named_images import lines_of

#: Lists that are looked into, and rows that must name an image, with their share.
_LOOKED_INTO: Final = 20
_ROWS: Final = 3
_SHARE: Final = 0.9

#: A value of an attribute, and the signs between the words of a line.
_VALUE: Final = re.compile(r"[-+]?[01](\.0)?")
_MARKS: Final = re.compile(r"[,;\s]+")

_SHOWN: Final = 3


def hints_on_attributes(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on a list whose header names attributes and whose lines give a value for each, with the command
    for a table of which one column is to be named."""
    known = {PurePosixPath(path).name for path in images.paths}
    if len(known) < len(images.paths):
        return []  # a name of several images
    texts = [name for name in files if name.lower().endswith((".txt", ".lst", ".list"))]
    for name in texts[:_LOOKED_INTO]:
        rows = [_MARKS.split(line) for line in lines_of(images.root / name)]
        at = next((place for place, row in enumerate(rows[:2]) if len(row) > 1), None)
        if at is None:
            continue
        header, lines = rows[at], rows[at + 1 :]
        header = header[1:] if lines and len(header) == len(lines[0]) else header
        named = len(header) == len(set(header)) > 1 and not any(map(_VALUE.fullmatch, header))
        if not named or not _are_values(lines, len(header), known):
            continue
        shown = ", ".join(map(one_line, header[:_SHOWN])) + (", ..." if len(header) > _SHOWN else "")
        setup = (
            "n={f.name:f for f in F};"
            f'L=[re.split(r"[,;\\s]+",l.strip()) for l in open({dumps(name)},encoding="utf-8-sig")'
            f" if l.strip()];"
        )
        cells = f"((n[r[0]].as_posix(),*r[1:]) for r in L[{at + 1}:] if r[0] in n)"
        command = images.command(setup, cells, ("file_name", *header))
        return [
            f"{one_line(name)} tells of each image whether it has one of {len(header):,} attributes "
            f"({shown}), of which one can be the label: this writes a table of them: {command} "
            f"--label-column {quote(one_line(header[0]))} (or the name of another one)"
        ]
    return []


def _are_values(lines: list[list[str]], width: int, known: set[str]) -> bool:
    """Whether nearly all lines name an image and have a value of each attribute, and two values occur."""
    right = [row for row in lines if len(row) == width + 1 and all(map(_VALUE.fullmatch, row[1:]))]
    named = [row for row in right if row[0] in known]
    return (
        len(named) >= max(_ROWS, _SHARE * len(lines)) and len({cell for row in named for cell in row[1:]}) > 1
    )
