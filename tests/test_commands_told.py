"""What a message tells to type works as it stands: what follows an option is quoted, or Assay's own word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "assay"
OPTION = re.compile(r"(?:^|[\s(`])--[a-z][a-z-]* $")

#: What is put behind an option unquoted: numbers, and words from a fixed list.
OWN_WORDS = {
    "best",  # epochs
    "facts.larger",  # pixels
    "more",  # epochs
    "side",  # pixels
    "LEAST_SIDE",
    "missing[0]",  # a shard, as 1/8
    "one.kind",  # layouts
    "other.kind",
    "reading.kind",
    "other",  # recipes
    "TEXT",  # members of web data sets
    "device.type",
}

#: Where an option is told as it was given, and not to be typed.
TOLD_BACK = {"--device ", "--format ", "--host ", "--track "}


def behind_options(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, option, and the expression behind it, of every f-string."""
    for string in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
        for before, after in zip(string.values, string.values[1:], strict=False):
            if isinstance(before, ast.Constant) and isinstance(after, ast.FormattedValue):
                found = OPTION.search(before.value)
                if found:
                    yield string.lineno, found.group().lstrip(" (`\n"), ast.unparse(after.value)


def unquoted(path: Path) -> list[str]:
    return [
        f"{path.relative_to(SOURCE)}:{line}: {option}{expression}"
        for line, option, expression in behind_options(ast.parse(path.read_text("utf-8")))
        if "quote" not in expression and expression not in OWN_WORDS and option not in TOLD_BACK
    ]


def test_names_of_users_are_quoted() -> None:
    """A folder, a class or a column may have spaces: one unquoted makes a line that does something else."""
    assert [found for path in sorted(SOURCE.rglob("*.py")) for found in unquoted(path)] == []


def test_the_rule_sees_what_it_is_for() -> None:
    tree = ast.parse(
        'f"Say --root {folder} or --size {side}."; f"--root {quote(str(folder))}"; f"no option {x}"'
    )
    assert [found[1:] for found in behind_options(tree)] == [
        ("--root ", "folder"), ("--size ", "side"), ("--root ", "quote(str(folder))"),
    ]  # fmt: skip
