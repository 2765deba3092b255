"""Paths that the system has no names for: one line with a documented code, wherever one can be given."""

from pathlib import Path

import numpy as np
import pytest

from assay.cli.main import exit_code

TOO_LONG = {"a name": "x" * 300, "letters of two bytes": "é" * 200, "a path": "x/" * 3000}

#: Each place of a command line that takes a path, as PATH. `set.npz` is there, a run is not.
LINES = [
    *(
        f"{command} set.npz {option} PATH"
        for command in ("run --model majority", "train --model majority", "audit --checks identity")
        for option in ("--out", "--root", "--config", "--features", "--pred-probs", "--junit", "--sarif")
    ),
    *(f"run set.npz --model linear --epochs 1 {option} PATH" for option in ("--decisions", "--warm-start")),
    *(f"{command} PATH" for command in ("run", "audit", "inspect", "train", "merge", "evaluate", "export")),
    *(f"{command} PATH" for command in ("serve", "cards", "compare", "report", "review", "resume", "verify")),
    *(f"{command} set.npz PATH" for command in ("evaluate", "export", "resume", "verify", "convert")),
    "fetch PATH",
    "convert PATH out.npz",
    "predict PATH set.npz",
    "merge parts --out PATH",
    "review set.npz --out PATH",
    "report set.npz --data PATH",
    "compare set.npz set.npz --out PATH",
    "inspect set.npz --root PATH",
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a small set."""
    images = np.random.default_rng(0).integers(0, 256, (30, 6, 6), dtype=np.uint8)
    labels = np.arange(30) % 3
    np.savez(
        tmp_path / "set.npz", x_train=images[:21], y_train=labels[:21], x_test=images[21:], y_test=labels[21:]
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("path", TOO_LONG)
@pytest.mark.parametrize("line", LINES)
def test_a_path_that_is_too_long_is_told(
    line: str, path: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's or the machine's fault, and nothing is left behind."""
    code = exit_code([TOO_LONG[path] if word == "PATH" else word for word in line.split()])
    told = capsys.readouterr().err.splitlines()
    assert code in (2, 3, 4, 5), told
    assert told[-1].startswith("error[") and "error[bug]" not in told[-1]
    assert len(told[-1]) < 8000
    assert {entry.name for entry in place.iterdir()} <= {"set.npz", "cache", "runs"}


def test_a_name_for_the_set_may_be_long(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no path."""
    assert exit_code(["inspect", "set.npz", "--name", "x" * 300]) == 0
    assert capsys.readouterr().err == ""
