"""The names that a data set in Python knows its classes by: of torchvision, of Hugging Face, and of sets that
are parts of such a set or several of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.texts.column_names import LABEL_NAMES, optional_column
from assay.data.request import Request

#: Sets inside of sets beyond which none is asked for its names.
_DEPTH: Final = 8


class KnownClasses(NamedTuple):
    """names: of the numbers that labels are, in order; None where the data set tells none."""

    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def known_classes(given: Any, request: Request) -> KnownClasses:
    """The names in `class_to_idx`, `classes` or the label's feature, also of the sets that a subset is of.

    Raises AssayError `class-names` where sets that were put together number their classes differently.
    """
    features = getattr(given, "features", None)
    if isinstance(features, Mapping):
        label = optional_column(
            "the data set", list(features), request.label_column, LABEL_NAMES, "label_column"
        )
        return KnownClasses(_names(getattr(features.get(label), "names", None)))
    found = list(_of_parts(given))
    first = next((known for known in found if known.names), KnownClasses())
    for other in found:
        if other.names and first.names and other.names != first.names:
            raise _other_numbers(first.names, other.names)
    named_by_all = bool(found) and all(known.names for known in found)
    return first if named_by_all else KnownClasses()


def _of_parts(given: Any, depth: int = 0) -> Iterator[KnownClasses]:
    """The names of each set that a set consists of: of itself, of what it is a subset of, or of several."""
    own = _own(given)
    parts = getattr(given, "datasets", None)
    if own.names or depth == _DEPTH:
        yield own
    elif (whole := getattr(given, "dataset", None)) is not None:
        yield from _of_parts(whole, depth + 1)
    elif isinstance(parts, list | tuple) and parts:
        for part in parts:
            yield from _of_parts(part, depth + 1)
    else:
        yield own


def _own(given: Any) -> KnownClasses:
    names, by_number = (
        _names(getattr(given, "classes", None)),
        _numbered(getattr(given, "class_to_idx", None)),
    )
    if by_number is None or names == by_number:
        return KnownClasses(names)
    if names is None or set(names) != set(by_number):
        return KnownClasses(by_number if names is None else names)
    wrong = next(number for number, name in enumerate(by_number) if names[number] != name)
    told = (
        f"its class_to_idx says that {wrong} is {_shown(by_number[wrong])}, its classes begin otherwise "
        f"({_shown(names[wrong])} there): read by class_to_idx"
    )
    return KnownClasses(by_number, (told,))


def _names(names: Any) -> tuple[str, ...] | None:
    right = isinstance(names, list | tuple) and bool(names) and all(isinstance(name, str) for name in names)
    return tuple(names) if right else None


def _numbered(numbers: Any) -> tuple[str, ...] | None:
    """The names by their numbers, where these are 0 to n - 1; else nothing."""
    if not isinstance(numbers, Mapping) or not all(isinstance(name, str) for name in numbers):
        return None
    by_number = {number: name for name, number in numbers.items() if type(number) is int}
    if not numbers or sorted(by_number) != list(range(len(numbers))):
        return None
    return tuple(by_number[number] for number in range(len(numbers)))


def _other_numbers(one: tuple[str, ...], other: tuple[str, ...]) -> AssayError:
    number = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    told = [_shown(names[number]) if number < len(names) else "no class" for names in (one, other)]
    what = (
        f"the data sets that it consists of number their classes differently: {number} is {told[0]} in one, "
        f"and {told[1]} in another"
    )
    fix = "Give both the same class_to_idx, or give a list of (image, name of the class)."
    return AssayError("class-names", "the data set", what, fix)


def _shown(name: str) -> str:
    return repr(shortened(one_line(name)))
