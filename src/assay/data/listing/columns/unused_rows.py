"""Columns that say of some rows that they are not to be used: `exclude`, `usable`, `status`."""

from collections.abc import Sequence
from json import dumps
from typing import Final

from assay.core.text import counted, one_line
from assay.data.formats.text_table import Columns
from assay.data.listing.columns.one_hot import KEPT, is_yes
from assay.data.listing.columns.written import command_for_table
from assay.data.listing.names import UNUSED
from assay.data.listing.tree import has_split_word, words_of
from assay.data.request import Request

#: How people write no, and how they mark a row, beside what `is_yes` knows; in lower case.
_NO: Final = frozenset(("", "0", "0.0", "no", "n", "false", "f"))
_MARKS: Final = frozenset(("x", "✓"))

#: What a cell says of its own row, in lower case and in one word; and words that such a column has at most.
_SAYS: Final = UNUSED | frozenset(
    "todo pending unreviewed notreviewed unchecked unverified draft notusable notvalid notgradable".split()
)
_MOST_WORDS: Final = 20


def notes_on_unused_rows(
    where: object, columns: Columns, names: Sequence[str], request: Request
) -> list[str]:
    """Notes on such columns, with the command for a table without these rows: all rows are read.

    names: the columns to look at, without those of labels, paths and splits.
    """
    notes = []
    for name in names:
        words = _unused(name, columns[name])
        rows = sum(cell.strip() in words for cell in columns[name])
        if not 0 < rows < len(columns[name]):
            continue
        told = f"the column {one_line(name)} may say which images are not to be used"
        code = f"rows=[r for r in R if r[{dumps(name)}].strip() not in {dumps(sorted(words))}]"
        command = command_for_table(where, "used", code, request)
        way = f"; this writes a table without them: {command}" if command else ""
        notes.append(f"{told} ({counted(rows, 'row', 'rows')}): all are read{way}")
    return notes


def _unused(name: str, cells: Sequence[str]) -> set[str]:
    """The cells, without spaces around them, that say so of their row."""
    found = {cell.strip() for cell in cells}
    yes = {cell for cell in found if is_yes(cell) or cell.casefold() in _MARKS}
    if yes and found - yes and {cell.casefold() for cell in found - yes} <= _NO:
        words = set() if has_split_word(name) else words_of(name)
        return yes if words & UNUSED else found - yes if words & KEPT else set()
    said = {cell for cell in found if "".join(filter(str.isalpha, cell.casefold())) in _SAYS}
    return said if len(found) <= _MOST_WORDS else set()
