"""Names of numbered classes in a JSON file, `{"0": "cat"}` or `{"cat": 0}`: what to type."""

import json
from collections.abc import Collection, Iterable, Mapping
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file

_LOOKED_INTO: Final = 5
_BYTES: Final = 1 << 20
_MOST: Final = 100_000
_DIGITS: Final = 9
_NAMES: Final = "class_names.txt"

#: Python for the names of numbers, `n`, of a JSON file, `d`, by its form.
_FORMS: Final = {
    "by number": "{int(k):v for k,v in d.items()}",
    "by name": "{int(v):k for k,v in d.items()}",
    "list": "dict(enumerate(d))",
}


def notes_on_maps(folder: Path, files: Iterable[str], classes: Collection[str]) -> list[str]:
    """A note on a JSON file that names classes which are numbers, with the command that writes the list for
    --classes. files: names of those in the folder."""
    if not all(map(_is_number, classes)):
        return []
    wanted = {int(name) for name in classes}
    maps = [name for name in files if name.lower().endswith(".json")][:_LOOKED_INTO]
    for name in maps:
        form, names = _map(_content(folder / name))
        if names and wanted <= names.keys() and max(names) < _MOST:
            target = next(
                file for number in range(1, _MOST)
                for file in [_NAMES if number == 1 else f"class_names{number}.txt"]
                if not (folder / file).exists()
            )  # fmt: skip
            code = (
                f'import json;d=json.load(open({dumps(name)},encoding="utf-8"));n={_FORMS[form]};'
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


def _content(path: Path) -> Any:
    try:
        return json.loads(read_file(path, _BYTES, follow_links=False))
    except (AssayError, ValueError, RecursionError):
        return None  # a note less


def _map(content: Any) -> tuple[str, Mapping[int, str]]:
    """The names by number, and the form of the file; nothing where it is no such map, or names come twice."""
    match content:
        case dict() if content and all(map(_is_number, content)) and _are_names(content.values()):
            return "by number", {int(key): name for key, name in content.items()}
        case dict() if (
            content and all(_is_number(value) for value in content.values()) and _are_names(content)
        ):
            return "by name", {int(value): name for name, value in content.items()}
        case list() if content and _are_names(content):
            return "list", dict(enumerate(content))
    return "", {}


def _is_number(value: Any) -> bool:
    """Whether it is a whole number, or a text of one, of so few digits that it counts classes."""
    if isinstance(value, str):
        return value.isdecimal() and len(value) <= _DIGITS
    return isinstance(value, int) and value >= 0


def _are_names(values: Iterable[Any]) -> bool:
    found = list(values)
    plain = all(isinstance(name, str) and name.strip() and "\n" not in name for name in found)
    return plain and len(set(found)) == len(found) and not all(map(str.isdecimal, found))
