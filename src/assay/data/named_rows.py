"""Rows of a table that name their images, brought into the order of the data."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any, Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import one_line, plain_cell

Tail = tuple[str, ...]

_NAME_THEM: Final = (
    "Name the images by their files and folders, "
    "or leave the names out if the rows stand in the order of the data."
)

#: The id of an image that the source gives no name: `numbered_ids`.
_NUMBERED: Final = re.compile(r"[^/]+/([0-9]+)")

#: Columns that name the images of rows, in small letters, without `_`, `-` and spaces, of one image.
_OF_IMAGES: Final = (
    *("id", "file", "filename", "filepath", "image", "imageid", "imagename", "imagepath", "imagefile"),
    *("img", "imgid", "imgname", "imgpath", "path", "name", "fname", "index", "imageindex", "key"),
)


def names_of_rows(
    columns: Mapping[str, Sequence[str]], ids: Sequence[str], classes: Sequence[str]
) -> Sequence[str] | None:
    """The column that tells which image a row is about: one that names each image, whatever it is called, or
    the first that is called as such columns are (`_OF_IMAGES`), before those that but count the rows.

    columns: by name, those of a table or the index of a data frame; ids: of the images, as many as rows.
    None where there is none. A column of names of classes is none.
    """
    called = [
        column
        for wanted in _OF_IMAGES
        for name, column in columns.items()
        if wanted in _spellings(name) and not set(column) <= set(classes)
    ]
    others = [column for column in columns.values() if len(set(column)) == len(column)]
    named = (column for column in [*called, *others] if name_all(column, ids))
    counted = sorted(called, key=_counts)
    return next(named, counted[0] if counted else None)


def _spellings(name: str) -> tuple[str, ...]:
    plain = re.sub("[-_ ]", "", name.casefold())
    return plain, plain.removesuffix("s"), plain.replace("indices", "index").replace("indexes", "index")


def named_index(frame: Any, option: str) -> dict[str, Sequence[str]]:
    """The index of a data frame or series as a column, where it is text; the index of others says nothing.

    Raises AssayError `bad-arrays` where it is the numbers of all rows in another order than theirs.
    """
    index = list(getattr(frame, "index", ()) if hasattr(frame, "iloc") else ())
    if index and all(isinstance(one, str) for one in index):
        return {"index": index}
    numbered = all(isinstance(one, int | np.integer) for one in index)
    if numbered and index != sorted(index) and sorted(index) == list(range(len(index))):
        what = f"its index numbers the rows in another order than they stand in, row 0 as {index[0]}"
        fix = "Call sort_index() if the index is the number of the image, else reset_index(drop=True)."
        raise AssayError("bad-arrays", option, what, fix)
    return {}


def rows_by_name(names: Sequence[str], ids: Sequence[str], option: str) -> NDArray[np.int64]:
    """For each image the row that is about it, int64 `(n,)`.

    names: of the rows, as paths that may begin elsewhere than the ids do, or their numbers; ids: of the
    images, as many, in source order. What all names, and all ids, have in common at their beginning does not
    count; endings do not, and no folder does, where no name is found with them. Numbers are those of images
    that have no other names, from 0 or 1; else they must count the rows as these stand.
    Raises AssayError `bad-arrays` where some names are those of images and others not or none is, where one
    stands twice or for several images, and where numbers may be those of images or of rows.
    """
    numbered = _by_number(names, ids)
    if numbered is not None:
        return numbered
    if counts_only(names, ids):
        return np.arange(len(names))
    return _by_file(names, ids, option)


def counts_only(names: Sequence[str], ids: Sequence[str]) -> bool:
    """Whether names only count the rows, and so say nothing of images."""
    return _counts(names) and _by_number(names, ids) is None and not name_all(names, ids)


def _by_file(names: Sequence[str], ids: Sequence[str], option: str) -> NDArray[np.int64]:
    for given, wanted in _forms(names, ids):
        place = {name: row for row, name in enumerate(given)}
        known = [name for name in wanted if name in place]
        if known:
            break
    if given == wanted:
        return np.arange(len(wanted))
    if not known:
        what = f"row 0 is about {one_line(names[0])}, and no image of the data is called so"
        raise AssayError("bad-arrays", option, f"{what}; its first is {one_line(ids[0])}", _NAME_THEM)
    if len(set(wanted)) < len(wanted):
        twice = next(name for name, count in Counter(wanted).items() if count > 1)
        which = [ids[row] for row, name in enumerate(wanted) if name == twice]
        what = f"{one_line('/'.join(twice))} may be {one_line(which[0])} and {one_line(which[1])}"
        raise AssayError("bad-arrays", option, what, _NAME_THEM)
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
        raise AssayError("bad-arrays", option, what, _NAME_THEM)
    return order


def _forms(names: Sequence[str], ids: Sequence[str]) -> Iterator[tuple[list[Tail], list[Tail]]]:
    """Names and ids as they are compared, the fullest form first."""
    for bare, alone in product((False, True), repeat=2):
        yield _tails(names, bare, alone), _tails(ids, bare, alone)


def name_all(names: Sequence[str], ids: Sequence[str]) -> bool:
    """Whether each name is that of one image, and each image has one."""
    if not any(
        {_parts(one, bare)[-1] for one in ids} & {_parts(names[0], bare)[-1]} for bare in (False, True)
    ):
        return False  # most columns are none of names, and this tells them soon
    return any(
        sorted(given) == sorted(wanted) and len(set(given)) == len(given)
        for given, wanted in _forms(names, ids)
    )


def _by_number(names: Sequence[str], ids: Sequence[str]) -> NDArray[np.int64] | None:
    """The order where rows give the numbers, from 0 or 1, of images that have no other names; else None."""
    numbers = _numbers(names)
    found = [_NUMBERED.fullmatch(one) for one in ids]
    if numbers is None or not all(found):
        return None
    wanted = [int(one[1]) for one in found if one]
    for first in (0, 1):
        place = {number - first: row for row, number in enumerate(numbers)}
        if len(place) == len(numbers) and place.keys() == set(wanted):
            return np.array([place[number] for number in wanted], np.int64)
    return None


def _numbers(names: Sequence[str]) -> list[int] | None:
    """The names as numbers; None where one is none, or too long for the number of a row."""
    plain = all(name.isascii() and name.isdecimal() and len(name) < 19 for name in names)
    return [int(name) for name in names] if plain else None


def _counts(names: Sequence[str]) -> bool:
    """Whether they count from 0 or 1, for each split anew: perhaps no names, but the number of the row."""
    numbers = _numbers(names)
    if numbers is None or numbers[0] not in (0, 1):
        return False
    return all(after in (before + 1, numbers[0]) for before, after in pairwise(numbers))


def _tails(paths: Sequence[str], bare: bool, alone: bool) -> list[Tail]:
    """The paths as parts, without the folders that all of them begin with. bare: without their endings;
    alone: without any folder."""
    parts = [_parts(path, bare)[-1 if alone else 0 :] for path in paths]
    first, last = min(parts), max(parts)
    shared = 0
    while shared < min(len(first), len(last)) - 1 and first[shared] == last[shared]:
        shared += 1
    return [one[shared:] for one in parts]


def _parts(path: str, bare: bool) -> Tail:
    plain = normalize("NFC", plain_cell(path).replace("\\", "/"))
    *folders, name = [part for part in plain.split("/") if part != "."] or [""]
    return (*folders, name.rpartition(".")[0] or name) if bare else (*folders, name)
