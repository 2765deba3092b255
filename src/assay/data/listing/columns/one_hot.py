"""Columns that tell of each image whether it is of a class, one column for each class: 1 and 0, 1 and -1, yes
and no."""

from collections.abc import Sequence
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import Columns
from assay.data.listing.names import UNUSED
from assay.data.listing.tree import has_split_word, words_of

#: How people and programs write yes and no, in lower case.
_PAIRS: Final = (("1", "0"), ("1", "-1"), ("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))
_YES: Final = frozenset(yes for yes, _ in _PAIRS)

#: Words in the name of a column of 0 and 1 for images that are to be used.
KEPT: Final = frozenset(
    "use used usable keep kept include included accept accepted approved gradable gradeable".split()
)

#: What the name of a column of 0 and 1 has that tells whether something is so, or counts, and is no class.
_FLAGS: Final = KEPT | UNUSED | frozenset("is has verified reviewed checked flag count id".split())

_SHOWN: Final = 4


def _plain(cell: str) -> str:
    return cell.strip().casefold().removesuffix(".0").removeprefix("+")


def is_yes(cell: str) -> bool:
    """Whether a cell of such a column says that it is so."""
    return _plain(cell) in _YES


def _one_each(columns: Columns, names: Sequence[str]) -> bool:
    """Whether every row has a yes in exactly one of the columns."""
    rows = zip(*(columns[name] for name in names), strict=True)
    return all(sum(map(is_yes, row)) == 1 for row in rows)


def one_hot_columns(columns: Columns, names: Sequence[str]) -> list[str]:
    """The columns that hold nothing but one of the pairs of yes and no, two at least with a yes.

    Without those whose names tell splits and, where two others are left, counts or whether something is so.
    """
    cells = {name: set(map(_plain, set(columns[name]))) for name in names if not has_split_word(name)}
    for pair in map(set, _PAIRS):
        hot = [name for name, found in cells.items() if found and found <= pair]
        classes = [name for name in hot if words_of(name).isdisjoint(_FLAGS)]
        if len(classes) > 1 and not _one_each(columns, hot):
            hot = classes
        if sum(not cells[name].isdisjoint(_YES) for name in hot) > 1:
            return hot
    return []


def are_exclusive(columns: Columns, hot: Sequence[str]) -> bool:
    """Whether no row has several ones, and most have one: attributes of pictures have several, or few."""
    rows = zip(*(columns[name] for name in hot), strict=True)
    ones = [sum(map(is_yes, row)) for row in rows]
    return bool(max(ones) == 1 and 2 * sum(ones) >= len(ones))


def labels_of_one_hot(where: object, columns: Columns, hot: Sequence[str]) -> tuple[list[str], list[str]]:
    """The label of each row, "" where all columns say no; and notes. Raises AssayError `several-labels`."""
    labels = []
    for row, cells in enumerate(zip(*(columns[name] for name in hot), strict=True), 1):
        ones = [name for name, cell in zip(hot, cells, strict=True) if is_yes(cell)]
        if len(ones) > 1:
            yes = one_line(columns[ones[0]][row - 1].strip())
            what = f"row {row} has {yes} in the columns {', '.join(map(one_line, ones[:3]))}"
            what += f", of {len(hot):,} such columns" if len(hot) > len(ones[:3]) else ""
            raise several_labels(where, what, ones[0])
        labels.append(ones[0].strip() if ones else "")
    return labels, [f"the columns {shown_columns(hot)} were read as one-hot labels"]


def shown_columns(hot: Sequence[str]) -> str:
    """The first of some columns."""
    return ", ".join(one_line(name.strip()) for name in hot[:_SHOWN]) + (", ..." if len(hot) > _SHOWN else "")


def several_labels(where: object, what: str, column: str = "") -> AssayError:
    """The error for several labels an image. column: one of several that can be the label alone."""
    quoted = quote(one_line(column))
    quoted = quoted if quoted.startswith("'") else f"'{quoted}'"
    one = f", or read one column alone, as by --label-column {quoted}" if column else ""
    fix = (
        f"Give one class an image (of several raters, the one that most gave){one}; Assay does not train on "
    )
    fix += "several labels at once."
    return AssayError("several-labels", where, f"{what}: several labels an image", fix)
