"""How lists name images: by parts of their paths, with or without endings, and where in a line."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.images import Images

_BYTES: Final = 65_536

FEWEST_ROWS: Final = 3

_SHARE: Final = 0.9

#: Python for the name of an image (`k`) and what stands beside it (`r`) in a line, `l`, and the same here.
_LINES: Final = {
    "whole": '(l.strip(),"","")',
    "first": r're.sub(r"[,;\s]+","\t",l.strip(),count=1).partition("\t")',
    "last": 'l.strip().rpartition(" ")',
    "third": '(lambda c:(c[-1].strip(),"",c[1] if len(c)==3 else ""))(l.split("\\t"))',
}


@dataclass(frozen=True)
class ImageNames:
    """How lists name images: by so many parts of their paths, with their endings or without; and where in a
    line. more: what all images' names have behind that, `_aligned`."""

    parts: int
    ending: bool
    line: str
    more: str = ""

    def of(self, path: str) -> str:
        """The name that lists give the image of a path."""
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


def first_naming(images: Images, lists: Sequence[str]) -> tuple[ImageNames, list[tuple[str, str]]] | None:
    """How some lists name images first of all, as of `ways_named`."""
    return next(ways_named(images, lists), None)


def ways_named(images: Images, lists: Sequence[str]) -> Iterator[tuple[ImageNames, list[tuple[str, str]]]]:
    """How some lists name images, and each name with what stands beside it: the numbers of the lines may be
    the names of images, too. None where they do not, or names are met twice among the images."""
    texts = [lines_of(images.root / name) for name in lists]
    if min(map(len, texts), default=0) < FEWEST_ROWS:
        return
    more = _ending_of_all([PurePosixPath(path).stem for path in images.paths])
    for how, behind in [(how, behind) for behind in dict.fromkeys(("", more)) for how in _LINES]:
        rows = [[_parted(line, how) for line in lines] for lines in texts]
        first = rows[0][len(rows[0]) // 2][0].lstrip("./")  # those at the head may count or name the others
        ending = first.lower().endswith(tuple(FORMAT_BY_NAME))
        named = ImageNames(first.count("/") + 1, ending, how, behind)
        known = Counter(map(named.of, images.paths))
        if all(name_nearly_all(lines, known) for lines in rows):
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


def name_nearly_all(rows: Sequence[tuple[str, str]], known: Collection[str]) -> bool:
    """Whether nearly all rows of a list begin with the name of a known image."""
    hits = sum(name.lstrip("./") in known for name, _ in rows)
    return hits >= max(FEWEST_ROWS, _SHARE * len(rows))
