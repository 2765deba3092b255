"""The items of a data set of torch, of Hugging Face, or of somebody's own, each asked for once."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.text_table import LABEL_NAMES, optional_column
from assay.data.listing.parquet import IMAGE_NAMES
from assay.data.request import Request

#: Items of a data set beyond which its length is taken for a mistake, or for a set that never ends.
_MOST_ITEMS: Final = 100_000_000

#: What the code of a user's data set may raise. Interruptions and full memory pass through.
_FAILURES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def items_of(given: Any, request: Request) -> Iterator[tuple[Any, Any]]:
    """Image and label of each item, each asked for once."""
    for number in range(_length(given)):
        item = _item(given, number)
        if isinstance(item, Mapping):
            image = optional_column(
                "the data set", list(item), request.path_column, IMAGE_NAMES, "path_column"
            )
            label = optional_column(
                "the data set", list(item), request.label_column, LABEL_NAMES, "label_column"
            )
            if image is None or label is None:
                what = f"its items have the keys {', '.join(map(one_line, list(item)[:8]))}"
                raise wrong_objects(f"{what}, none of which is {'an image' if image is None else 'a label'}")
            yield item[image], item[label]
        elif isinstance(item, tuple | list) and len(item) == 2:
            yield item[0], item[1]
        else:
            raise wrong_objects(f"item {number} is no pair of image and label, but a {type(item).__name__}")


def _length(given: Any) -> int:
    """How many items there are. Raises AssayError `bad-arrays` where that cannot be."""
    try:
        count = len(given)
    except _FAILURES as error:
        raise wrong_objects(f"its length cannot be had ({_told(error)})") from error
    if count > _MOST_ITEMS:
        raise wrong_objects(f"it says that it has {count:,} items, which do not fit into memory")
    return count


def _item(given: Any, number: int) -> Any:
    """An item; whatever code of the user's raises is told with the item's number."""
    try:
        return given[number]
    except (*_FAILURES, StopIteration) as error:
        what = f"item {number} of {len(given):,} cannot be read ({_told(error)})"
        raise AssayError(
            "bad-arrays", "the data set", what, "Try data[number], and correct it there."
        ) from error


def _told(error: Exception) -> str:
    """What somebody's code raised, in one short line."""
    return shortened(
        one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__), 200
    )


def wrong_objects(what: str) -> AssayError:
    """The error for objects that are no data set, with the forms that are one."""
    fix = "Give a data set whose items are (image, label), a data frame, or (images, labels)."
    return AssayError("bad-arrays", "the data set", what, fix)
