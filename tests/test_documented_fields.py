"""What the docstring of a value calls its fields is what they are called: a field renamed takes it along."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "assay"

#: `name: ` or `one, other: ` where a sentence begins a line.
_NAMED = re.compile(r"(?:\A|\.\n|\n\n)([a-z_0-9]+(?:, [a-z_0-9]+)*): ")


def untrue_names(code: str) -> Iterator[str]:
    """Names that a class with fields documents as fields and does not have, as `Class.name`.

    Fields that another class gives are not known here: a class with a base is asked only if that is a
    `NamedTuple` or a `Protocol`.
    """
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.ClassDef) or not set(map(ast.unparse, node.bases)) <= {
            "NamedTuple",
            "Protocol",
        }:
            continue
        fields = {
            one.target.id
            for one in node.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        }
        own = fields | {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        named = _NAMED.findall(ast.get_docstring(node) or "") if fields else []
        yield from (f"{node.name}.{name}" for names in named for name in names.split(", ") if name not in own)


def test_fields_are_documented_by_their_names() -> None:
    """In every file."""
    found = [
        f"{path.name}: {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for name in untrue_names(path.read_text())
    ]
    assert found == []


def test_a_field_that_was_renamed_is_found() -> None:
    """And one that is there, or that nothing is said of, is not."""
    code = (
        'class A:\n    """Values.\n\n    old, kept: two.\n    note: a sentence.\n    """\n\n'
        "    new: int\n    kept: int\n    note: str\n"
    )
    assert list(untrue_names(code)) == ["A.old"]
    assert list(untrue_names(code.replace("old, ", ""))) == []
