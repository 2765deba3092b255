"""Lines for the shell that write a table once more, changed, and never over a file."""

from itertools import chain, count
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.request import Request

#: Options of a reading that hold for the table that is written, too.
_KEPT: Final = {"--path-column": "path_column", "--root": "root", "--group-column": "group_column"}


def command_for_table(table: object, word: str, code: str, request: Request | None = None) -> str:
    """The line that writes the table `rows`, which a piece of Python makes of the rows R, and what to give
    then. Empty where `table` is no file of text with a header, or has another encoding.

    word: what the new name ends in. code: statements, in which csv and Counter are known.
    """
    if not isinstance(table, Path) or table.suffix.lower() not in SUFFIXES[:2] or not table.is_file():
        return ""
    names = (f"{table.stem}-{word}{number}.csv" for number in chain(("",), map(str, count(2))))
    name = next(name for name in names if not (table.parent / name).exists())
    try:
        delimiter = delimiter_of(table)
    except AssayError:
        return ""  # a hint less
    whole = (
        "import csv,re;from collections import Counter;from pathlib import Path;"
        f'R=list(csv.DictReader(open({dumps(table.name)},encoding="utf-8-sig",newline=""),'
        f"delimiter={dumps(delimiter)}));{code};"
        f'w=csv.DictWriter(open({dumps(name)},"x",newline="",encoding="utf-8"),list(rows[0]));'
        "w.writeheader();w.writerows(rows)"
    )
    kept = {option: getattr(request, field) for option, field in _KEPT.items()} if request else {}
    options = "".join(f" {option} {quote(str(value))}" for option, value in kept.items() if value)
    command = f"(cd {quote(str(table.parent.absolute()))} && python3 -c {quote(whole)})"
    return one_line(f"{command} ; then give {quote(str(table.parent / name))}{options}")
