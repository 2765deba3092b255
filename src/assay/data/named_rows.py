"""Rows of a table that name their images, brought into the order of the data."""

from collections.abc import Sequence
from itertools import product
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import one_line, plain_cell


def rows_by_name(names: Sequence[str], ids: Sequence[str], option: str) -> NDArray[np.int64] | None:
    """For each image the row that is about it, int64 `(n,)`; None where the names are of another kind.

    names: of the rows, as paths that may begin elsewhere than the ids do; ids: of the images, as many, in
    source order. What all names, and all ids, have in common at their beginning does not count; endings do
    not, and no folder does, where no name is found with them.
    Raises AssayError `bad-arrays` where some names are those of images and others not, where one stands
    twice, and where numbers may be those of images or of rows.
    """
    for bare, alone in product((False, True), repeat=2):
        given, wanted = _tails(names, bare, alone), _tails(ids, bare, alone)
        place = {name: row for row, name in enumerate(given)}
        known = [name for name in wanted if name in place]
        if known:
            break
    if not known or len(set(wanted)) < len(wanted):
        return None
    if len(place) < len(given):
        row = next(row for row, name in enumerate(given) if place[name] != row)
        what = f"{one_line(names[row])} stands in more than one row"
        raise AssayError("bad-arrays", option, what, "Give one row for each image.")
    if len(known) < len(wanted):
        there = set(wanted)
        row = next(row for row, name in enumerate(given) if name not in there)
        count = len(wanted) - len(known)
        what = f"row {row} is about {one_line(names[row])}, which is no image there ({count:,} such rows)"
        raise AssayError("bad-arrays", option, what, "Give a row for each image, and for no other.")
    order = np.array([place[name] for name in wanted], np.int64)
    if _counts(names) and (order != np.arange(len(order))).any():
        what = "they are numbered in order, and the images are called by the same numbers in another order"
        fix = "Name the images by their files, or leave the column of numbers out."
        raise AssayError("bad-arrays", option, what, fix)
    return order


def _counts(names: Sequence[str]) -> bool:
    """Whether they are 0, 1, 2 ... or 1, 2, 3 ...: perhaps no names, but the number of the row."""
    first = names[0]
    return first in ("0", "1") and all(name == str(int(first) + row) for row, name in enumerate(names))


def _tails(paths: Sequence[str], bare: bool, alone: bool) -> list[tuple[str, ...]]:
    """The paths as parts, without the folders that all of them begin with. bare: without their endings;
    alone: without any folder."""
    parts = [_parts(path, bare)[-1 if alone else 0 :] for path in paths]
    first, last = min(parts), max(parts)
    shared = 0
    while shared < min(len(first), len(last)) - 1 and first[shared] == last[shared]:
        shared += 1
    return [one[shared:] for one in parts]


def _parts(path: str, bare: bool) -> tuple[str, ...]:
    plain = normalize("NFC", plain_cell(path).replace("\\", "/"))
    *folders, name = [part for part in plain.split("/") if part != "."] or [""]
    return (*folders, name.rpartition(".")[0] or name) if bare else (*folders, name)
