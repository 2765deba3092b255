"""Where the files of a table's rows lie: as written or, where none is there, by one rule that finds all."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.ids import files_of_ids, several_images
from assay.data.listing.columns.file_index import (
    FileIndex,
    file_index,
    found_by_name,
    in_one_case,
    without_ending,
)
from assay.data.listing.columns.path_spellings import (
    WHOLE_FLOAT,
    is_uploaded,
    pieces_of,
    unquoted_pieces,
    ways_to_part,
)
from assay.data.listing.tree import split_in

#: Endings that ids are tried with, besides none.
_ENDINGS: Final = ("", *FORMAT_BY_NAME, *(ending.upper() for ending in FORMAT_BY_NAME))

#: Folders that are tried as the place of the files, and how deep they may lie.
_MOST_FOLDERS: Final = 2_000
_DEEPEST: Final = 3

#: Rows that a rule is tried with before all of them are.
_TRIED: Final = 8


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

    Paths count as they are written where any file is there (with backslashes as slashes and %20 as a space
    where that finds every other). Where none is, one rule that finds every file is taken: backslashes as
    slashes, %20 as a space, leading folders left out, a folder put before, an ending put behind. Where none
    does, and each name has one file somewhere below the folder, these are meant. Else paths stay as written,
    and the missing files are reported.
    table: its name may say of which split it is, `train.csv`; then the folder of that split is meant.
    Raises AssayError `ambiguous-layout` where several rules find every file.
    """
    written = Rule(str)
    tried = _some(cells)
    if not tried or any(_there(folder, cell) for cell in tried) or any(_there(folder, c) for c in cells):
        return _as_written(folder, cells)
    found = [rule for rule in _rules(folder, tried) if all(_there(folder, rule.path(cell)) for cell in tried)]
    whole = [rule for rule in found if _finds_all(folder, rule, cells)]
    split = split_in(table.stem) if table is not None else None
    whole = whole or _by_names(folder, cells, split, table)
    places: dict[str, Rule] = {}
    for rule in whole:
        places.setdefault(os.path.normpath(rule.path(tried[0])), rule)
    own = {place: rule for place, rule in places.items() if split and split_in(rule.place) == split}
    places = own if len(own) == 1 else places
    if len(places) > 1:
        raise _several(folder, table, tried[0], list(places.values()))
    return next(iter(places.values()), written)


def path_rules(
    folder: Path, cells: Sequence[str], splits: Sequence[str], table: Path | None = None
) -> dict[str, Rule]:
    """The rule for the rows of each split: that of `path_rule` for all or, where the files of each split lie
    in a folder called after it and are found there alone, one for each.

    A name that two splits have is that of two files: `train/0.jpg` and `test/0.jpg`.
    Raises AssayError `ambiguous-layout` where both find every file, and other ones.
    """
    of: dict[str, list[str]] = {split: [] for split in splits}
    for cell, split in zip(cells, splits, strict=True):
        of[split].append(cell)
    own: dict[str, Rule | None] = {}
    if len(of) > 1 and not any(_there(folder, cell) for cell in cells):
        own = {split: _in_own_folder(folder, some, split) for split, some in of.items()}
    each = {split: rule for split, rule in own.items() if rule is not None}
    if len(each) < len(of):
        return dict.fromkeys(of, path_rule(folder, cells, table))
    if sum(len(set(some)) for some in of.values()) > len(set(cells)):
        return each
    rule = path_rule(folder, cells, table)
    for cell, split in zip(cells, splits, strict=True):
        if os.path.normpath(rule.path(cell)) != os.path.normpath(each[split].path(cell)):
            raise _several(folder, table, cell, [rule, replace(each[split], place="")])
    return dict.fromkeys(of, rule)


def _in_own_folder(folder: Path, cells: Sequence[str], split: str) -> Rule | None:
    """The only rule by which the rows of a split are found in a folder called after it."""
    found: dict[str, Rule] = {}
    tried = _some(cells)
    for rule in _rules(folder, tried) if tried else ():
        own = split_in(rule.place) == split and all(_there(folder, rule.path(cell)) for cell in tried)
        if own and _finds_all(folder, rule, cells):
            found.setdefault(os.path.normpath(rule.path(tried[0])), rule)
    return next(iter(found.values())) if len(found) == 1 else None


def _finds_all(folder: Path, rule: Rule, cells: Sequence[str]) -> bool:
    """Whether a rule finds a file for every cell, and another one for every other cell."""
    given = dict.fromkeys(cells)
    paths = {path for cell in given if _there(folder, path := rule.path(cell))}
    return len(paths) == len(given)


def _as_written(folder: Path, cells: Sequence[str]) -> Rule:
    """Paths as they are; with slashes and spaces in place of \\ and %20 where that finds all the others."""
    odd = [cell for cell in cells if ("\\" in cell or "%" in cell) and not _there(folder, cell)]
    if not odd or not all(_there(folder, "/".join(unquoted_pieces(cell))) for cell in odd):
        return Rule(str)
    meant = {cell: "/".join(unquoted_pieces(cell)) for cell in odd}
    note = f"paths such as {one_line(odd[0])} were read as {one_line(meant[odd[0]])}"
    return Rule(lambda cell: meant.get(cell, cell), note)


