"""Columns of a table or frame that hold the probabilities of the classes, and whether they are in order."""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import whole_number

#: What a column for a class is called, before the name of the class.
PREFIX: Final = "p:"

#: What a column without a name is called, once it has been read and written again.
_UNNAMED: Final = ("", "Unnamed: 0")

#: Images whose answers must speak for another order of the classes before one is suspected.
_FEWEST_MOVED: Final = 10

#: Standard errors by which they must be more than half: answers by chance lean to one side or the other.
_SURE: Final = 3.0


def class_columns(columns: Iterable[Any], classes: Sequence[str]) -> list[Any]:
    """Those called `p:<class>`, whatever stands behind; else those called as the classes are, if all are.

    columns: names, text or numbers. Empty where neither are there.
    """
    every = list(columns)
    found = [name for name in every if str(name).startswith(PREFIX)]
    named = [name for name in every if str(name) in classes]
    return found or (named if set(classes) <= set(map(str, named)) else [])


def plain_name(column: Any) -> str:
    """The class of a column."""
    return str(column).removeprefix(PREFIX)


def number_of(cell: str) -> float:
    """A probability as people write it: `0.25`, `2.5e-1`, `0,25` where commas are decimal, `25 %`.

    Raises ValueError. No probability is so large that a comma could part its thousands.
    """
    plain = cell.strip()
    share = plain.removesuffix("%")
    number = float(share.strip().replace(",", ".") if share.count(",") == 1 else share)
    return number if share == plain else number / 100


def index_of(beside: Mapping[str, Sequence[str]], where: object) -> dict[str, Sequence[str]]:
    """The columns, of which one without a name is what pandas writes of a frame's index.

    Text names the images. Raises AssayError `bad-arrays` where it numbers all rows in another order than
    theirs.
    """
    name = next((one for one in _UNNAMED if one in beside), None)
    if name is None:
        return dict(beside)
    others = {other: cells for other, cells in beside.items() if other != name}
    numbers = [whole_number(cell) for cell in beside[name]]
    if None in numbers:
        return {"index": beside[name], **others}
    counted = list(range(len(numbers)))
    if numbers != counted and sorted(number for number in numbers if number is not None) == counted:
        what = "its column without a name numbers the rows in another order than they stand in, "
        fix = (
            "Sort the rows by it if it is the number of the image (sort_index()), "
            "else write the table without it (index=False)."
        )
        raise AssayError("bad-arrays", where, f"{what}row 0 as {numbers[0]}", fix)
    return others


def order_of(names: Sequence[str], classes: Sequence[str], option: str) -> list[int]:
    """For each class its column. Raises AssayError `class-names` where they are not one and the same."""
    missing = [name for name in classes if names.count(name) != 1]
    if missing or len(names) != len(classes):
        what = f"the columns {few(names)} are not the classes {few(classes)}"
        raise AssayError("class-names", option, what, "Name each column after its class, each class once.")
    return [names.index(name) for name in classes]


def refuse_other_order(
    answers: NDArray[np.int64],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    option: str,
    told: str = "the columns",
    way_on: str = "name the columns (data frame, or .npz with classes)",
) -> None:
    """Raise AssayError `class-names` where answers plainly count the classes in another order.

    That is: every answer goes mostly with one label, no two with the same, and some with another than theirs.
    answers: the most probable class of each image, by the order of the classes. told: what is in another
    order; way_on: what to do if the order is right all the same.
    """
    k = len(classes)
    table = np.zeros((k, k), np.int64)
    np.add.at(table, (answers, labels), 1)
    answered = np.flatnonzero(table.sum(axis=1))
    best = table.argmax(axis=1)
    moved = answered[best[answered] != answered]
    most = table[moved, best[moved]]
    counts = table[moved].sum(axis=1)
    plain = (2 * most > counts).all() and 2 * most.sum() - counts.sum() > _SURE * sqrt(counts.sum())
    if not len(moved) or len(set(best[answered])) < len(answered) or not plain or most.sum() < _FEWEST_MOVED:
        return
    shown = ", ".join(
        f"{a} ({classes[a]}) with the label {classes[b]}"
        for a, b in zip(moved[:3], best[moved[:3]], strict=True)
    )
    raise AssayError(
        "class-names",
        option,
        f"{told} seem to be in another order than the classes: number {shown}",
        f"The order is {few(classes)}. If it is right, {way_on}.",
    )


def few(names: Sequence[str]) -> str:
    """The first ten names, and how many more there are."""
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
