"""The column of a table that tells its splits, and which of its words means which."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.text_table import Columns
from assay.data.formats.texts.column_names import LABEL_NAMES, SPLIT_NAMES, optional_column, usual_spelling
from assay.data.listing.names import SPLIT_ORDER, natural_key, split_of
from assay.data.listing.tree import besides_split, has_split_word, splits_of
from assay.data.request import Request

#: Columns that may tell splits in words of their own, in lower case; and how many values they have at most.
_SPLIT_LIKE: Final = frozenset(("fold", "kfold", "folds", "usage", "phase", "purpose", "data_split"))
_MOST_SPLITS: Final = 20

#: What may stand beside the word of a split in a cell that means it: `PublicTest`, `id_val`.
_BESIDE: Final = frozenset("public private id ood official internal external seen unseen".split())

#: Parts the words of one split in --split-names: `train=0|1|2`.
_OR: Final = "|"


@dataclass(frozen=True)
class SplitColumn:
    """name: the column; None where there is none. notes: what was decided, or may be meant."""

    name: str | None = None
    notes: tuple[str, ...] = ()


def split_column(
    where: object, columns: Columns, names: Sequence[str], request: Request, used: Collection[str]
) -> SplitColumn:
    """The column of splits: as asked for, or by its usual name, or the only one whose words are all splits.

    names: the columns to choose from. used: of them, those with another purpose besides the label. Raises
    AssayError `column-missing`, and `option-not-used` where splits are named and there is no such column.
    """
    usual = optional_column(where, names, request.split_column, SPLIT_NAMES, "--split-column")
    if usual is not None:
        return SplitColumn(usual)
    label = optional_column(where, names, request.label_column, LABEL_NAMES, "--label-column")
    others = [name for name in names if name not in used and name != label]
    telling = [name for name in others if _tells_splits(columns[name])]
    if len({tuple(columns[name]) for name in telling}) == 1:
        note = f"the column {one_line(telling[0])} was read as the splits: all its words are names of splits"
        return SplitColumn(telling[0], (note,))
    if request.split_names:
        what = "there is no column of splits whose words it could tell apart"
        raise AssayError("option-not-used", "--split-names", what, "Name the column with --split-column.")
    return SplitColumn(None, _may_tell(columns, others))


def splits_of_cells(
    where: object, column: str, cells: Sequence[str], named: Mapping[str, str] | None
) -> tuple[list[str], list[str]]:
    """The split of each row by the word in its cell, and notes.

    named: what --split-names says, the word of each split, several of them parted by `|`. Unasked the usual
    words are known, and longer ones that contain one and nothing else that matters. Raises AssayError
    `table-value` for any other word, with what to type.
    """
    words = dict.fromkeys(cells)
    known = _named(named) if named else _known(words)
    unknown = [word for word in words if word not in known]
    if unknown:
        raise _no_splits(where, column, cells, unknown, known)
    odd = sorted((word for word in words if split_of(word) != known[word]), key=natural_key)
    told = ", ".join(f"{one_line(word)} is {known[word]}" for word in odd[:_MOST_SPLITS])
    return [known[cell] for cell in cells], [f"in the column {one_line(column)} {told}"] if odd else []


def _known(words: Collection[str]) -> dict[str, str]:
    """Word -> split, for those that name one."""
    exact = {word: split for word in words if (split := split_of(word))}
    longer = splits_of(word for word in words if besides_split(word) <= _BESIDE)
    return longer | exact


def _named(named: Mapping[str, str]) -> dict[str, str]:
    return {word.strip(): split for split, some in named.items() for word in some.split(_OR)}


def _tells_splits(cells: Sequence[str]) -> bool:
    """Whether all words of a column name splits, train and another one."""
    words = set(cells)
    if not 1 < len(words) <= _MOST_SPLITS:
        return False
    known = _known(words)
    found = set(known.values())
    return len(known) == len(words) and "train" in found and len(found) > 1


def likely_split_column(columns: Columns, names: Sequence[str]) -> str | None:
    """The column that most likely tells splits: by its usual name, by its words, or called like folds."""
    folded = {usual_spelling(name): name for name in reversed(names)}
    usual = next((folded[name] for name in SPLIT_NAMES if name in folded), None)
    if usual is not None and 1 < len(set(columns[usual])) <= _MOST_SPLITS:
        return usual
    telling = [name for name in names if _tells_splits(columns[name])]
    return next(iter([*telling, *_called_like_splits(columns, names)]), None)


def _called_like_splits(columns: Columns, names: Sequence[str]) -> list[str]:
    """The columns of a few words that are called like splits or folds."""
    return [
        name
        for name in names
        if (name.strip().casefold() in _SPLIT_LIKE or has_split_word(name))
        and 1 < len(set(columns[name])) <= _MOST_SPLITS
    ]


def _may_tell(columns: Columns, names: Sequence[str]) -> tuple[str, ...]:
    """A note on columns that nobody named as splits and that may hold them: is_test, fold, Usage."""
    may = _called_like_splits(columns, names)
    if not may:
        return ()
    told, first = ", ".join(map(one_line, may)), columns[may[0]]
    quoted = _quoted_example(first, _known(set(first)), may[0])
    way = f"--split-column {quote(one_line(may[0]))} --split-names {quoted}"
    each = [name for name in may if split_of(name)]
    rows = zip(*([cell.strip() for cell in columns[name]] for name in each), strict=True)
    if len(each) > 1 and all(sorted(row) == ["0"] * (len(each) - 1) + ["1"] for row in rows):
        way = f"as one column, by pandas: table['split'] = table[{each}].idxmax(axis=1)"
    return (f"no column of splits was read; {told} may tell them (for example {way})",)


def _no_splits(
    where: object, column: str, cells: Sequence[str], unknown: Sequence[str], known: Mapping[str, str]
) -> AssayError:
    row = next(row for row, cell in enumerate(cells, 1) if cell == unknown[0])
    what = f"row {row}: {shortened(one_line(unknown[0]))!r} is no split"
    more = ", ".join(repr(shortened(one_line(word), 20)) for word in sorted(unknown, key=natural_key)[:8])
    what += f" (of the column {one_line(column)} these are none: {more})" if len(unknown) > 1 else ""
    if len(set(cells)) > _MOST_SPLITS or not all(word.strip() for word in unknown):
        fix = "Write train, validation or test into every row, or name another column with --split-column."
        return AssayError("table-value", where, what, fix)
    fix = (
        "Say which word is which split, several parted by |: for example "
        f"--split-names {_quoted_example(cells, known, column)}."
    )
    return AssayError("table-value", where, what, fix)


def _quoted_example(cells: Sequence[str], known: Mapping[str, str], column: str) -> str:
    """--split-names for the words of a column: known ones, and the others as they are often meant."""
    words = sorted(set(cells), key=natural_key)
    if {word.strip().casefold() for word in words} <= {"0", "1", "true", "false", "yes", "no", "0.0", "1.0"}:
        yes = [word for word in words if word.strip().casefold() in ("1", "true", "yes", "1.0")]
        no = [word for word in words if word not in yes]
        other = next(iter(splits_of([column]).values()), "test")
        other, train = ("test", yes) if other == "train" else (other, no)
        meant = {"train": train, other: [word for word in words if word not in train]}
    else:
        meant = {}
        for word in words:
            if word in known:
                meant.setdefault(known[word], []).append(word)
        unknown = sorted((word for word in words if word not in known), key=_as_often_meant)
        if "train" not in meant and len(unknown) > 1:
            meant["train"] = unknown[:-1]
            unknown = unknown[-1:]
        free = next((split for split in ("test", "validation", "train") if split not in meant), "test")
        meant.setdefault(free, []).extend(unknown)
    ordered = [f"{split}={_OR.join(meant[split])}" for split in SPLIT_ORDER if meant.get(split)]
    text = one_line(",".join(ordered))
    return quote(text) if "'" in text else f"'{text}'"  # quoted also where a shell would not ask for it


def _as_often_meant(word: str) -> int:
    """Words for training first, words for a test last."""
    start = word.strip().casefold()[:2]
    return 0 if start == "tr" else 2 if start in ("te", "ho", "pr", "qu", "ga") else 1
