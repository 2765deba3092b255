"""Escaping of untrusted text: made visible in logs, neutral in CSV, escaped in HTML and Markdown."""

import csv
import difflib
import html
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, Final

#: A cell starting with one of these is run as a formula by spreadsheets (OWASP: CSV injection).
#: The apostrophe is here so that the neutralized form can be told from the original.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


def one_line(text: str) -> str:
    """`text` with everything that could move the cursor, hide or reorder text made visible.

    Control, format (bidirectional overrides among them), surrogate and line-separator characters
    become backslash escapes; all others stay.
    """
    return "".join(_visible(c) for c in text)


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def markdown_text(text: str) -> str:
    """`text` in one line that is no Markdown and no HTML, for a sentence or a cell of a table."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#!~" else c for c in plain)


def neutral_cell(value: object) -> str:
    """A CSV cell that no spreadsheet runs: text that begins like a formula gets a leading apostrophe.

    Numbers, and a dash alone, are written as they are. `plain_cell` gives the text back.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    safe = text.replace("\0", "\\x00")
    return "'" + safe if safe.startswith(_FORMULA_STARTS) and safe != "-" else safe


def plain_cell(cell: str) -> str:
    """The text that `neutral_cell` was given."""
    return cell[1:] if cell.startswith("'") else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole CSV file as text, with `\\n` line ends; every text cell is neutralized."""
    return "".join(csv_lines(header, rows))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The same, row by row, for tables that are not to be held in memory."""
    # The writer quotes a cell with a character of its line end: of "\r" too, which readers take for one.
    line_of = csv.writer(_Given(), lineterminator="\r\n").writerow
    for row in chain([header], rows):
        line: str = line_of(list(map(neutral_cell, row)))
        yield line.removesuffix("\r\n") + "\n"


class _Given:
    """A file that keeps nothing: the csv module's `writerow` gives back what `write` gave."""

    def write(self, line: str) -> str:
        return line


def read_csv_text(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of what `csv_text` wrote; text cells as before. ValueError for anything else."""
    try:
        rows = [[plain_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise ValueError(f"it is no CSV ({error})") from error
    if not rows:
        raise ValueError("it is empty")
    return rows[0], rows[1:]


def counted(count: int, one: str, many: str) -> str:
    """A number with the words that go with it: `1 link`, `2 links`."""
    return f"{count:,} {one if count == 1 else many}"


#: Digits of the largest number that is always exact as int64. Python itself refuses those of thousands.
_MOST_DIGITS: Final = 18


def whole_number(text: str) -> int | None:
    """The number that a text of digits is; None for any other text, and for one of more than 18 digits."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def in_unicode(text: str) -> str:
    """What UTF-8 can hold: each byte of a file name that is no Unicode as an escape, `\\udcff`.

    The same in each locale: in one of ASCII, Python gives all bytes of a name in UTF-8 as such.
    """
    if text.isascii():
        return text
    with suppress(UnicodeEncodeError):  # half of a pair, which no file name has
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key twice: of two values JSON takes the last without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        rest = [key for key, _ in pairs]
        twice = next(key for key in found if rest.count(key) > 1)
        raise ValueError(f"the key {shortened(one_line(twice))!r} occurs twice")
    return found


def no_constant(name: str) -> float:
    """For `json.loads(..., parse_constant=)`. Raises ValueError: JSON has no NaN and no infinity."""
    raise ValueError(f"{name} is no value of JSON")


def words_of(error: BaseException) -> str:
    """What an exception says; "" where it is somebody else's and cannot say it."""
    try:
        return str(error)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return ""


def shortened(text: str, most: int = 100) -> str:
    """The text or, where it is long, its beginning."""
    return text if len(text) <= most else f"{text[:most]}..."


def nearest(name: str, options: Iterable[str]) -> str | None:
    """The option that is spelled most like `name`, or whose words begin with its letters (`lr`), or None.

    Dashes in front do not count: all options of a command have them.
    """
    asked, by_folded = _undashed(name), {_undashed(option): option for option in options}
    initials = {_initials(one): one for one in by_folded if len(_initials(one)) > 1}
    found = difflib.get_close_matches(asked, by_folded, n=1, cutoff=0.6) or [initials.get(asked, "")]
    return by_folded.get(found[0])


def _undashed(name: str) -> str:
    return name.casefold().lstrip("-")


def _initials(name: str) -> str:
    return "".join(word[:1] for word in name.replace("_", "-").split("-"))


def choices(name: str, options: Sequence[str]) -> str:
    """A hint for an error's fix: the nearest option, then all of them (or the first 20)."""
    if not options:
        return "There are none"
    near = nearest(name, options)
    shown = ", ".join(options[:20]) + (", ..." if len(options) > 20 else "")
    return (f"Did you mean {near}? " if near else "") + f"There are: {shown}"


def html_table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """A small HTML table with every cell escaped, for notebooks."""
    head = "".join(f"<th>{html.escape(one_line(name))}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(one_line(str(cell)))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption>{html.escape(one_line(caption))}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
