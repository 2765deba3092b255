"""Numbers and names as the report writes them."""

import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from assay.core.text import one_line

#: Longer names are cut in sentences; tables show them whole.
_LONGEST_NAME = 40


def count(number: int, singular: str = "", plural: str = "") -> str:
    """`1 image`, `60,000 images`: the number with its noun in the right form."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}" if singular else f"{number:,}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as a percentage; a dash where it is undefined."""
    return "\N{EN DASH}" if share is None else f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def points(difference: float | None, digits: int = 2) -> str:
    """A difference of shares in percentage points, with its sign; a dash where it is undefined."""
    if difference is None:
        return "\N{EN DASH}"
    return f"{round(100 * difference, digits) + 0.0:+.{digits}f} points"


def decimal(value: float | None, digits: int = 3) -> str:
    """Fixed digits; a dash where the value is undefined."""
    return "\N{EN DASH}" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def name(class_name: str) -> str:
    """A class name inside a sentence: visible characters only, and not too many."""
    line = one_line(class_name)
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def listed(words: Sequence[str], limit: int = 5) -> str:
    """`a, b and c`; beyond the limit `a, b and 7 more`."""
    shown = list(words[:limit])
    if len(words) > limit:
        shown.append(f"{len(words) - limit:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


#: Checks whose name needs more than its hyphens taken out.
_TITLES: Final = {
    "atypical": "Outliers",
    "identity": "Data identity",
    "leakage": "Train-test leakage",
    "quality": "Image quality",
    "separability": "Class separability",
    "unreadable": "Unreadable files",
}


def check_title(check: str) -> str:
    """A check's name as a heading: `label-errors` is `Label errors`."""
    return _TITLES.get(check, check.replace("-", " ").capitalize())


def prose(text: str) -> Markup:
    """A sentence as HTML: escaped, everything invisible made visible, `names in backticks` set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(one_line(text)))))


def kilobytes(size: int) -> str:
    """Bytes in KB of 1,024, with two digits: as summaries of nets write them."""
    return f"{size / 1024:,.2f} KB"
