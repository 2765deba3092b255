"""Numbers on the page are looked up in the records that become audit.json and evaluation.json.

Each stands in an element that names its place (`data-key`, file and JSON pointer) and its full value
(`data-value`), so that the page cannot say anything else than the files, and a test can check it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

from assay.core.text import one_line
from assay.reports.findings.wording import count, decimal, percent, points

Key = str | int

#: How a value is written, by the name that templates use.
FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "text": lambda value: one_line(str(value)),
    "integer": lambda value: "\N{EN DASH}" if value is None else count(value),
    "rounded": lambda value: decimal(value, 0),
    "percent": lambda value: percent(value, 1),
    "points": lambda value: points(value, 1),
    "percent1": lambda value: percent(value, 1),
    "decimal": lambda value: decimal(value, 3),
    "decimal3": lambda value: decimal(value, 3),
    "decimal2": lambda value: decimal(value, 2),
}


@dataclass(frozen=True)
class Numbers:
    """Looks values up by file name and keys. records: the content of each JSON file by its name."""

    records: Mapping[str, Any]

    def value(self, file: str, *keys: Key) -> Any:
        """The value at a place. Raises KeyError or IndexError where there is none."""
        found = self.records[file]
        for key in keys:
            found = found[key]
        return found

    def __call__(self, how: str, file: str, *keys: Key) -> Markup:
        """The value as an element of the page, written by `FORMATS[how]`."""
        return self.at(how, file, keys)

    def at(self, how: str, file: str, keys: Sequence[Key]) -> Markup:
        """The same for keys that come as one value."""
        value = self.value(file, *keys)
        return Markup('<span class="figure-value" data-key="{}" data-value="{}">{}</span>').format(
            pointer(file, *keys), json.dumps(value, ensure_ascii=True), escape(FORMATS[how](value))
        )


def pointer(file: str, *keys: Key) -> str:
    """`evaluation.json#/test/accuracy`: a file name and a JSON pointer (RFC 6901)."""
    return file + "#" + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
