"""Class names as the user gives them: a list, or a file with one name a line."""

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.safe_open import open_file
from assay.data.listing.names import one_spelling

#: Endings of files that people keep names of classes in.
_LISTS: Final = (".txt", ".csv", ".tsv", ".json", ".names", ".yaml", ".yml")


def checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Class names in label order. Raises AssayError `class-names` when one is empty or occurs twice."""
    names = tuple(_listed(classes))
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        odd = next((name for name in names if not isinstance(name, str)), None)
        what = "a class has no name" if odd is None else f"{shortened(repr(odd))} is no name"
        raise AssayError("class-names", "--classes", what, "Give every class a name, as text.")
    meant = one_spelling([names])
    names = tuple(str(meant[name]) for name in names)  # NumPy's text is text with another type
    twice = (
        next((name for name in names if names.count(name) > 1), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice is not None:
        raise AssayError(
            "class-names",
            "--classes",
            f"{one_line(twice)} stands for two classes",
            "Give each class its own name.",
        )
    return names


def _listed(classes: object) -> Iterable[str]:
    """Class names that stand in an order. Raises AssayError `class-names` for a set or a mapping."""
    if isinstance(classes, Iterable) and not isinstance(classes, Set | Mapping | bytes):
        return classes
    what = f"a {type(classes).__name__} gives no order of the classes"
    raise AssayError("class-names", "--classes", what, "Give a list of names, in the order of the labels.")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # longer than a name of a file can be
        return False


def read_class_names(text: str) -> tuple[str, ...]:
    """What `--classes` says: names separated by commas, or a UTF-8 file with one name a line.

    Raises AssayError `class-names`; `file-missing` for what is called like a file that is not there.
    """
    if "," in text or not _is_file(text):
        if "," not in text and Path(text).suffix.lower() in _LISTS:
            fix = "Check the path, or give the names with commas between them."
            raise AssayError("file-missing", text, "there is no such file of class names", fix)
        return checked_classes([name.strip() for name in text.split(",")])
    with open_file(Path(text)) as file:
        try:
            lines = file.read().decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise AssayError(
                "class-names", text, f"it is not UTF-8 ({error.reason})", "Save it as UTF-8."
            ) from error
    return checked_classes([line.strip() for line in lines if line.strip()])
