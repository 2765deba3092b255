"""Columns that hold no labels whatever they are called: objects as text, paths, descriptions, measures."""

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.formats.text_table import SUFFIXES, Columns, delimiter_of
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.columns.one_hot import several_labels
from assay.data.listing.exported.record_fields import FIELDS_CODE, are_labels, fields_of
from assay.data.listing.names import natural_key
from assay.data.request import Request

#: Fewer labels, or so many as are alike, are asked nothing: names may be long.
_MANY: Final = 8

#: Keys that an error shows, and cells that are parsed to find them.
_SHOWN: Final = 6
_PARSED: Final = 5_000

#: A description has so many words in the mean.
_WORDS: Final = 4

_IMAGES: Final = (*FORMAT_BY_NAME, *REFUSED_SUFFIXES)
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+]{1,9}://\S+", re.IGNORECASE)
_COMMA: Final = re.compile(r"[-+]?\d+,\d+")
_MEASURE: Final = re.compile(r"([^\w\s]?)\s*[-+]?\d+(?:[.,]\d+)?\s*([^\d\s]{0,4})")
_ROW_OF_NUMBERS: Final = re.compile(r"[-+]?\d+(\.\d+)?([\s,;]+[-+]?\d+(\.\d+)?){2,}")
_RANGE: Final = re.compile(r"[(\[]\s*([-+]?\d+(?:\.\d+)?)\s*,\s*([-+]?\d+(?:\.\d+)?)\s*[)\]]")
_TIME: Final = re.compile(
    r"\d{4}[-/.]?\d\d[-/.]?\d\d([T _]?\d\d[:.]?\d\d([:.]?\d\d(\.\d+)?)?)?(Z|[-+]\d\d:?\d\d)?"
)
_CODE: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/_-]{16,}={0,2}")


def refuse_no_labels(labels: Sequence[str], where: object, column: str = "") -> None:
    """Raise AssayError `table-value` where labels are addresses, measures with a unit or, nearly all of them
    different, descriptions, times, codes or rows of numbers. "" is no label."""
    given = [label for label in labels if label]
    kind = _kind(given)
    if not kind:
        return
    of = f"the column {one_line(column)} holds" if column else "the labels are"
    what = f"{of} {kind}, such as {shortened(one_line(given[0]))!r}: Assay tells classes apart"
    fix = "Name another column with --label-column. If these are names of classes, list them with --classes."
    raise AssayError("table-value", where, what, fix)


def _kind(given: Sequence[str]) -> str:
    """What labels are that are none; empty where they may be labels."""
    distinct = set(given)
    if len(distinct) < 2:
        return ""
    if all(label.lower().endswith(_IMAGES) for label in distinct):
        return "names of images"
    if all(map(_ADDRESS.fullmatch, distinct)):
        return "addresses"
    if all(map(_COMMA.fullmatch, distinct)):
        return "numbers that are not whole"
    if len(given) < _MANY or 2 * len(distinct) <= len(given):
        return ""
    kinds = {"times": _TIME, "rows of numbers": _ROW_OF_NUMBERS, "codes": _CODE}
    for kind, form in kinds.items():
        if all(map(form.fullmatch, distinct)):
            return f"{kind}, {len(distinct):,} different ones in {len(given):,} rows"
    if _are_measures(distinct):
        return f"measures, {len(distinct):,} different ones in {len(given):,} rows"
    if sum(len(label.split()) for label in distinct) >= _WORDS * len(distinct):
        return f"descriptions, {len(distinct):,} different ones in {len(given):,} rows"
    return ""


def _are_measures(distinct: set[str]) -> bool:
    """Whether all are numbers with one unit or sign, some not whole; bare numbers are judged apart."""
    found = [_MEASURE.fullmatch(label) for label in distinct]
    units = {(one[1], one[2]) for one in found if one}
    return (
        all(found)
        and len(units - {("", "")}) == len(units) == 1
        and any(sign in label for label in distinct for sign in ".,")
    )


