"""Where the files of a table's rows lie: as written or, where none is there, by one rule that finds all."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from assay.core.text import one_line
from assay.data.formats.signatures import FORMAT_BY_NAME

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
    """From a cell to a path below the folder. note: the rule in words; empty for a path as it is written."""

    path: Callable[[str], str]
    note: str = ""


def path_rule(folder: Path, cells: Sequence[str]) -> Rule:
    """The rule by which the files of a column are found below `folder`.

    Paths count as they are written where any file is there. Where none is, one rule that finds every file is
    taken: backslashes as slashes, leading folders left out, a folder put before, an ending put behind. Where
    several rules find every file, or none does, paths stay as written, and the missing files are reported.
    """
    written = Rule(str)
    tried = _some(cells)
    if not tried or any(_there(folder, cell) for cell in tried) or any(_there(folder, c) for c in cells):
        return written
    found = [rule for rule in _rules(folder, tried) if all(_there(folder, rule.path(cell)) for cell in tried)]
    whole = [rule for rule in found if all(_there(folder, rule.path(cell)) for cell in cells)]
    places = {os.path.normpath(rule.path(tried[0])) for rule in whole}
    return whole[0] if len(places) == 1 else written


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

        yield Rule(path, _told(tried[0], path(tried[0]), dropped, place, ending))


def _pieces(cell: str) -> list[str]:
    """The parts of a path, whichever way its slashes lean; a drive and an empty first part left out."""
    plain = _DRIVE.sub("", cell.strip()).replace("\\", "/")
    return [piece for piece in plain.split("/") if piece not in ("", ".")]


def _told(cell: str, path: str, dropped: int, place: str, ending: str) -> str:
    done = ["backslashes are slashes"] if "\\" in cell else []
    done += [f"the first {dropped} folders are left out"] if dropped else []
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
