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


def test_there_are_six() -> None:
    """Learner's tour, own photos, own probabilities, scikit-learn, a gate, a model without Assay."""
    assert [path.stem[0] for path in EXAMPLES] == list("123456")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    """From the first cell to the last, and it prints something."""
    assert _run(example.read_text("utf-8"), tmp_path).strip()


WITHOUT = """
import sys
sys.modules["assay"] = sys.modules["torch"] = None
"""


def test_a_model_without_assay(tmp_path: Path) -> None:
    """The part for another program is ten lines below its imports, and needs neither Assay nor torch."""
    train, plain, check = (ROOT / "examples" / "6_onnxruntime.py").read_text("utf-8").split("# %%")[2:]
    _run("#" + train, tmp_path)
    lines = [line for line in plain.splitlines()[1:] if line]
    assert len(lines) - sum(line.startswith(("import ", "from ")) for line in lines) <= 10
    printed = _run(f"{WITHOUT}#{plain}", tmp_path)
    assert printed.startswith((tmp_path / "expected.txt").read_text("utf-8"))
    with pytest.raises(AssertionError, match="assay"):
        _run(f"{WITHOUT}#{train}", tmp_path)
    assert check.strip().startswith("assert ")


def test_the_python_of_the_readme(tmp_path: Path) -> None:
    """At most fifteen lines, on the sample in place of the whole set."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    assert len(blocks[0].strip().splitlines()) <= 15
    _run(blocks[0].replace('"fashion-mnist"', '"fashion-mnist-sample"'), tmp_path)
