"""Columns beside that of the labels that tell classes too: other labels, and numbers of the same ones."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from assay.core.text import counted, one_line
from assay.data.formats.text_table import Columns
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.tree import words_of

#: What the name of a column of labels ends in; and what ends one that numbers the labels, or names them.
_LABELS: Final = (
    "label",
    "labels",
    "class",
    "category",
    "target",
    "diagnosis",
    "species",
    "breed",
    "genus",
    "family",
)
_NUMBERS: Final = frozenset("id ids idx index num number no nr code name names".split())

#: At most this share of the rows of two columns that otherwise tell the same is taken for mistakes.
_MISTAKES: Final = 0.1


def notes_on_other_labels(columns: Columns, names: Sequence[str], column: str) -> list[str]:
    """Notes on columns that are called as labels are, too, and part the images otherwise.

    names: the columns to look at. column: the one that was read.
    """
    cells = columns[column]
    numbering = [name for name in names if name != column and _numbers_labels(name)]
    conflicts = {
        name: told
        for name in numbering
        if (told := _conflict(cells, columns[name], column, name)) is not None
    }
    others = [name for name in names if name not in (column, *conflicts) and _is_called_a_label(name)]
    parting = [name for name in others if _parts_otherwise(cells, name, columns[name])]
    told = ", ".join(map(one_line, parting))
    notes = (
        [f"the labels are in the column {one_line(column)}; so may be {told} (--label-column)"]
        if parting
        else []
    )
    return [*notes, *conflicts.values()]


def _is_called_a_label(name: str) -> bool:
    """Whether a name is a usual one for labels, or ends in one: fine_label, superclass, label_2."""
    plain = usual_spelling(name)
    return plain in LABEL_NAMES or plain.rstrip("0123456789_- ").endswith(_LABELS)


def _numbers_labels(name: str) -> bool:
    """Whether a name says that there are numbers, or names, of labels: class_id, label_name."""
    words = words_of(name)
    return not words.isdisjoint(_LABELS) and bool(words & _NUMBERS) and words <= _NUMBERS.union(_LABELS)


def _parts_otherwise(cells: Sequence[str], name: str, others: Sequence[str]) -> bool:
    count = len(set(others))
    if usual_spelling(name) not in LABEL_NAMES and not 1 < count <= len(others) / 2:
        return False  # a text or a measure for each image
    return not len(set(cells)) == count == len(set(zip(cells, others, strict=True)))


def _conflict(cells: Sequence[str], others: Sequence[str], column: str, name: str) -> str | None:
    """A note on the few rows in which two columns that tell the same contradict each other."""
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one, other in zip(cells, others, strict=True):
        together[one][other] += 1
    usual = {one: counts.most_common(1)[0][0] for one, counts in together.items()}
    odd = [row for row, one in enumerate(cells) if usual[one] != others[row]]
    if not 0 < len(odd) <= _MISTAKES * len(cells) or len(set(usual.values())) < len(usual):
        return None
    first = odd[0]
    return (
        f"in {counted(len(odd), 'row', 'rows')} {one_line(column)} and {one_line(name)} contradict each "
        f"other: row {first + 1} has {one_line(cells[first])!r} with {one_line(others[first])!r}, elsewhere "
        f"it is {one_line(usual[cells[first]])!r}; read was {one_line(column)}"
    )
