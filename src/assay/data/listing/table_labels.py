"""The labels of a table's rows: one column, or a column of 0 and 1 for each class; missing ones found."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import Columns
from assay.data.formats.texts.column_names import LABEL_NAMES, chosen_column, optional_column
from assay.data.listing.columns.labels import notes_on_other_labels
from assay.data.listing.columns.missing import is_missing, without_minus_one
from assay.data.listing.columns.one_hot import (
    labels_of_one_hot,
    one_hot_columns,
    several_labels,
    shown_columns,
)
from assay.data.listing.columns.structured import refuse_no_labels, refuse_structured
from assay.data.listing.columns.unused_rows import notes_on_unused_rows
from assay.data.listing.columns.votes import (
    columns_of_shares,
    note_on_raters,
    note_on_shares,
    way_from_raters,
    way_from_shares,
)
from assay.data.listing.names import natural_key
from assay.data.request import Request

#: What parts several labels in one cell.
_SEPARATORS: Final = re.compile(r"\s*[|;,]\s*")

#: The parts of a label between spaces and other signs that join words.
_WORDS: Final = re.compile(r"[^\s+&/_-]+")
_JOINING: Final = frozenset(("and", "or", "with"))

#: So many rows with a label each of its own are asked about.
_MANY: Final = 8

_WHOLE: Final = re.compile(r"[+-]?\d+")
_WHOLE_FLOAT: Final = re.compile(r"([+-]?\d+)\.0*")
_WHOLE_COMMA: Final = re.compile(r"([+-]?\d+),0+")

#: How two classes are spelled, in lower case, the one and the other; single characters count beside a word
#: alone. 1 and 0 go with all of them.
_OF_TWO: Final = (
    (("Yes", "No"), ("yes", "y"), ("no", "n")),
    (("True", "False"), ("true", "t", "yes", "y"), ("false", "f", "no", "n")),
    (("positive", "negative"), ("positive", "pos"), ("negative", "neg")),
    (("on", "off"), ("on",), ("off",)),
)


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
            labels, notes = labels_of_one_hot(where, columns, hot)
            more = [name for name in names if name not in hot]
            return labels, hot, [*notes, *notes_on_unused_rows(where, columns, more, request)]
        refuse_several_columns(where, columns, names, request)
        column = chosen_column(where, names, None, LABEL_NAMES, "--label-column")
    cells = [cell.strip() for cell in columns[column]]
    signs = {"+", "-"}  # beside + alone, - is the other of two classes, as -1 is beside 1
    kept = set(request.classes or ()) or (signs if {*cells, ""} == {*signs, ""} else set())
    if not kept:
        refuse_structured(where, columns, column, request)
    labels = ["" if is_missing(cell) and cell not in kept else cell for cell in cells]
    labels, notes = _whole_numbers(labels)
    if "-1" not in kept:
        labels = without_minus_one(labels)
    _refuse_several(where, column, labels, kept)
    if not kept:
        refuse_no_labels(labels, where, column)
    return labels, [column], [*notes, *notes_on_labels(where, columns, names, column, labels, request)]


def notes_on_labels(
    where: object,
    columns: Columns,
    names: Sequence[str],
    column: str,
    labels: Sequence[str],
    request: Request,
) -> list[str]:
    """Notes on what the labels of a column may be instead, and on columns that tell of labels or rows, too.

    names: the columns to look at. labels: of the rows, "" where there is none.
    """
    others = [name for name in names if name != column]
    return [
        *([] if request.label_column else notes_on_other_labels(columns, names, column)),
        *_on_distinct(column, labels),
        *note_on_shares(columns, names, column),
        *note_on_raters(where, columns, names, column, request),
        *notes_on_unused_rows(where, columns, others, request),
        *_tags(column, labels),
    ]


def refuse_several_columns(where: object, columns: Columns, names: Sequence[str], request: Request) -> None:
    """Raise AssayError `column-missing`, with what to do, where several columns tell the label together."""
    if shares := columns_of_shares(columns, names):
        fix = way_from_shares(where, shares, request)
    else:
        fix = way_from_raters(where, columns, names, request)
    if fix:
        what = f"no column is called {', '.join(LABEL_NAMES[:4])} or the like"
        raise AssayError("column-missing", where, what, fix)


def _on_distinct(column: str, labels: Sequence[str]) -> list[str]:
    """A note on labels of which most rows have one of their own."""
    values = len(set(labels))
    if len(labels) < _MANY or 2 * values <= len(labels):
        return []
    if values == len(labels):
        return [f"every row has a {one_line(column)} of its own: is it the label? (--label-column)"]
    rows = f"{values:,} values for {len(labels):,} rows"
    return [f"the column {one_line(column)} has {rows}: is it the label? (--label-column)"]


def _tags(column: str, labels: Sequence[str]) -> list[str]:
    """A note on labels that may be several tags in one: `haze primary` beside both words, also where words
    have signs in them, or `clear primary water` beside `clear primary` where few words make many labels;
    `Effusion|Hernia` beside one of both."""
    words = {label: frozenset(_WORDS.findall(label)) - _JOINING for label in set(labels) if label}
    single = {label for label in words if label in words[label]}
    few = len(frozenset().union(*words.values())) < len(words)
    pairs = {of for of in words.values() if len(of) > 1} if few else set()
    joint = [
        label
        for label, of in words.items()
        if (len(of) > 1 and (of <= single or any(of - {word} in pairs for word in of)))
        or (len(parts := _parts(label)) > 1 and not words.keys().isdisjoint(parts))
        or (len(tags := {*label.split()} - _JOINING) > 1 and tags <= words.keys())
    ]
    if not joint:
        return []
    first = one_line(min(joint, key=natural_key))
    return [
        f"labels of the column {one_line(column)} such as {first!r} may name several classes: each is one "
        "class here, for an image has one label"
    ]


def _whole_numbers(labels: list[str]) -> tuple[list[str], list[str]]:
    """Labels such as 3.0 as 3, where every label is a whole number, written as a float or not; truth values
    in several spellings as True and False."""
    given = {label for label in labels if label}
    commas = len(given) > 1 and all(map(_WHOLE_COMMA.fullmatch, given))
    floats = [label for label in given if _WHOLE_FLOAT.fullmatch(label)]
    if commas:
        return [_WHOLE_COMMA.sub(r"\1", label) for label in labels], ["labels such as 1,0 were read as 1"]
    if floats and all(_WHOLE.fullmatch(label) for label in given.difference(floats)):
        return [_WHOLE_FLOAT.sub(r"\1", label) for label in labels], ["labels such as 1.0 were read as 1"]
    plain = {label.casefold() for label in given}
    for (one, other), ones, others in _OF_TWO if len(given) > 2 else ():
        words = {word for word in (*ones, *others) if len(word) > 1}
        if plain & words and plain <= {*ones, *others, "1", "1.0", "0", "0.0"}:
            second = {*others, "0", "0.0"}
            read = [(other if label.casefold() in second else one) if label else "" for label in labels]
            return read, [f"{' and '.join(sorted(given))} were read as two classes, {one} and {other}"]
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


def without_any(splits: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """The splits but train without any label, with their rows, where other rows have labels."""
    labelled = {split for split, label in zip(splits, labels, strict=True) if label}
    counts = Counter(splits)
    return {split: counts[split] for split in counts if split not in labelled | {"train"}} if labelled else {}


def refuse_unlabelled(
    where: object, rows: Mapping[int, str], total: int, hot: Sequence[str] = (), no: str = "0"
) -> AssayError:
    """The error for rows without a label. rows: number of the row -> its file. hot: the columns of labels, in
    which these rows have `no`, or the first of them in the only one."""
    first = min(rows)
    what = (
        f"{len(rows):,} of {total:,} rows have no label, the first is row {first} ({one_line(rows[first])})"
    )
    fix = "Fill them in, or leave them out with --skip-unlabelled (a word that --classes names is a class)."
    if len(hot) == 1 and no:
        what += f": it has {one_line(no)!r}, a word for none"
    if len(hot) > 1:
        what += f": {one_line(no)} in all of the columns {shown_columns(hot)}"
        fix = (
            "If they are a class of their own, add a column for it; or leave them out with --skip-unlabelled."
        )
    return AssayError("table-value", where, what, fix)
