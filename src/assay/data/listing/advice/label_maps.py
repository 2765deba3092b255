"""Names of numbered classes in a JSON file, `{"0": "cat"}` or `{"cat": 0}`, or in a table: what to type."""

import csv
import json
from collections.abc import Collection, Iterable, Mapping
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.formats.text_table import SUFFIXES, delimiter_of

_LOOKED_INTO: Final = 5
_BYTES: Final = 16 << 20
_MOST: Final = 100_000
_DIGITS: Final = 9
_NAMES: Final = "class_names.txt"

#: A table of more rows than so many for each class is one of images, with a number each.
_ROWS: Final = 2

#: Python for the names of numbers, `n`, of a JSON file, `d`, by its form.
_FORMS: Final = {
    "by number": "{int(k):v for k,v in d.items()}",
    "by name": "{int(v):k for k,v in d.items()}",
    "list": "dict(enumerate(d))",
    "records": '{int(c["id"]):c["name"] for c in d}',
    "categories": '{int(c["id"]):c["name"] for c in d["categories"]}',
    "id2label": '{int(k):v for k,v in d["id2label"].items()}',
}


def notes_on_maps(folder: Path, files: Iterable[str], classes: Collection[str]) -> list[str]:
    """A note on a file that names classes which are numbers, with the command that writes the list for
    --classes. files: names of those in the folder."""
    if not all(map(_is_number, classes)):
        return []
    wanted = {int(name) for name in classes}
    maps = [name for name in files if name.lower().endswith((".json", *SUFFIXES[:2]))][:_LOOKED_INTO]
    for name in maps:
        of = _map if name.lower().endswith(".json") else _table
        code_of_names, names = of(folder / name)
        if of is _table and len(names) > _ROWS * len(wanted):
            continue
        if names and wanted <= names.keys() and max(names) < _MOST:
            target = next(
                file for number in range(1, _MOST)
                for file in [_NAMES if number == 1 else f"class_names{number}.txt"]
                if not (folder / file).exists()
            )  # fmt: skip
            code = (
                f"{code_of_names};"
                f'open({dumps(target)},"x",encoding="utf-8").write("\\n".join('
                'n.get(i,f"class {i}" if i else "-") for i in range(max(n)+1)))'
            )
            command = f"(cd {quote(str(folder))} && python3 -c {quote(code)})"
            return [
                one_line(
                    f"the classes are numbers; {name} may hold their names (this writes a list of them: "
                    f"{command} ; then give --classes {quote(str(folder / target))})"
                )
            ]
    return []


def _map(path: Path) -> tuple[str, Mapping[int, str]]:
    """The names by number in a JSON file, and the Python for them, `n`; nothing where it is no such map, or
    names come twice."""
    try:
        content = json.loads(read_file(path, _BYTES, follow_links=False))
    except (AssayError, ValueError, RecursionError):
        return "", {}  # a note less
    form, names = _names_of(content)
    code = f'import json;d=json.load(open({dumps(path.name)},encoding="utf-8"));n={_FORMS.get(form)}'
    return code, names


def _names_of(content: Any) -> tuple[str, Mapping[int, str]]:
    """The names by number, and the form of the content."""
    match content:
        case dict() if content and all(map(_is_number, content)) and _are_names(content.values()):
            return "by number", {int(key): name for key, name in content.items()}
        case dict() if (
            content and all(_is_number(value) for value in content.values()) and _are_names(content)
        ):
            return "by name", {int(value): name for name, value in content.items()}
        case list() if content and _are_names(content):
            return "list", dict(enumerate(content))
        case list() if names := _of_records(content):
            return "records", names
        case {"categories": list() as records} if names := _of_records(records):  # COCO's
            return "categories", names
        case {"id2label": dict() as names} if _names_of(names)[0] == "by number":  # of transformers
            return "id2label", {int(key): name for key, name in names.items()}
    return "", {}


def _of_records(records: list[Any]) -> Mapping[int, str]:
    """The names by number in objects with an id and a name; empty for others."""
    found = [
        (one["id"], one["name"])
        for one in records
        if isinstance(one, dict) and _is_number(one.get("id")) and "name" in one
    ]
    names = {int(number): name for number, name in found}
    return names if len(names) == len(records) and names and _are_names(names.values()) else {}


def _table(path: Path) -> tuple[str, Mapping[int, str]]:
    """The same of a table with a column of numbers, each once, and one of names, with a header or without."""
    try:
        mark = delimiter_of(path)
        lines = read_file(path, _BYTES, follow_links=False).decode("utf-8-sig").splitlines()
        rows = list(csv.reader(lines, delimiter=mark))
    except (AssayError, UnicodeDecodeError, csv.Error):
        return "", {}  # a note less
    width = min(map(len, rows), default=0)
    body = rows if rows and any(map(_is_number, rows[0])) else rows[1:]
    for number in range(width):
        cells = [row[number].strip() for row in body]
        if not cells or not all(map(_is_number, cells)) or len(set(map(int, cells))) < len(cells):
            continue
        for name in sorted(range(width), key=lambda place: "name" not in rows[0][place].lower()):
            found = [row[name].strip() for row in body]
            if name != number and _are_names(found):
                code = (
                    f'import csv;f=open({dumps(path.name)},encoding="utf-8-sig",newline="");'
                    f"n={{int(r[{number}]):r[{name}].strip() for r in csv.reader(f,delimiter={dumps(mark)}) "
                    f"if r[{number}:] and r[{number}].strip().isdecimal()}}"
                )
                return code, dict(zip(map(int, cells), found, strict=True))
    return "", {}


def _is_number(value: Any) -> bool:
    """Whether it is a whole number, or a text of one, of so few digits that it counts classes."""
    if isinstance(value, str):
        return value.isdecimal() and len(value) <= _DIGITS
    return isinstance(value, int) and value >= 0


def _are_names(values: Iterable[Any]) -> bool:
    found = list(values)
    plain = all(isinstance(name, str) and name.strip() and "\n" not in name for name in found)
    images = plain and any(name.lower().endswith(tuple(FORMAT_BY_NAME)) for name in found)
    return plain and not images and len(set(found)) == len(found) and not all(map(str.isdecimal, found))