def _by_names(folder: Path, cells: Sequence[str], split: str | None, table: Path | None) -> list[Rule]:
    """Rules that find each file by its name alone, in whatever folder it lies: as it is written, or else in
    another case, or else with another ending; several where several endings do. Or else by the id in it."""
    index, given = file_index(folder), list(dict.fromkeys(cells))
    for pieces, folded, bare in product(ways_to_part(given), (False, True), (False, True)):
        names = [pieces(cell)[-1] if pieces(cell) else "" for cell in given]
        names = [without_ending(name) for name in names] if bare else names
        names = [name.casefold() for name in names] if folded else names
        found = found_by_name(in_one_case(index) if folded else index, names, split)
        if found and "" not in names and len(set(names)) == len(names):
            return [_of_names(dict(zip(given, paths, strict=True))) for paths in found.values()]
    return _by_ids(folder, given, cells, index, table)


def _by_ids(
    folder: Path, given: Sequence[str], cells: Sequence[str], index: FileIndex, table: Path | None
) -> list[Rule]:
    """The rule that finds each file by the id in its name, for ids that have one image each.

    Raises AssayError `ambiguous-layout` where they have several.
    """
    ids = [pieces[-1] if (pieces := pieces_of(cell)) else "" for cell in given]
    found = files_of_ids(index, ids, split_in(table.stem) if table is not None else None)
    if not found:
        return []
    if max(map(len, found)) > 1:
        raise several_images(folder, table, cells, found)
    paths = {cell: own[0] for cell, own in zip(given, found, strict=True)}
    how = f"by what stands in the names of the files ({one_line(given[0])} is {one_line(found[0][0])})"
    return [Rule(lambda cell: paths.get(cell, cell), f"the table's paths were found by one rule: {how}")]


def _of_names(paths: Mapping[str, str]) -> Rule:
    cell, path = next(iter(paths.items()))
    folders = counted(len({path.rpartition("/")[0] for path in paths.values()}), "folder", "folders")
    how = f"by the names of the files alone, in {folders} ({one_line(cell)} is {one_line(path)})"
    return Rule(lambda cell: paths.get(cell, cell), f"the table's paths were found by one rule: {how}")


def _several(folder: Path, table: Path | None, cell: str, rules: Sequence[Rule]) -> AssayError:
    """The refusal of paths that can be meant in several ways, each with what to type."""
    ways = [one_line(rule.path(cell)) for rule in rules[:3]]
    what = f"{one_line(cell)} may be {' or '.join(ways)}: every row has a file by either rule"
    roots = [f"--root {one_line(quote(str(folder / rule.place)))}" for rule in rules[:3] if rule.place]
    fix = "Write the paths out in the table, with their endings."
    if len(set(roots)) > 1:
        fix = f"Say where the paths begin: {' or '.join(roots)}."
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
    before = ["", *_folders(folder)]
    for pieces in ways_to_part(tried):
        deepest = min(len(pieces(cell)) for cell in tried)
        for dropped, place, ending in product(range(deepest), before, _ENDINGS):

            def path(
                cell: str,
                dropped: int = dropped,
                place: str = place,
                ending: str = ending,
                pieces: Callable[[str], list[str]] = pieces,
            ) -> str:
                return "/".join([*([place] if place else []), *pieces(cell)[dropped:]]) + ending

            yield Rule(path, _told(tried[0], path(tried[0]), dropped, place, ending), place)
    yield from _other_cases(tried)


def _other_cases(tried: Sequence[str]) -> Iterator[Rule]:
    """Rules for endings in another case than the files': a system that tells no cases wrote the table."""

    def cased(change: Callable[[str], str]) -> Callable[[str], str]:
        def path(cell: str) -> str:
            stem, dot, ending = "/".join(pieces_of(cell)).rpartition(".")
            return f"{stem}{dot}{change(ending)}"

        return path

    for change in (str.lower, str.upper):
        path = cased(change)
        how = f"the table's paths were found by one rule: their endings are in {change.__name__} case"
        yield Rule(path, f"{how} ({one_line(tried[0])} is {one_line(path(tried[0]))})")


def _told(cell: str, path: str, dropped: int, place: str, ending: str) -> str:
    done = ["backslashes are slashes"] if "\\" in cell else []
    done += (
        [f"the first {dropped} folders are left out" if dropped > 1 else "the first folder is left out"]
        if dropped
        else []
    )
    done += ["%20 is a space, and so on"] if "%" in cell and "%" not in path else []
    if is_uploaded(cell) and not is_uploaded(path):
        done += ["what Label Studio put before names is left out"]
    if WHOLE_FLOAT.fullmatch(cell) and cell.strip() not in path:
        done += ["whole numbers have no .0"]
    done += [f"they lie in {one_line(place)}"] if place else []
    done += [f"{ending} is put behind"] if ending else []
    done += ["spaces at the ends are left out"] if cell != cell.strip() else []
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
