"""The cells of a column of groups as groups: missing ones, and one group in several spellings."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from assay.core.text import counted, one_line
from assay.data.listing.columns.missing import is_missing

_WHOLE_FLOAT: Final = re.compile(r"([+-]?\d+)\.0*")


def groups_of(
    column: str, cells: Sequence[str], known: dict[str, str] | None = None
) -> tuple[list[str], list[str]]:
    """The group of each row, "" where it is missing in whatever spelling; and notes.

    Groups that differ in case, in spaces, or as 12 and 12.0 do, are one: to keep images together that are of
    two patients costs little, to part those of one makes every score too good.
    known: the first spelling of each group of tables before, by its plain one; more are added.
    """
    first = {} if known is None else known
    meant, odd = {}, []
    for cell in dict.fromkeys(cells):
        group = "" if is_missing(cell) else _WHOLE_FLOAT.sub(r"\1", " ".join(cell.split()))
        meant[cell] = first.setdefault(group.casefold(), group)
        odd += [(cell, meant[cell])] if meant[cell] != group else []
    groups = [meant[cell] for cell in cells]
    missing = groups.count("")
    notes = [f"{counted(missing, 'row has', 'rows have')} no {one_line(column)}: no group"] if missing else []
    if odd:
        cell, group = odd[0]
        notes.append(
            f"groups of the column {one_line(column)} that differ in case alone are one, such as "
            f"{one_line(group)!r} and {one_line(cell)!r}"
        )
    given = len(groups) - missing
    if given > 1 and len(set(groups) - {""}) == given:
        notes.append(f"every row has a {one_line(column)} of its own: no group holds two images")
    return groups, notes


def one_spelling(splits: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The groups of each split, in the spelling that came first: in several files as in one, case does not
    count."""
    first: dict[str, str] = {}
    return {
        name: [first.setdefault(group.casefold(), group) for group in groups]
        for name, groups in splits.items()
    }
