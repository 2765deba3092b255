"""The tests that `make check` runs: those of the house, and those of the rooms that were touched.

    python scripts/touched_tests.py             what differs from main, committed or not
    python scripts/touched_tests.py ROOM ...    these rooms; `all` takes every test

Prints paths for pytest, a space between them. A change in `src/assay/audits/checks` asks for
`tests/audits/checks`; one beside the rooms (`src/assay/sklearn.py`, pyproject.toml) asks for every test.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

#: What any change can break: the imports, the words, the pages that name commands and tests.
HOUSE: Final = (
    "tests/test_architecture.py",
    "tests/test_docs.py",
    "tests/test_import_graph.py",
    "tests/test_language.py",
    "tests/test_pages_of_tests.py",
)

#: Folders without tests of their own.
_OTHERS: Final = ("docs", "benchmarks", "examples", "scripts", ".ci", ".github")


def main() -> None:
    rooms = sys.argv[1:]
    if not rooms:
        print(*paths_for(changed()))
    else:
        print(*("tests",) if rooms == ["all"] else (*HOUSE, *(f"tests/{room}" for room in rooms)))


def changed() -> list[str]:
    """Files that differ from main, and those that Git does not know yet, by their path below the root."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    return [*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")]


def paths_for(files: Iterable[str], root: Path = ROOT) -> list[str]:
    """The paths of the tests that changed files ask for."""
    found = dict.fromkeys(HOUSE)
    for file in files:
        parts = Path(file).parts
        if parts[0] in _OTHERS or file.endswith(".md"):
            continue
        inside = parts[2:-1] if parts[:2] == ("src", "assay") else parts[1:-1]
        if parts[0] not in ("src", "tests") or not inside:
            if parts[0] == "tests" and parts[-1].startswith("test_") and (root / file).exists():
                found[file] = None
                continue
            return ["tests"]
        found[_nearest(inside, root)] = None
    return list(found)


def _nearest(inside: tuple[str, ...], root: Path) -> str:
    """The tests of a room, or of the one around it where it has none of its own."""
    while len(inside) > 1 and not (root / "tests" / Path(*inside)).is_dir():
        inside = inside[:-1]
    return f"tests/{'/'.join(inside)}" if (root / "tests" / Path(*inside)).is_dir() else "tests"


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


if __name__ == "__main__":
    main()
