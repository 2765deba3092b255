"""The examples and the README's Python run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_five() -> None:
    """Learner's tour, own photos, own probabilities, scikit-learn, a gate."""
    assert [path.stem[0] for path in EXAMPLES] == list("12345")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    """From the first cell to the last, and it prints something."""
    assert _run(example.read_text("utf-8"), tmp_path).strip()


def test_the_python_of_the_readme(tmp_path: Path) -> None:
    """At most fifteen lines, on the sample in place of the whole set."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    assert len(blocks[0].strip().splitlines()) <= 15
    _run(blocks[0].replace('"fashion-mnist"', '"fashion-mnist-sample"'), tmp_path)