def refuse_structured(where: object, columns: Columns, column: str, request: Request) -> None:
    """Raise AssayError `table-value` for a column of objects or lists as text, JSON or as Python writes them,
    with their keys and the command for a table with the value of one; `several-labels` for lists."""
    cells = {cell.strip() for cell in columns[column]} - {""}
    if not isinstance(where, Path) and where != "DataFrame":
        return  # shards have rules of their own
    if not cells or any(cell[0] not in "{[(" for cell in cells) or _are_ranges(cells):
        return
    known, reader = _parsed(sorted(cells)[:_PARSED])
    if not known:
        return
    records = [known[cell.strip()] for cell in columns[column] if cell.strip() in known]
    if several := next((one for one in records if _holds_several(one)), None):
        what = f"the column {one_line(column)} holds lists such as {shortened(one_line(str(several)))}"
        raise several_labels(where, what)
    fields = [fields_of(record) for record in records]
    paths = sorted({path for own in fields for path in own}, key=natural_key)
    keys = ", ".join(one_line(path.lstrip(".").replace(".*", "") or "its items") for path in paths[:_SHOWN])
    first = shortened(one_line(min(cells)))
    what = f"the column {one_line(column)} holds objects or lists as text, such as {first!r}, and no label"
    what += f"; their keys are {keys}" if any(path.strip(".*") for path in paths) else ""
    label = _label_among(paths, fields)
    command = _command(where, column, label, reader, request) if label else ""
    fix = "Write a column with the label alone, and name it with --label-column."
    if command:
        fix = f"This writes a table with a column of {one_line(label.strip('.*')) or 'the items'}: {command}."
    raise AssayError("table-value", where, what, fix)


def _are_ranges(cells: Iterable[str]) -> bool:
    """Whether all are ranges of numbers that do not overlap, such as ages: (0, 2), (4, 6), (8, 12)."""
    found = [_RANGE.fullmatch(cell) for cell in cells]
    ranges = sorted((float(one[1]), float(one[2])) for one in found if one)
    ends = [end for pair in ranges for end in pair]
    return all(found) and len(ranges) > 1 and ends == sorted(ends) and all(low < high for low, high in ranges)


def _holds_several(value: Any) -> bool:
    """Whether it is a list of several plain values."""
    return isinstance(value, list) and len(value) > 1 and not any(isinstance(x, dict | list) for x in value)


def _parsed(cells: Sequence[str]) -> tuple[dict[str, Any], str]:
    """What each cell holds, and the function of Python that reads them; nothing where one holds no object,
    list or the like."""
    for read, name in ((json.loads, "json.loads"), (ast.literal_eval, "ast.literal_eval")):
        try:
            found = {cell: read(cell) for cell in cells}
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if all(isinstance(value, dict | list | tuple | set) for value in found.values()):
            whole = {cell: v if isinstance(v, dict) else list(v) for cell, v in found.items()}
            return whole, name
    return {}, ""


def _label_among(paths: Sequence[str], fields: Sequence[Mapping[str, Sequence[Any]]]) -> str:
    """The field with one value in each object that may be the label; empty where there is none."""
    may = []
    for path in paths:
        values = [own.get(path, [""]) for own in fields]
        texts = [str(one[0]) for one in values]
        if all(len(set(map(str, one))) == 1 for one in values) and are_labels(texts):
            may.append(path)
    usual = [path for path in may if usual_spelling(path.rpartition(".")[2]) in LABEL_NAMES]
    return next(iter(usual or may), "")


def _command(where: object, column: str, label: str, reader: str, request: Request) -> str:
    """A line for the shell that writes the table once more with a column `label`, never over a file."""
    if not isinstance(where, Path) or where.suffix.lower() not in SUFFIXES[:2] or not where.is_file():
        return ""
    names = (f"{where.stem}-label{number}.csv" for number in chain(("",), map(str, count(2))))
    name = next(name for name in names if not (where.parent / name).exists())
    code = (
        f"import ast,csv,json;{FIELDS_CODE}L=lambda x:x if isinstance(x,dict) else list(x);"
        f'R=csv.DictReader(open({dumps(where.name)},encoding="utf-8-sig",newline=""),'
        f"delimiter={dumps(delimiter_of(where))});"
        f'V=lambda c:dict(W(L({reader}(c.strip() or "{{}}")))).get({dumps(label)},"");'
        f'rows=[{{**r,"label":V(r[{dumps(column)}])}} for r in R];'
        f'w=csv.DictWriter(open({dumps(name)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    command = f"(cd {quote(str(where.parent))} && python3 -c {quote(code)})"
    options = {"--path-column": request.path_column, "--root": request.root and str(request.root)}
    given = "".join(f" {option} {quote(value)}" for option, value in options.items() if value)
    return f"{command} ; then give {quote(str(where.parent / name))}{given}"
