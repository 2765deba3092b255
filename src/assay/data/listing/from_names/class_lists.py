"""Lists that are called after classes and name the images of one each: `dog.txt`, `cat.csv`."""

import re
from collections.abc import Iterable
from json import dumps
from pathlib import PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.names import natural_key
from assay.data.listing.tree import has_split_word

_TABLES: Final = (".csv", ".tsv")
_ENDINGS: Final = (".txt", ".lst", ".list", *_TABLES)

#: What parts the cells of a table.
_SIGNS: Final = re.compile(r"[,;\t]")

#: Lists that are looked into, lines that must name an image, and their share.
_LOOKED_INTO: Final = 200
_LINES: Final = 3
_SHARE: Final = 0.9

#: Python for the images by what a line may call them.
_KNOWN: Final = (
    "n={k:f for f in F for k in (f.name,f.as_posix())};m={**n,**{f.stem:f for f in F}};"
    'X=lambda l,t:[x.strip("\\" \\n").removeprefix("./") for x in [l,*(re.split("[,;\\t]",l) if t else ())]];'
)


def hints_on_class_lists(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on lists that name the images of a class each, in one folder, with the command for a table.

    A line is an image and nothing else, in tables a row with one; the first may be a header. No image is in
    two lists.
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
        'for l in open(t,encoding="utf-8-sig") '
        'for f in [next((d[x] for d in (n,m) for x in X(l,t[-2:]=="sv") if x in d),None)] if f)'
    )
    shown = ", ".join(one_line(name) for name, _ in told[:3])
    more = f" and {len(told) - 3:,} more" if len(told) > 3 else ""
    command = images.command(_KNOWN, rows, ("file_name", "label"))
    return [f"{shown}{more} may name the images of a class each: this writes a table of them: {command}"]


def _named(images: Images, name: str, known: set[str]) -> list[str]:
    """The images that a list names, by their stems; none where other lines are in it."""
    lines = lines_of(images.root / name)
    cells = [[line, *(_SIGNS.split(line) if name.lower().endswith(_TABLES) else ())] for line in lines]
    plain = [[cell.strip('" ').removeprefix("./") for cell in row] for row in cells]
    # A number may be that of the row, and the name of an image without its ending, too.
    whole = {form for form in known if form.lower().endswith(tuple(FORMAT_BY_NAME))}
    named = (next((cell for own in (whole, known) for cell in row if cell in own), "") for row in plain)
    hits = [PurePosixPath(image).stem for image in named if image]
    return hits if len(hits) >= max(_LINES, _SHARE * (len(lines) - 1)) else []


def _forms(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(path)
    return path, pure.name, pure.stem
