"""Numbers as labels under a list of class names: which name is which number."""

import re
from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line

#: In the first place of a list of class names: no class has the number 0.
NO_CLASS: Final = "-"

#: So many whole numbers may be measures, where so many, and so large a share of them, are missing in between.
_MANY: Final = 20
_GAPS: Final = 0.04
_FEWEST_GAPS: Final = 2

#: Numbers by which data say that an image has no label, besides those below 0: the largest of a type, nines.
_NO_LABEL: Final = re.compile(r"-\d{1,5}|255|32767|65535|9{2,5}")

_SHORT: Final = re.compile(r"\d{1,15}")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_WHOLE: Final = re.compile(r"[-+]?\d+(\.0*)?")


def counted_from_one(found: Collection[int], names: Sequence[str]) -> AssayError | None:
    """The question to ask where numbers under a list of names begin at 1: is 1 the first name or the second?

    A list that begins with `NO_CLASS` answers it. Without a doubt, None.
    """
    if not found or min(found) != 1 or names[0] == NO_CLASS or max(found) > len(names):
        return None
    first, second = (one_line(name) for name in (*names, "none")[:2])
    what = f"the labels begin at 1: is 1 the first name ({first!r}) or the second ({second!r})"
    if any("," in name for name in names):
        fix = f"Say it with a file, --classes FILE: {NO_CLASS} for 0, then all names, or all but the first."
    else:
        quoted_all, quoted_later = (
            one_line(quote(",".join((NO_CLASS, *some)))) for some in (names, names[1:])
        )
        fix = f"Say it with {NO_CLASS} for 0: --classes {quoted_all} or --classes {quoted_later}."
    return AssayError("class-names", "--classes", what, fix)


def refuse_measures(labels: Collection[str], where: object) -> None:
    """Raise AssayError `label-not-integer` where all labels are numbers and some are not whole.

    A price or an angle is no class: it would be a class of its own for every value.
    """
    parts = sorted({label for label in labels if not _WHOLE.fullmatch(label)})
    if parts and all(map(_NUMBER.fullmatch, labels)):
        what = (
            f"labels are numbers that are not whole, such as {one_line(parts[0])}: Assay tells classes apart"
        )
        fix = "Give classes. If these numbers are names of classes, list them with --classes."
        raise AssayError("label-not-integer", where, what, fix)


def notes_on_measures(labels: Collection[str]) -> list[str]:
    """A note on labels that are many whole numbers with gaps between them, as ages and prices are."""
    numbers = sorted({int(label) for label in labels if _SHORT.fullmatch(label)})
    if len(numbers) < max(_MANY, len(labels)):
        return []
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers)
    if gaps < max(_FEWEST_GAPS, _GAPS * len(numbers)):
        return []
    return [
        f"the labels are {len(numbers):,} whole numbers from {numbers[0]:,} to {numbers[-1]:,} with gaps: if "
        "they measure something, as an age or a price does, Assay cannot learn that; it tells classes apart"
    ]


def notes_on_a_number_apart(counts: Mapping[str, int]) -> list[str]:
    """A note on a class that may say that there is no label: -1 or 255 where all others count from 0 or 1.

    counts: images by class. Nothing of 1 and -1 alone, which are two classes.
    """
    apart = [name for name in counts if _NO_LABEL.fullmatch(name)]
    rest = [name for name in counts if name not in apart]
    if len(apart) != 1 or len(rest) < 2 or not all(map(_SHORT.fullmatch, rest)):
        return []
    numbers = sorted(map(int, rest))
    in_a_row = numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1
    if not in_a_row or int(apart[0]) == numbers[-1] + 1:
        return []
    return [
        f"the class {apart[0]!r} ({counts[apart[0]]:,} images) is apart from the others, {numbers[0]} to "
        f"{numbers[-1]}, and is read as a class; if it says that there is no label, take its images out"
    ]


def without_no_class(names: Sequence[str]) -> tuple[str, ...]:
    """The names without the place of a number that no class has."""
    return tuple(names[1:] if names and names[0] == NO_CLASS else names)


def meant_classes(classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The class names of a request; None where there are none."""
    return None if classes is None else without_no_class(classes)
