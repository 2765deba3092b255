"""Regular expressions for the part of a file name that may be its group, as `--group-pattern` takes them."""

from typing import Final

#: Parts of a name stand between marks: underscores, hyphens, spaces, points. Counted from the end of a name
#: points are no marks, for one may stand before an extension.
_PART: Final = r"[^/_. -]+"
_MARK: Final = r"[_. -]+"
_BACKWARD: Final = r"[_ -]+"
_EXTENSION: Final = r"(?:\.\w+)?"


def _of_name(expression: str) -> str:
    """A pattern of the last part of a path. A name that it does not fit is found whole, so it is alone."""
    return f"(?:^|/)(?:{expression}|[^/]+)$"


def _first_parts(number: int) -> str:
    return _of_name(f"({_PART}{(_MARK + _PART) * (number - 1)}){_MARK}[^/]*")


def _without_last_parts(number: int) -> str:
    return _of_name(f"([^/]*[^/_ -]){(_BACKWARD + _PART) * number}{_EXTENSION}")


def _part(number: int) -> str:
    """One part alone, counted from the beginning; something follows it."""
    return _of_name(f"{(_PART + _MARK) * (number - 1)}({_PART}){_MARK}[^/]*")


def _part_from_end(number: int) -> str:
    after = (_BACKWARD + _PART) * (number - 1)
    return _of_name(f"(?:[^/]*[_ -])?({_PART}){after}{_EXTENSION}")


def _folder(number: int) -> str:
    """The folder that many levels above the file."""
    return _of_name(f"([^/]+){'/[^/]+' * number}")


#: Whole beginnings of names, and folders; of patterns that tell the same groups the first is named.
BEGINNINGS: Final = (
    *(_first_parts(number) for number in (1, 2, 3)),
    *(_without_last_parts(number) for number in (1, 2)),
    _of_name(rf"([^/]*[^/\d])\d+{_EXTENSION}"),
    *(_folder(number) for number in (1, 2)),
)
#: Single parts, which tell less: names of movements, views or days go together as well.
PARTS: Final = (
    *(_part_from_end(number) for number in (1, 2, 3)),
    *(_part(number) for number in (2, 3)),
)
