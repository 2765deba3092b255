"""Tables that lie in the folders of the images, one in each, and have labels of these: the folders are sites,
batches or days."""

import codecs
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file
from assay.data.formats.text_table import SUFFIXES, delimiter_of, read_table
from assay.data.listing.advice.images import Images
from assay.data.listing.beside.label_agreement import parted_otherwise
from assay.data.listing.beside.label_tables import are_classes, called_otherwise, column_of_labels
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.walk import Walk

#: Tables that one command joins; where there are more, none is shown.
_MOST: Final = 200

#: The share of the rows of a table that are images beside it, at least.
_OWN: Final = 0.9


@dataclass(frozen=True)
class _Inside:
    """A table in a folder of images, its columns of names and labels, and the label of each image by its
    path, with or without its ending."""

    name: str
    path: str
    label: str
    labels: Mapping[str, str]


def tables_inside(found: Walk, folders: Collection[str]) -> list[str]:
    """The tables that lie in folders of images, in two or more."""
    known = set(folders) - {""}
    tables = (name for name in found.files if name.lower().endswith(SUFFIXES))
    inside = sorted((name for name in tables if name.rpartition("/")[0] in known), key=natural_key)
    return inside if len({name.rpartition("/")[0] for name in inside}) > 1 else []


def refuse_tables_inside(
    found: Walk, tables: Sequence[str], of_images: Mapping[str, str], to_keep: str
) -> None:
    """Raise AssayError `ambiguous-layout` where tables in two folders or more have labels of the images
    beside them, one for each, and the classes of the folders tell nothing of these.

    of_images: the class of each image by its path. to_keep: what to do where the folders count.
    """
    if not 1 < len(tables) <= _MOST:
        return
    own: defaultdict[str, set[str]] = defaultdict(set)
    for image in of_images:
        own[image.rpartition("/")[0]] |= {image, _bare(image)}
    read = [one for name in tables if (one := _inside(found, name, own[name.rpartition("/")[0]]))]
    told = _joined(read)
    pairs = {image: told.get(image, told.get(_bare(image), "")) for image in of_images}
    pairs = {image: label for image, label in pairs.items() if label}
    if not are_classes(list(pairs.values())) or not _are_apart(pairs, of_images):
        return
    labels = sorted(set(pairs.values()), key=natural_key)
    what = (
        f"{', '.join(one_line(one.name) for one in read[:2])}{' and more' if len(read) > 2 else ''} give the "
        f"images beside them other classes ({', '.join(map(one_line, labels[:3]))}) than their folders do"
    )
    count = len(of_images)
    some = "all" if len(pairs) == count else f"{len(pairs):,} of {count:,} images, those that they name"
    command = _command(found, read, list(of_images))
    raise AssayError(
        "ambiguous-layout", found.root, what, f"This writes a table of {some}: {command}. Or {to_keep}."
    )


def _inside(found: Walk, name: str, own: Collection[str]) -> _Inside | None:
    """A table with a usual name for its labels, whose rows are images of its own folder; None where it has
    several labels for one. own: their paths, with and without endings."""
    folder, _, file = name.rpartition("/")
    if not file.lower().endswith(SUFFIXES[:2]) or called_otherwise(file):
        return None
    try:
        columns = first_rows(found.root / name)
        path = path_column(columns) or next(iter(columns), "")
        label = column_of_labels(columns, path)
        if label is None or not _is_utf_8(found, name):
            return None
        columns = read_table(found.root / name)
    except AssayError:
        return None  # a note names it all the same
    labels: dict[str, str] = {}
    for cell, told in zip(columns[path], columns[label], strict=True):
        image = f"{folder}/{cell.strip().replace(chr(92), '/').rpartition('/')[2]}"
        if labels.setdefault(image, told.strip()) != told.strip():
            return None
    if not labels or sum(image in own for image in labels) < _OWN * len(labels):
        return None
    return _Inside(name, path, label, labels)


def _joined(tables: Sequence[_Inside]) -> dict[str, str]:
    """The labels of all tables; none where two of them differ, or no two folders have the same labels."""
    told: dict[str, str] = {}
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for table in tables:
        for image, label in table.labels.items():
            if told.setdefault(image, label) != label:
                return {}
            folders[label].add(image.rpartition("/")[0])
    return told if sum(len(places) > 1 for places in folders.values()) > 1 else {}


def _are_apart(labels: Mapping[str, str], of_images: Mapping[str, str]) -> bool:
    """Whether the classes of the folders tell nothing of the labels of their images, nor these of them; a
    label that is the most frequent one in each folder, as for a rare disease, tells of none."""
    pairs = [(of_images[image], label) for image, label in labels.items()]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for known, label in pairs:
        counts[known][label] += 1
    other = parted_otherwise(pairs)
    usual = {some.most_common(1)[0][0] for some in counts.values()}
    return other is not None and (other.apart or len(counts) > 1 == len(usual))


def _command(found: Walk, tables: Sequence[_Inside], images: Sequence[str]) -> str:
    """The command that joins the tables, and what to give then: with the folders as groups, or where folders
    are splits, with these."""
    listed = [[one.name, one.path, one.label, delimiter_of(found.root / one.name)] for one in tables]
    setup = (
        'M={(t.rpartition("/")[0]+"/"+Path(r[p].strip().replace(chr(92),"/")).name):r[l].strip()'
        f" for t,p,l,d in {dumps(listed)} for r in csv.DictReader((x for x in "
        'open(t,encoding="utf-8-sig",newline="") if x[:4].lower()!="sep="),delimiter=d)};'
    )
    depth, splits = _splits(images)
    last = f"{dumps(splits)}[f.parts[{depth}]]" if splits else "f.parts[-2]"
    rows = (
        f"((f.as_posix(),M[k],{last}) for f in F "
        'for k in [next((k for k in (f.as_posix(),f.with_suffix("").as_posix()) if k in M),"")] if k)'
    )
    columns = ("file_name", "label", "split" if splits else "folder")
    command = Images(found.root, images).command(setup, rows, columns)
    return command if splits else f"{command} --group-column folder"


def _splits(images: Sequence[str]) -> tuple[int, dict[str, str]]:
    """How deep the folders lie that are called after splits, and the split of each; none where there are
    others so deep."""
    parts = [image.split("/")[:-1] for image in images]
    for depth in range(min(map(len, parts))):
        splits = {own[depth]: split_of(own[depth]) or "" for own in parts}
        if all(splits.values()) and len(set(splits.values())) > 1:
            return depth, splits
    return 0, {}


def _is_utf_8(found: Walk, name: str) -> bool:
    """Whether a table is not in UTF-16, which the command does not read."""
    with open_file(found.root / name) as file:
        return file.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _bare(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))
