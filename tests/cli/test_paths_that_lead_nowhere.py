"""Paths that no system takes: one line with the reason, never a fault of Assay."""

from pathlib import Path

import pytest

from assay.cli.main import exit_code

NOBODY = "~nobody-has-this-name/x"
LONG = "a" * 300

LINES = {
    "data of no user": (["inspect", NOBODY], 2),
    "data of a long name": (["inspect", f"./{LONG}"], None),
    "root of no user": (["inspect", "list.csv", "--root", NOBODY], 2),
    "out of a long name": (["audit", "fashion-mnist-sample", "--checks", "identity", "--out", LONG], 5),
    "a run of a long name": (["verify", LONG], None),
}


@pytest.mark.parametrize("case", LINES)
def test_it_is_told_in_one_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code is that of the kind of error; nothing is written."""
    monkeypatch.chdir(tmp_path)
    line, expected = LINES[case]
    code = exit_code(line)
    told = capfd.readouterr().err
    assert told.startswith("error[")
    assert "error[bug]" not in told
    assert len(told.strip().splitlines()) == 1
    assert code == expected if expected is not None else code not in (0, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_of_no_user(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The variable is named."""
    monkeypatch.setenv("ASSAY_CACHE", NOBODY)
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    assert exit_code(["audit", "fashion-mnist-sample", "--checks", "identity"]) == 2
    assert "error[bad-value]: ASSAY_CACHE: ~nobody-has-this-name" in capfd.readouterr().err
