"""Misaligned predictions: rows shifted by one, reversed, or in the order of sorted names.

Right answers in their place cannot be told better by any other order. So where a simple one fits the labels
far better than the order given, the rows were brought in that order.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.core.arrays import Rows
from assay.evaluation.grouped import Groups, share_interval

#: Another order is told where it is right for so many more of the images, and where the intervals of both
#: accuracies at this confidence do not meet.
_MORE: Final = 0.1
_SURE: Final = 0.999


@dataclass(frozen=True)
class AnswerOrder:
    """In which order the answers seem to be, in words, and their accuracy if they are read so."""

    told: str
    accuracy: float


def better_order(
    labels: Rows, predicted: Rows, ids: Sequence[str], groups: Groups | None = None
) -> AnswerOrder | None:
    """The simple order in which the answers are right far more often than as given; None where none is.

    labels, predicted: int64 `(n,)`, in source order; ids: the names of the images; groups: as in
    `share_interval`.
    """
    if len(labels) < 2:
        return None
    given = labels == predicted
    high = share_interval(given, groups, _SURE)[1]
    best = None
    for told, answers, images in simple_orders(ids):
        right = predicted[answers] == labels[images]
        accuracy = float(right.mean())
        low = share_interval(right, None if groups is None else groups[images], _SURE)[0]
        if low > high and accuracy >= given.mean() + _MORE and (best is None or accuracy > best.accuracy):
            best = AnswerOrder(told, accuracy)
    return best


def simple_orders(ids: Sequence[str]) -> Iterator[tuple[str, Rows, Rows]]:
    """Orders that a program may list images in: what each is called, rows of answers, and their images.

    ids: the names of the images, in source order.
    """
    rows = np.arange(len(ids))
    yield "each seems to belong to the image before it", rows[1:], rows[:-1]
    yield "each seems to belong to the image after it", rows[:-1], rows[1:]
    yield "the last seems to belong to the first image", rows, rows[::-1]
    for key in (str, _number_by_number, _last_part, lambda name: _number_by_number(_last_part(name))):
        order = np.array(sorted(range(len(ids)), key=lambda row: key(ids[row])), np.int64)
        yield "they seem to be in the order of the sorted file names", rows, order


def _last_part(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


def _number_by_number(name: str) -> tuple[tuple[int, str], ...]:
    """A key by which `2.png` comes before `10.png`, however many digits a number has."""
    parts = [(part, part.lstrip("0")) for part in re.findall(r"[0-9]+|[^0-9]+", name)]
    return tuple((len(digits), digits) if part[0] in "0123456789" else (-1, part) for part, digits in parts)
