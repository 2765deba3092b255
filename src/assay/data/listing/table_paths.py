"""Where the files of a table's rows lie: as written or, where none is there, by one rule that finds all."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.tree import split_in

#: Endings that ids are tried with, besides none.
_ENDINGS: Final = ("", *FORMAT_BY_NAME, *(ending.upper() for ending in FORMAT_BY_NAME))

#: Folders that are tried as the place of the files, and how deep they may lie.
_MOST_FOLDERS: Final = 2_000
_DEEPEST: Final = 3

#: Rows that a rule is tried with before all of them are.
_TRIED: Final = 8

_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True)
class Rule:
    """From a cell to a path below the folder.

    note: the rule in words; empty for a path as it is written. place: the folder that it puts before.
    """

    path: Callable[[str], str]
    note: str = ""
    place: str = ""


def path_rule(folder: Path, cells: Sequence[str], table: Path | None = None) -> Rule:
    """The rule by which the files of a column are found below `folder`.

    Paths count as they are written where any file is there. Where none is, one rule that finds every file is
    taken: backslashes as slashes, leading folders left out, a folder put before, an ending put behind. Where
    none does, paths stay as written, and the missing files are reported.
    table: its name may say of which split it is, `train.csv`; then the folder of that split is meant.
    Raises AssayError `ambiguous-layout` where several rules find every file.
    """
    written = Rule(str)
    tried = _some(cells)
    if not tried or any(_there(folder, cell) for cell in tried) or any(_there(folder, c) for c in cells):
        return written
    found = [rule for rule in _rules(folder, tried) if all(_there(folder, rule.path(cell)) for cell in tried)]
    whole = [rule for rule in found if all(_there(folder, rule.path(cell)) for cell in cells)]
    places: dict[str, Rule] = {}
    for rule in whole:
        places.setdefault(os.path.normpath(rule.path(tried[0])), rule)
    split = split_in(table.stem) if table is not None else None
    own = {place: rule for place, rule in places.items() if split and split_in(rule.place) == split}
    places = own if len(own) == 1 else places
    if len(places) > 1:
        raise _several(folder, table, tried[0], list(places.values()))
    return next(iter(places.values()), written)


def _several(folder: Path, table: Path | None, cell: str, rules: Sequence[Rule]) -> AssayError:
    """The refusal of paths that can be meant in several ways, each with what to type."""
    ways = [one_line(rule.path(cell)) for rule in rules[:3]]
    what = f"{one_line(cell)} may be {' or '.join(ways)}: every row has a file by either rule"
    roots = [f"--root {one_line(str(folder / rule.place))}" for rule in rules[:3] if rule.place]
    fix = (
        f"Say where the paths begin: {' or '.join(roots)}." if roots else "Write the paths out in the table."
    )
    return AssayError("ambiguous-layout", table or folder, what, fix)


def _some(cells: Sequence[str]) -> list[str]:
    step = max(1, len(cells) // _TRIED)
    return [cell for cell in cells[::step] if cell.strip() and "\0" not in cell][:_TRIED]


def _there(folder: Path, path: str) -> bool:
    if not path or "\0" in path:
        return False
    # Texts, not `Path`s: a third of the time, for a million rows.
    whole = os.path.normpath(os.path.join(folder, path))  # noqa: PTH118
    return whole.startswith(f"{folder}{os.sep}") and os.path.isfile(whole)  # noqa: PTH113


def _rules(folder: Path, tried: Sequence[str]) -> Iterator[Rule]:
    """Every rule, the plainest first."""
    deepest = min(len(_pieces(cell)) for cell in tried)
    before = ["", *_folders(folder)]
    for dropped, place, ending in product(range(deepest), before, _ENDINGS):

        def path(cell: str, dropped: int = dropped, place: str = place, ending: str = ending) -> str:
            return "/".join([*([place] if place else []), *_pieces(cell)[dropped:]]) + ending

        yield Rule(path, _told(tried[0], path(tried[0]), dropped, place, ending), place)
    yield from _other_cases(tried)


def _other_cases(tried: Sequence[str]) -> Iterator[Rule]:
    """Rules for endings in another case than the files': a system that tells no cases wrote the table."""

    def cased(change: Callable[[str], str]) -> Callable[[str], str]:
        def path(cell: str) -> str:
            stem, dot, ending = "/".join(_pieces(cell)).rpartition(".")
            return f"{stem}{dot}{change(ending)}"

        return path

    for change in (str.lower, str.upper):
        path = cased(change)
        how = f"the table's paths were found by one rule: their endings are in {change.__name__} case"
        yield Rule(path, f"{how} ({one_line(tried[0])} is {one_line(path(tried[0]))})")


def _pieces(cell: str) -> list[str]:
    """The parts of a path, whichever way its slashes lean; a drive and an empty first part left out."""
    plain = _DRIVE.sub("", cell.strip()).replace("\\", "/")
    return [piece for piece in plain.split("/") if piece not in ("", ".")]


def _told(cell: str, path: str, dropped: int, place: str, ending: str) -> str:
    done = ["backslashes are slashes"] if "\\" in cell else []
    done += (
        [f"the first {dropped} folders are left out" if dropped > 1 else "the first folder is left out"]
        if dropped
        else []
    )
    done += [f"they lie in {one_line(place)}"] if place else []
    done += [f"{ending} is put behind"] if ending else []
    how = "; ".join(done) or "without the leading slash"
    return f"the table's paths were found by one rule: {how} ({one_line(cell)} is {one_line(path)})"


def _folders(folder: Path) -> list[str]:
    """Folders below, nearest first."""
    found: list[str] = []
    level = [""]
    for _ in range(_DEEPEST):
        below: list[str] = []
        for place in level:
            if len(found) + len(below) > _MOST_FOLDERS:
                break
            with os.scandir(folder / place) as entries:
                names = sorted(
                    e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name[0] != "."
                )
            below += [f"{place}/{name}" if place else name for name in names]
        found += below
        level = below
    return found[:_MOST_FOLDERS]
