"""The labels of a table's rows: one column, or a column of 0 and 1 for each class; missing ones found."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import LABEL_NAMES, Columns, chosen_column, optional_column
from assay.data.listing.columns.labels import notes_on_other_labels
from assay.data.listing.columns.missing import is_missing, without_minus_one
from assay.data.listing.names import natural_key
from assay.data.listing.tree import has_split_word, words_of
from assay.data.request import Request

#: What parts several labels in one cell.
_SEPARATORS: Final = re.compile(r"\s*[|;,]\s*")

#: The parts of a label between spaces and other signs that join words.
_WORDS: Final = re.compile(r"[^\s+&/_-]+")

#: What the name of a column of 0 and 1 has that tells whether something is so, or counts, and is no class.
_FLAGS: Final = frozenset("is has verified reviewed checked flag count id".split())

#: So many rows with a label each of its own are asked about.
_MANY: Final = 8

_WHOLE: Final = re.compile(r"[+-]?\d+")
_WHOLE_FLOAT: Final = re.compile(r"([+-]?\d+)\.0*")


def table_labels(
    where: object, columns: Columns, request: Request, used: Collection[str]
) -> tuple[list[str], list[str], list[str]]:
    """Each row's label ("" where it is missing), the columns that hold them, and notes.

    used: columns with another purpose. Raises AssayError `column-missing`, and `several-labels` for several
    labels an image.
    """
    names = [name for name in columns if name not in used]
    column = optional_column(where, names, request.label_column, LABEL_NAMES, "--label-column")
    if column is None:
        hot = one_hot_columns(columns, names)
        if hot:
            return _from_one_hot_columns(where, columns, hot)
        column = chosen_column(where, names, None, LABEL_NAMES, "--label-column")
    kept = set(request.classes or ())
    cells = [cell.strip() for cell in columns[column]]
    labels = ["" if is_missing(cell) and cell not in kept else cell for cell in cells]
    labels, notes = _whole_numbers(labels)
    if "-1" not in kept:
        labels = without_minus_one(labels)
    _refuse_several(where, column, labels, kept)
    others = [] if request.label_column else notes_on_other_labels(columns, names, column)
    if len(labels) >= _MANY and len(set(labels)) == len(labels):
        others.append(f"every row has a {one_line(column)} of its own: is it the label? (--label-column)")
    return labels, [column], [*notes, *others, *_tags(column, labels)]


def _tags(column: str, labels: Sequence[str]) -> list[str]:
    """A note on labels that may be several tags in one: `haze primary` beside both words, or `clear primary
    water` beside `clear primary` where few words make many labels."""
    words = {label: frozenset(_WORDS.findall(label)) for label in set(labels) if label}
    single = {label for label in words if label in words[label]}
    few = len(frozenset().union(*words.values())) < len(words)
    pairs = {of for of in words.values() if len(of) > 1} if few else set()
    joint = [
        label
        for label, of in words.items()
        if len(of) > 1 and (of <= single or any(of - {word} in pairs for word in of))
    ]
    if not joint:
        return []
    first = one_line(min(joint, key=natural_key))
    return [
        f"labels of the column {one_line(column)} such as {first!r} may name several classes: each is one "
        "class here, for an image has one label"
    ]


def one_hot_columns(columns: Columns, names: Sequence[str]) -> list[str]:
    """The columns that hold nothing but 0 and 1, two at least with a 1; without those whose names tell
    splits and, where two others are left, counts or whether something is so."""
    hot = [
        name
        for name in names
        if columns[name] and all(cell.strip() in ("0", "1", "0.0", "1.0") for cell in columns[name])
    ]
    hot = [name for name in hot if not has_split_word(name)]
    classes = [name for name in hot if words_of(name).isdisjoint(_FLAGS)]
    hot = classes if len(classes) > 1 else hot
    used = [name for name in hot if any(cell.strip().startswith("1") for cell in columns[name])]
    return hot if len(used) > 1 else []


def are_exclusive(columns: Columns, hot: Sequence[str]) -> bool:
    """Whether no row has several ones, and most have one: attributes of pictures have several, or few."""
    rows = zip(*(columns[name] for name in hot), strict=True)
    ones = [sum(cell.strip().startswith("1") for cell in row) for row in rows]
    return bool(max(ones) == 1 and 2 * sum(ones) >= len(ones))


def _from_one_hot_columns(
    where: object, columns: Columns, hot: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    labels = []
    for row, cells in enumerate(zip(*(columns[name] for name in hot), strict=True), 1):
        ones = [name for name, cell in zip(hot, cells, strict=True) if cell.strip().startswith("1")]
        if len(ones) > 1:
            what = f"row {row} has 1 in the columns {', '.join(map(one_line, ones[:3]))}"
            raise several_labels(where, what, one_line(ones[0]))
        labels.append(ones[0].strip() if ones else "")
    shown = ", ".join(one_line(name.strip()) for name in hot[:4]) + (", ..." if len(hot) > 4 else "")
    note = f"the columns {shown} were read as one-hot labels"
    return labels, list(hot), [note]


def _whole_numbers(labels: list[str]) -> tuple[list[str], list[str]]:
    """Labels such as 3.0 as 3, where every label is a whole number, written as a float or not; truth values
    in several spellings as True and False."""
    given = {label for label in labels if label}
    floats = [label for label in given if _WHOLE_FLOAT.fullmatch(label)]
    if floats and all(_WHOLE.fullmatch(label) for label in given.difference(floats)):
        return [_WHOLE_FLOAT.sub(r"\1", label) for label in labels], ["labels such as 1.0 were read as 1"]
    if len(given) > 2 and {label.casefold() for label in given} <= {"true", "false"}:
        told = " and ".join(sorted(given))
        return [label.capitalize() for label in labels], [f"{told} were read as two classes, True and False"]
    return labels, []


def _refuse_several(where: object, column: str, labels: Sequence[str], kept: Collection[str]) -> None:
    """Refuse cells that name several classes: their parts occur in other cells too."""
    counts = Counter(label for label in labels if label)
    joint = {label: _parts(label) for label in counts if label not in kept and len(_parts(label)) > 1}
    if not joint:
        return
    seen = Counter(part for label in counts for part in set(_parts(label)))
    shared = [label for label, parts in joint.items() if all(seen[part] > 1 for part in parts)]
    if shared and len(seen) < len(counts):
        first = min(shared, key=natural_key)
        raise several_labels(where, f"the column {column!r} has labels such as {one_line(first)!r}")


def _parts(label: str) -> list[str]:
    inner = label[1:-1] if label[:1] + label[-1:] in ("[]", "()", "{}") else label
    return [part.strip("'\" ") for part in _SEPARATORS.split(inner) if part.strip("'\" ")]


def several_labels(where: object, what: str, column: str = "") -> AssayError:
    """The error for several labels an image. column: one of several that can be the label alone."""
    one = f", or read one column alone, as by --label-column '{column}'" if column else ""
    fix = (
        f"Give one class an image (of several raters, the one that most gave){one}; Assay does not train on "
    )
    fix += "several labels at once."
    return AssayError("several-labels", where, f"{what}: several labels an image", fix)


def without_any(splits: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """The splits but train without any label, with their rows, where other rows have labels."""
    labelled = {split for split, label in zip(splits, labels, strict=True) if label}
    counts = Counter(splits)
    return {split: counts[split] for split in counts if split not in labelled | {"train"}} if labelled else {}


def refuse_unlabelled(
    where: object, rows: Mapping[int, str], total: int, hot: Sequence[str] = ()
) -> AssayError:
    """The error for rows without a label. rows: number of the row -> its file. hot: one-hot columns."""
    first = min(rows)
    what = (
        f"{len(rows):,} of {total:,} rows have no label, the first is row {first} ({one_line(rows[first])})"
    )
    fix = "Fill them in, or leave them out with --skip-unlabelled (a word that --classes names is a class)."
    if len(hot) > 1:
        shown = ", ".join(one_line(name.strip()) for name in hot[:4]) + (", ..." if len(hot) > 4 else "")
        what += f": 0 in all of the columns {shown}"
        fix = (
            "If they are a class of their own, add a column for it; or leave them out with --skip-unlabelled."
        )
    return AssayError("table-value", where, what, fix)
