"""Labels that several columns or rows tell together: shares of classes, votes, what several people said."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from json import dumps
from math import isclose
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.text_table import Columns
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.columns.one_hot import is_yes, one_hot_columns, shown_columns
from assay.data.listing.columns.written import command_for_table
from assay.data.request import Request

#: The share of the rows that must add up to what most add up to, of images that most rows agree on, and how
#: far two columns must agree beyond chance (Cohen's kappa) where their names do not say that they are alike.
_SHARE: Final = 0.9
_AGREED: Final = 0.5
_KAPPA: Final = 0.4

_MOST_CLASSES: Final = 1_000

#: Rows that tell what a column holds.
_LOOKED_AT: Final = 2_000

#: Python for what most of some values are, "" where there is none or where two are as many.
_MOST: Final = (
    'M=lambda v:(lambda c:c[0][0] if c and (len(c)<2 or c[0][1]>c[1][1]) else "")'
    "(Counter(x for x in v if x).most_common(2))"
)


def columns_of_shares(columns: Columns, names: Collection[str]) -> list[str]:
    """The columns, two at least, that hold a number from 0 on for each class, which add up to the same in
    nearly every row: probabilities, or the votes of as many people."""
    numbers: dict[str, list[float]] = {}
    for name in names:
        found = list(map(_number, columns[name][:_LOOKED_AT]))
        if found and None not in found:
            numbers[name] = [value for value in found if value is not None]
    if not 1 < len(numbers) < _MOST_CLASSES:
        return []
    sums = [sum(row) for row in zip(*numbers.values(), strict=True)]
    usual, _ = Counter(round(total, 1) for total in sums).most_common(1)[0]
    alike = sum(isclose(total, usual, rel_tol=0.02) for total in sums)
    differ = len({tuple(row) for row in zip(*numbers.values(), strict=True)}) > 1
    return list(numbers) if usual > 0 and differ and alike >= _SHARE * len(sums) else []


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def way_from_shares(where: object, hot: Sequence[str], request: Request) -> str:
    """What to do with columns of shares or votes: the command that writes the largest as the label."""
    values = ",".join(dumps(name) for name in hot)
    code = (
        f"K=[{values}];X=lambda r:[k for k in K if float(r[k])==max(float(r[j]) for j in K)];"
        'rows=[{**r,"label":x[0] if len(x)<2 else ""} for r in R for x in [X(r)]]'
    )
    command = command_for_table(where, "largest", code, request)
    told = (
        f"The columns {shown_columns(hot)} add up to the same in each row, as shares of classes or votes do"
    )
    if not command:
        return f"{told}: write a column with the class of the largest, and name it with --label-column."
    none = "and none where two are"
    return f"{told}: this writes a table with the class of the largest as the label, {none}: {command}."


def note_on_shares(columns: Columns, names: Collection[str], column: str) -> list[str]:
    """A note where the column of labels is one of those."""
    hot = columns_of_shares(columns, names) if column in names else []
    if column not in hot:
        return []
    return [
        f"the columns {shown_columns(hot)} add up to the same in each row, as shares of classes or votes do: "
        f"the classes here are the numbers in {one_line(column)}"
    ]


def columns_of_raters(columns: Columns, names: Sequence[str], column: str) -> list[str]:
    """The columns that hold the classes of `column`, too, where some differ from it: called alike but for a
    number or letter at the end (rater_1, rater_2), or of words that agree far beyond chance."""
    cells = _labels(columns[column])
    classes = set(cells) - {""}
    words = not any(map(_is_number_or_answer, classes))
    found = []
    for name in names:
        some = _labels(columns[name][:_LOOKED_AT])
        if sum(cell in classes or not cell for cell in some) < _AGREED * len(some):
            continue  # most columns of a large table
        others = _labels(columns[name])
        theirs = set(others) - {""}
        same = len(theirs & classes) > 1 and (theirs <= classes or classes <= theirs)
        if name == column or not same:
            continue
        if _stem(name) == _stem(column) or (words and others != cells and _kappa(cells, others) >= _KAPPA):
            found.append(name)
    return found if any(_labels(columns[name]) != cells for name in found) else []


def _labels(cells: Sequence[str]) -> list[str]:
    known = {cell: "" if is_missing(cell) else cell.strip() for cell in set(cells)}
    return [known[cell] for cell in cells]


def _is_number_or_answer(label: str) -> bool:
    answers = ("yes", "no", "true", "false", "y", "n", "t", "f", "left", "right")
    return label.casefold() in answers or label.lstrip("+-").replace(".", "").isdigit()


def _stem(name: str) -> str:
    """A name without the number or the single letter that it ends in, or itself."""
    plain = name.strip().casefold()
    short = plain.rstrip("0123456789").rstrip("_- ")
    if short == plain and len(plain) > 2 and plain[-2] in "_- ":
        short = plain[:-2]
    return short or plain


def _kappa(cells: Sequence[str], others: Sequence[str]) -> float:
    """Cohen's kappa of the rows that have both (Cohen 1960); 0 where chance alone would agree."""
    both = [pair for pair in zip(cells, others, strict=True) if all(pair)]
    if not both:
        return 0.0
    agreed = sum(one == other for one, other in both) / len(both)
    first, second = (Counter(side) for side in zip(*both, strict=True))
    chance = sum(first[label] * second[label] for label in first) / len(both) ** 2
    return 0.0 if chance == 1 else (agreed - chance) / (1 - chance)


