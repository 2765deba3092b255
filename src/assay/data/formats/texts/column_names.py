"""The usual names of columns, and the choice of a column by its name."""

from collections.abc import Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import choices, one_line

#: So many of the usual names are looked for within others.
_LIKE: Final = 4

#: How columns are called by people, in the order of trying, for each thing that a column can be.
PATH_NAMES: Final = (
    "file_name",
    "filename",
    "file",
    "path",
    "image",
    "image_path",
    "file_path",
    "filepath",
    "img",
    "img_path",
    "image_name",
    "img_name",
    "image_filename",
    "img_filename",
    "image_file",
    "image_index",
    "source_ref",
    "image_url",
    "imageid",
    "image_id",
    "id_code",
    "id",
)

LABEL_NAMES: Final = (
    "label",
    "labels",
    "class",
    "category",
    "target",
    "class_name",
    "label_name",
    "y",
    "breed",
    "species",
    "diagnosis",
    "dx",
    "class_label",
    "finding_labels",
    "choice",
    "emotion",
    "class_id",
    "label_id",
    "category_id",
)

#: Columns that can hold one value alone.
SINGLE_VALUED: Final = (*PATH_NAMES, *LABEL_NAMES)

SPLIT_NAMES: Final = ("split", "subset", "partition", "set")


def chosen_column(
    where: object, columns: Sequence[str], asked: str | None, usual: Sequence[str], option: str
) -> str:
    """The name of the column that was asked for or, unasked, the first that is usual for its purpose.

    Raises AssayError `column-missing`.
    """
    found = optional_column(where, columns, asked, usual, option)
    if found is None:
        raise AssayError(
            "column-missing",
            where,
            f"no column is called {', '.join(usual[:4])} or the like",
            f"Name it with {option}. {_meant(usual, columns)}",
        )
    return found


def _meant(usual: Sequence[str], columns: Sequence[str]) -> str:
    """The columns there are, after the first that is called like a usual one: `LabelName`, `photo_file`."""
    shown = choices("", columns)
    like = [name for name in columns if any(word in usual_spelling(name) for word in usual[:_LIKE])]
    return f"Did you mean {one_line(like[0])}? {shown}" if like else shown


def optional_column(
    where: object, columns: Sequence[str], asked: str | None, usual: Sequence[str], option: str
) -> str | None:
    """As `chosen_column`, but None where nothing was asked for and no usual name occurs."""
    if asked is not None:
        if asked not in columns:
            raise AssayError(
                "column-missing", option, f"{where} has no column {asked!r}", choices(asked, columns)
            )
        return asked
    folded = {usual_spelling(name): name for name in reversed(columns)}
    return next((folded[name] for name in usual if name in folded), None)


def usual_spelling(name: str) -> str:
    """The name of a column as the lists of usual names have it: `File Name` is `file_name`."""
    return "_".join(name.replace("-", " ").split()).casefold()
