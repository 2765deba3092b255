"""Folders that are called after their class and something else: clips, samples, versions, people, days."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.split_files import base_of
from assay.data.listing.layout.variants import VERSIONS
from assay.data.listing.names import natural_key
from assay.data.listing.tree import split_in, words_of

#: What numbers a name: `_g01_c01`, ` (12)`, `03`; or before it, `20210304_`.
_NUMBERS: Final = r"^\(?\d+([\W_]+\d+)*\)?[\W_]+|([\W_]+[^\W\d_]?\d+)*\d*\)?$"

#: Python for the two parts of a name, by its first sign and by its last.
_PARTING: Final = (r're.split(r"[\W_]+",{},maxsplit=1)', r're.split(r"[\W_]+(?=[^\W_]+$)",{})')

#: A word of a name, a name of two parts by the first sign or by the last, and a word or number behind one.
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_TWO_PARTS: Final = (re.compile(r"([^\W_]+)[\W_]+([^\W_].*)"), re.compile(r"(.*[^\W_])[\W_]+([^\W_]+)"))
_BEHIND: Final = re.compile(r"(?P<name>.+?)(?P<more>[ _.-]+[^\W_]+|\d+)")
_BEFORE: Final = re.compile(r"(?P<more>[^\W\d_]+[ _.-]+)(?P<name>.+)")

#: Classes at least whose images all have the same names.
_FEWEST: Final = 3


@dataclass(frozen=True)
class _Alike:
    """What to say of such names, and how to write a table: Python for the cells behind the name of the image,
    of the name of its folder `{}`; their columns; and the options to give then."""

    told: str
    cells: str
    columns: tuple[str, str]
    options: str = ""


def notes_on_clips(root: Path, classes: Mapping[str, str]) -> list[str]:
    """A note where the names of the folders make fewer classes of them: `v_Archery_g01_c01`, or `cat_aug`
    beside `cat`, or `cat_anna`, `cat_bob`, `dog_anna` and `dog_bob`.

    Phones may be called so; so are videos that were cut into pictures. classes: the class of each image by
    its path, which the folders gave.
    """
    names = sorted(set(classes.values()), key=natural_key)
    alike = _numbered(names) or _once_more(names) or _pairs(names) or _same_files(classes)
    label = label_of_folders(classes) if alike else ""
    if not alike or not label:
        return []
    depth = int(label[len("f.parts[") : -1])
    base = "".join(f" and f.parts[{n}]=={dumps(name)}" for n, name in enumerate(base_of(classes, depth)))
    cells = alike.cells.replace("{}", label)
    rows = f"((f.as_posix(),{cells}) for f in F if len(f.parts)>{depth + 1}{base})"
    command = Images(root, list(classes)).command("", rows, ("file_name", *alike.columns))
    return [f"{alike.told}: {command}{alike.options}"]


def _numbered(names: Sequence[str]) -> _Alike | None:
    """Names of two classes and more that differ in numbers alone, each from others of its own."""
    words = {name: re.sub(_NUMBERS, "", name) for name in names}
    many = Counter(words.values())
    if len(many) < 2 or min(many.values()) < 2 or not all(map(_WORD.search, many)):
        return None
    if any(_digits(name) == _digits(word) for name, word in words.items()):
        return None
    first, second = [name for name in names if words[name] == many.most_common(1)[0][0]][:2]
    told = (
        f"the folders {one_line(first)} and {one_line(second)} differ in their numbers alone, and so do the "
        f"others: if they are clips, people or samples of {_some(many)}, this writes a table with these as "
        "the classes"
    )
    cells = f're.sub(r"{_NUMBERS}","",{{}}),{{}}'
    return _Alike(told, cells, ("label", "folder"), " --group-column folder")


def _once_more(names: Sequence[str]) -> _Alike | None:
    """Names that all come once more with the same behind, or before: `cat`, `cat_aug`, `dog`, `dog_aug`."""
    for pattern, joined, cut in ((_BEHIND, "{0}{1}", "({})$"), (_BEFORE, "{1}{0}", "^({})")):
        known, found = set(names), filter(None, map(pattern.fullmatch, names))
        pairs = [(parts["name"], parts["more"]) for parts in found if parts["name"] in known]
        bases, more = (sorted({pair[n] for pair in pairs}, key=natural_key) for n in (0, 1))
        if pattern is _BEFORE and not all(split_in(word) or words_of(word) <= VERSIONS for word in more):
            continue  # `no_helmet` beside `helmet` is no version of it
        if len(bases) > 1 and known == {joined.format(name, word) for name in bases for word in ("", *more)}:
            told = (
                f"each of the folders {_some(bases)} has one beside it that is called after it, "
                f"{_some(joined.format(name, more[0]) for name in bases)}: if these hold versions, another "
                "split or more of the same class, this writes a table with one class for each"
            )
            words = cut.format("|".join(map(re.escape, more)))
            return _Alike(told, f're.sub(r"{words}","",{{}}),{{}}', ("label", "folder"))
    return None


def _pairs(names: Sequence[str]) -> _Alike | None:
    """Names that are all pairs of some words and of others: `cat_anna`, `cat_bob`, `dog_anna`, `dog_bob`."""
    for pattern, parting in zip(_TWO_PARTS, _PARTING, strict=True):
        pairs = {found.groups() for name in names if (found := pattern.fullmatch(name))}
        ones, others = ({pair[n] for pair in pairs} for n in (0, 1))
        if min(len(ones), len(others)) > 1 and len(pairs) == len(names) == len(ones) * len(others):
            told = (
                f"the folders are called after all pairs of {_some(ones)} and {_some(others)}: each pair is "
                "one class; if one of both is none (people, days, sites, versions), this writes a table "
                'of classes and groups (exchange "label" and "group" where the classes are the others)'
            )
            numbered = any(map(_digits, ones)) and not any(map(_digits, others))
            columns = ("group", "label") if numbered else ("label", "group")
            return _Alike(told, f"*{parting}", columns, " --group-column group")
    return None


def _same_files(classes: Mapping[str, str]) -> _Alike | None:
    """Folders, three and more, whose images have the same names without numbers: `front` and `side` of each
    product, `happy` and `sad` of each person."""
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for path, name in classes.items():
        stems[name].append(PurePosixPath(path).stem)
    own = [sorted(names) for names in stems.values()]
    words = set(own[0]) if own else set()
    if len(own) < _FEWEST or not 1 < len(words) == len(own[0]) or any(map(_digits, words)):
        return None
    if any(names != own[0] for names in own):
        return None
    told = (
        f"the images of every folder are called {_some(words)}: if these are the classes, and the folders "
        "people or things, this writes a table of them"
    )
    return _Alike(told, "f.stem,{}", ("label", "group"), " --group-column group")


def _digits(name: str) -> int:
    return sum(map(str.isdigit, name))


def _some(names: Iterable[str]) -> str:
    """The first three, and how many more there are."""
    known = sorted(set(names), key=natural_key)
    return ", ".join(map(one_line, known[:3])) + (f" and {len(known) - 3:,} more" if len(known) > 3 else "")
