"""The tables beside images: which there are, in what order they count, and whether they have labels."""

from collections.abc import Collection
from itertools import islice
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES
from assay.data.listing.columns.path_columns import first_rows
from assay.data.listing.metadata import has_labels
from assay.data.listing.tree import split_in
from assay.data.listing.walk import Walk

#: Columns that are named.
_COLUMNS: Final = 8


def deeper_tables(found: Walk) -> list[str]:
    """Tables that lie in folders, one or two deep."""
    return [name for name in found.files if name.lower().endswith(SUFFIXES) and name.count("/") < 3]


def describe_unlabelled(found: Walk, name: str) -> str:
    """A table without a column of labels, in words, with the columns that it has."""
    try:
        columns = ", ".join(map(one_line, islice(first_rows(found.root / name), _COLUMNS)))
    except AssayError:
        return f"there is a table, {one_line(name)}"
    return (
        f"there is a table, {one_line(name)}, without a usual name for a column of labels (it has {columns})"
    )


def tables_in_root(found: Walk) -> list[str]:
    """Tables that lie in the root itself."""
    return [name for name in found.files if "/" not in name and name.lower().endswith(SUFFIXES)]


def tables_above(found: Walk, folders: Collection[str]) -> list[str]:
    """The tables in all folders above those of the images, and in one that has all; those of train first."""
    parts = [folder.split("/") for folder in folders]
    above = {"", *("/".join(own[:depth]) for own in parts for depth in range(1, len(own)))}
    above |= set(folders) if len(folders) == 1 else set()
    tables = [
        name for name in found.files if name.lower().endswith(SUFFIXES) and name.rpartition("/")[0] in above
    ]
    return sorted(tables, key=by_likelihood)


def tables_aside(found: Walk, folders: Collection[str]) -> list[str]:
    """The tables in folders without images that lie beside those of the images, as `metadata/labels.csv`."""
    parts = [folder.split("/") for folder in folders]
    above = {"/".join(own[:depth]) for own in parts for depth in range(len(own))}
    tables = [
        name
        for name in found.files
        if name.lower().endswith(SUFFIXES)
        and (folder := name.rpartition("/")[0])
        and folder.rpartition("/")[0] in above
        and not any(f"{own}/".startswith(f"{folder}/") for own in folders)
    ]
    return sorted(tables, key=by_likelihood)


def by_likelihood(name: str) -> int:
    """The sort key of a table that may have the labels, by its name: tables of train before others, before
    those of a test; a sample submission last."""
    split = split_in(name.rpartition("/")[2].rpartition(".")[0])
    return 3 if "submission" in name.lower() else {"train": 0, None: 1}.get(split, 2)


def is_labelled(found: Walk, name: str) -> bool:
    """Whether a table can be read and has labels."""
    try:
        return has_labels(found.root / name, first_rows(found.root / name))
    except AssayError:
        return False  # no table of labels then: a note names it all the same
