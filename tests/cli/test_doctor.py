"""`assay doctor` and the litter of killed commands."""

import os
import subprocess
from pathlib import Path

import pytest

from assay.cli.main import exit_code
from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.files import Files


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with litter of a dead process and of this one, at the top and in a folder."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    dead = subprocess.Popen(["true"])
    dead.wait()
    for place in ("", "audits"):
        (tmp_path / "cache" / place / f"{TEMPORARY}{dead.pid}-x" / "in").mkdir(parents=True)
        (tmp_path / "cache" / place / f"{TEMPORARY}{os.getppid()}-x").mkdir()
    return tmp_path / "cache"


def test_doctor_removes_litter_and_says_so(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a dead process left goes; what a living one writes stays. The second time there is none."""
    assert exit_code(["doctor"]) == 0
    assert "leftovers     2 removed" in capsys.readouterr().out
    assert sorted(p.name for p in cache.iterdir()) == [f"{TEMPORARY}{os.getppid()}-x", "audits"]
    assert exit_code(["doctor"]) == 0
    assert "leftovers" not in capsys.readouterr().out


def test_doctor_names_what_it_could_not_remove(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0, and the path to remove by hand."""

    class Stuck(Files):
        def remove_tree(self, path: Path) -> None:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(durable, "files", Stuck())
    assert exit_code(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "0 removed" in told
    assert f"remove yourself: {cache}/{TEMPORARY}" in told
    assert f"{cache}/audits/{TEMPORARY}" in told
