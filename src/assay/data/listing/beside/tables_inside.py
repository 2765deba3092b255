"""Tables that lie in the folders of the images, one in each, and have labels of these: the folders are sites,
batches or days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import PurePosixPath

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.advice.images import Images
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.listing.names import natural_key
from assay.data.listing.walk import Walk


@dataclass(frozen=True)
class _Inside:
    """A table in a folder of images: its columns of names and labels, and the labels of its images."""

    name: str
    path: str
    label: str
    labels: frozenset[str]


def tables_inside(found: Walk, folders: Collection[str]) -> list[str]:
    """The tables that lie in folders of images, in two or more."""
    known = set(folders) - {""}
    tables = (name for name in found.files if name.lower().endswith(SUFFIXES))
    inside = sorted((name for name in tables if name.rpartition("/")[0] in known), key=natural_key)
    return inside if len({name.rpartition("/")[0] for name in inside}) > 1 else []


def refuse_tables_inside(found: Walk, tables: Sequence[str], of_images: Mapping[str, str]) -> None:
    """Raise AssayError `ambiguous-layout` where tables in two folders or more tell several labels of the
    images beside them. of_images: the class of each image by its path, as the folders tell it."""
    seen = [one for name in tables if (one := _inside(found, name, of_images))]
    like = [one for one in seen if (one.path, one.label) == (seen[0].path, seen[0].label)]
    if len({one.name.rpartition("/")[0] for one in like}) < 2 or all(len(one.labels) < 2 for one in like):
        return
    first = like[0]
    labels = sorted(frozenset().union(*(one.labels for one in like)), key=natural_key)
    what = (
        f"{', '.join(one_line(one.name) for one in like[:2])}{' and more' if len(like) > 2 else ''} give the "
        f"images beside them other classes ({', '.join(map(one_line, labels[:3]))}) than their folders do"
    )
    sign = dumps(delimiter_of(found.root / first.name))
    setup = (
        f'M={{(t.rpartition("/")[0]+"/"+Path(r[{dumps(first.path)}].strip()).name):r[{dumps(first.label)}]'
        f" for t in {dumps([one.name for one in like])} for r in "
        f'csv.DictReader(open(t,encoding="utf-8-sig",newline=""),delimiter={sign})}};'
    )
    rows = (
        "((f.as_posix(),M[k],f.parts[-2]) for f in F "
        'for k in [next((k for k in (f.as_posix(),f.with_suffix("").as_posix()) if k in M),"")] if k)'
    )
    command = Images(found.root, list(of_images)).command(setup, rows, ("file_name", "label", "folder"))
    fix = f"This writes a table of all: {command} --group-column folder. Or say --layout classes."
    raise AssayError("ambiguous-layout", found.root, what, fix)


def _inside(found: Walk, name: str, of_images: Mapping[str, str]) -> _Inside | None:
    """A table with a usual name for its labels, whose rows are images of its own folder."""
    try:
        columns = first_rows(found.root / name)
    except AssayError:
        return None  # a note names it all the same
    folder, path = name.rpartition("/")[0], path_column(columns) or next(iter(columns), "")
    label = next((c for c in columns if c != path and usual_spelling(c) in LABEL_NAMES), None)
    names = [PurePosixPath(cell.strip().replace("\\", "/")).name for cell in columns.get(path, ())]
    own = {PurePosixPath(image).name for image in of_images if image.rpartition("/")[0] == folder}
    own |= {PurePosixPath(image).stem for image in own}
    if label is None or not names or sum(one in own for one in names) * 10 < 9 * len(names):
        return None
    return _Inside(name, path, label, frozenset(cell.strip() for cell in columns[label]))