def note_on_raters(
    where: object, columns: Columns, names: Sequence[str], column: str, request: Request
) -> list[str]:
    """A note on the columns of other raters, with the command for what most of them said."""
    others = columns_of_raters(columns, names, column)
    if not others:
        return []
    cells = _labels(columns[column])
    differ = {
        name: sum(a != b for a, b in zip(cells, _labels(columns[name]), strict=True)) for name in others
    }
    told = ", ".join(f"{one_line(name)} ({counted(rows, 'row', 'rows')})" for name, rows in differ.items())
    command = _command_of_most(where, [column, *others], request) if len(others) > 1 else ""
    most = (
        f"; this writes a table with what most of them say, and none where two do: {command}"
        if command
        else ""
    )
    return [f"other labels of the same classes differ: {told}; read was {one_line(column)}{most}"]


def way_from_raters(where: object, columns: Columns, names: Sequence[str], request: Request) -> str:
    """What to do where no column is called like labels and several are of as many raters; else empty."""
    for name in names:
        others = columns_of_raters(columns, names, name)
        if others:
            command = _command_of_most(where, [name, *others], request)
            told = (
                f"{', '.join(map(one_line, [name, *others][:4]))} hold the same classes, as of several raters"
            )
            most = f"; or, with what most say and none where two do: {command}" if command else ""
            return f"{told}. Name one with --label-column{most}."
    return ""


def _command_of_most(where: object, names: Sequence[str], request: Request) -> str:
    cells = ",".join(f"r[{dumps(name)}].strip()" for name in names)
    code = f'{_MOST};rows=[{{**r,"label":M([{cells}])}} for r in R]'
    return command_for_table(where, "most", code, request)


def way_from_rows(where: object, columns: Columns, path: str, label: str, request: Request) -> str:
    """What to do with several rows an image that have other labels: the command for the rows in which a
    column of 0 and 1 says yes, where each image has one; or for what most rows say, where most agree. Else
    empty."""
    images: dict[str, list[int]] = {}
    for row, cell in enumerate(columns[path]):
        images.setdefault(cell.strip(), []).append(row)
    labels = _labels(columns[label])
    for name in columns:
        if name not in (path, label) and _one_yes(images, columns, name):
            yes = next(cell.strip() for cell in columns[name] if is_yes(cell))
            code = f"rows=[r for r in R if r[{dumps(name)}].strip()=={dumps(yes)}]"
            if command := command_for_table(where, "yes", code, request):
                kept = f"each image has at most one row with {yes} in {one_line(name)}"
                return f"Where {kept}, this writes a table of these: {command}."
    several = [
        Counter(labels[row] for row in rows if labels[row]) for rows in images.values() if len(rows) > 1
    ]
    agreed = sum(_has_most(found) for found in several)
    if not several or agreed < _AGREED * len(several):
        return ""
    code = (
        f"{_MOST};G={{}};[G.setdefault(r[{dumps(path)}].strip(),[]).append(r) for r in R];"
        f"rows=[{{**g[0],{dumps(label)}:M([r[{dumps(label)}].strip() for r in g])}} for g in G.values()]"
    )
    command = command_for_table(where, "most", code, request)
    told = f"Of {len(several):,} images with several rows {agreed:,} have one label in most of them"
    return f"{told}: this writes a table of it, and none where two are as many: {command}." if command else ""


def with_way(error: AssayError, way: str) -> AssayError:
    """The error with this way on in place of its own, where there is one."""
    return AssayError(error.code, error.where, error.what, way) if way else error


def _one_yes(images: Mapping[str, Sequence[int]], columns: Columns, name: str) -> bool:
    """Whether a column of yes and no says yes of one row of most images, and of no two of one."""
    if one_hot_columns({name: columns[name], "": columns[name]}, [name, ""]) == []:
        return False
    counts = [sum(is_yes(columns[name][row]) for row in rows) for rows in images.values()]
    return max(counts) == 1 and sum(counts) > _AGREED * len(counts) and len(columns[name]) > len(counts)


def _has_most(found: Counter[str]) -> bool:
    most = found.most_common(2)
    return bool(most) and (len(most) == 1 or most[0][1] > most[1][1])
