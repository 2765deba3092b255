"""What to try where no image was found: a table, an archive, arrays, or a file of a form that is not read."""

from collections.abc import Iterable, Sequence
from itertools import islice
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FIRST_BYTES, FORMAT_BY_NAME
from assay.data.formats.unread_forms import BESIDE_ANYTHING, UNREAD, UnreadForm, form_of
from assay.data.listing.beside.conflicting_tables import MOST_TABLES
from assay.data.listing.beside.tables import (
    by_likelihood,
    deeper_tables,
    describe_unlabelled,
    is_labelled,
    tables_in_root,
)
from assay.data.listing.exported.archives import hints_on_archives
from assay.data.listing.exported.arrays_in_folders import hints_on_arrays_in_folders
from assay.data.listing.exported.in_splits import hints_on_tables_of_splits
from assay.data.listing.from_names.lists_of_paths import hints_on_lists_of_paths
from assay.data.listing.walk import Walk

#: Endings of archives.
ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".7z", ".rar", ".tar.xz")

_ARRAYS: Final = (".npz", ".npy")

#: Files that are looked into, for a hint.
_LOOKED_INTO: Final = 20


def hints_beside(found: Walk, joined: Sequence[str] = ()) -> list[str]:
    """What to try where no image was found: a table, an archive, arrays, files of a form that is not read.

    joined: tables of metadata that were looked for labels, and have none.
    """
    files = [name for name in found.files if "/" not in name]
    hints = [f"{describe_unlabelled(found, name)}: name it with --label-column" for name in joined[:1]]
    images = {name.rpartition("/")[0] for name in found.files if name.lower().endswith(tuple(FORMAT_BY_NAME))}
    of_splits = hints_on_tables_of_splits(found.root, images, found.files)
    hints += (of_splits or _on_best_table(found)) if not joined else []
    archives = [name for name in files if name.lower().endswith(ARCHIVES)]
    hints += hints_on_archives(found.root, archives)
    hints += hints_on_lists_of_paths(found.root, found.files)
    hints += hints_on_arrays_in_folders(found.root, found.files) if not images else []
    arrays = [name for name in files if name.lower().endswith(_ARRAYS)]
    if arrays:
        count = counted(len(arrays), "file", "files")
        hints.append(f"{count} of NumPy arrays, {one_line(arrays[0])} the first: give the path of one")
    return [
        *hints,
        *hint_on_unread_form(found, (name for name in found.files if name not in {*archives, *arrays})),
    ]


def _on_best_table(found: Walk) -> list[str]:
    """The table that most likely has the labels: by its columns, then by its name."""
    tables = sorted(tables_in_root(found) or deeper_tables(found), key=by_likelihood)[:MOST_TABLES]
    tables = [name for name in tables if "submission" not in name.lower()]
    labelled = [name for name in tables if is_labelled(found, name)]
    if not labelled:
        return [
            f"{describe_unlabelled(found, name)}: give its path, and --label-column" for name in tables[:1]
        ]
    root = f" and --root {one_line(quote(str(found.root)))}" if "/" in labelled[0] else ""
    return [f"there is a table, {one_line(labelled[0])}: give its path{root}"]


def hint_on_unread_form(found: Walk, files: Iterable[str]) -> list[str]:
    """A file, at any depth, of a form that is known but not read, with the way on: of several forms the first
    of the table, where a JSON file, which often lies beside data of another form, is one of the last."""
    others = (name for name in files if not name.lower().endswith(tuple(FORMAT_BY_NAME)))
    forms = ((name, _form(found, name)) for name in islice(others, _LOOKED_INTO))
    known = [(UNREAD.index(form), name) for name, form in forms if form and form.name not in BESIDE_ANYTHING]
    place, told = min(known, default=(0, ""))
    return (
        [f"{one_line(told)} is {UNREAD[place].name}, which is not read: {UNREAD[place].way}"] if told else []
    )


def _form(found: Walk, name: str) -> UnreadForm | None:
    try:
        return form_of(name, read_file(found.root / name, FIRST_BYTES, follow_links=False))
    except AssayError:
        return None  # a hint more or less
