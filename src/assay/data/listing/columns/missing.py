"""What says of an image that it has no label: empty cells, words for nothing, -1 beside other labels."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

#: How people and programs write that there is nothing, in lower case.
_NOTHING: Final = frozenset(
    ("", "nan", "na", "n/a", "#n/a", "<na>", "none", "null", "nil", "nat", "?", "-", "--")
)

_FROM_ZERO: Final = re.compile(r"\+?\d+(\.0*)?|-0+(\.0*)?")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")

#: Minus one as text, also of floats.
_MINUS_ONE: Final = re.compile(r"-1(\.0*)?")


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is nothing: empty, nan, N/A, None, null, ?"""
    return cell.strip().casefold() in _NOTHING


def is_minus_one(label: str) -> bool:
    """Whether a label is -1, also as a float."""
    return _MINUS_ONE.fullmatch(label) is not None


def minus_one_is_missing(labels: Iterable[str]) -> bool:
    """Whether -1 among labels says that there is none: all others are whole numbers from 0 on, or none is a
    number at all. Beside 1 alone it is the other of two classes. "" is no label."""
    others = {label for label in labels if label and not is_minus_one(label)}
    if not others or {label.lstrip("+").partition(".")[0] for label in others} == {"1"}:
        return False
    return all(map(_FROM_ZERO.fullmatch, others)) or not any(map(_NUMBER.fullmatch, others))


def without_minus_one(labels: Sequence[str], known: Iterable[str] = ()) -> list[str]:
    """The labels with "" for each -1 that says that there is none.

    known: labels that stand elsewhere in the same data, as in other files.
    """
    distinct = set(labels)
    if not minus_one_is_missing(distinct.union(known)):
        return list(labels)
    gone = set(filter(is_minus_one, distinct))
    return ["" if label in gone else label for label in labels]
