"""Lists that are called after classes and name the images of one each: `dog.txt`, `cat.csv`."""

from collections.abc import Iterable
from json import dumps
from pathlib import PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.lists import Images, lines_of
from assay.data.listing.names import natural_key
from assay.data.listing.tree import has_split_word

_ENDINGS: Final = (".txt", ".lst", ".list", ".csv")

#: Lists that are looked into, lines that must name an image, and their share.
_LOOKED_INTO: Final = 200
_LINES: Final = 3
_SHARE: Final = 0.9

#: Python for the images by what a line may call them.
_KNOWN: Final = "m={k:f for f in F for k in (f.stem,f.name,f.as_posix())};"


def hints_on_class_lists(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on lists that name the images of a class each, in one folder, with the command for a table.

    A line is an image and nothing else; the first may be a header. No image is in two lists.
    """
    texts = [name for name in files if name.lower().endswith(_ENDINGS)]
    texts = [name for name in texts if not has_split_word(PurePosixPath(name).stem)]
    known = {form for path in images.paths for form in _forms(path)}
    found = {name: got for name in texts[:_LOOKED_INTO] if (got := _named(images, name, known))}
    named = [one for got in found.values() for one in got]
    if len(found) < 2 or len(set(named)) < len(named) or len({name.rpartition("/")[0] for name in found}) > 1:
        return []
    told = [[name, PurePosixPath(name).stem] for name in sorted(found, key=natural_key)]
    rows = (
        f"((f.as_posix(),c) for t,c in {dumps(told)} "
        'for l in open(t,encoding="utf-8-sig") for f in [m.get(l.strip().removeprefix("./"))] if f)'
    )
    shown = ", ".join(one_line(name) for name, _ in told[:3])
    more = f" and {len(told) - 3:,} more" if len(told) > 3 else ""
    command = images.command(_KNOWN, rows, ("file_name", "label"))
    return [f"{shown}{more} may name the images of a class each: this writes a table of them: {command}"]


def _named(images: Images, name: str, known: set[str]) -> list[str]:
    """The images that a list names, by their stems; none where other lines are in it."""
    lines = [line.removeprefix("./") for line in lines_of(images.root / name)]
    hits = [PurePosixPath(line).stem for line in lines if line in known]
    return hits if len(hits) >= max(_LINES, _SHARE * (len(lines) - 1)) else []


def _forms(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(path)
    return path, pure.name, pure.stem
