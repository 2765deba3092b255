"""The folder of Ray's files: gone at the end, and removed by the next audit or by doctor after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli.main import exit_code
from assay.workflow.engines import ray_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from assay.workflow.engines import ray_folder
ray_folder.temporary_files = lambda: sys.argv[1]
ray_folder._LONGEST = 1000
with ray_folder.ray_folder() as folder:
    (Path(folder) / "session" / "sockets").mkdir(parents=True)
    print(folder, flush=True)
    os.kill(os.getpid(), int(sys.argv[2]))
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(ray_folder, "temporary_files", lambda: str(tmp_path))
    monkeypatch.setattr(ray_folder, "_LONGEST", 1000)
    return tmp_path


def _left(place: Path, number: int = signal.SIGKILL) -> tuple[Path, "subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place), str(int(number))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    if number == signal.SIGKILL:
        process.communicate()
    return folder, process


def test_it_is_gone_at_the_end(place: Path) -> None:
    with ray_folder.ray_folder() as folder:
        assert Path(folder).parent == place
        assert ray_folder.remove_leftovers() == ([], [])  # its own is in use
        assert Path(folder).is_dir()
    assert list(place.iterdir()) == []


def test_the_next_audit_removes_what_a_killed_one_left(place: Path) -> None:
    folder, _ = _left(place)
    assert (folder / "session").is_dir()
    with ray_folder.ray_folder() as own:
        assert sorted(place.iterdir()) == [Path(own)]


def test_doctor_removes_it_and_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _left(place)
    assert exit_code(["doctor"]) == 0
    assert "ray leftovers 1 removed" in capsys.readouterr().out
    assert list(place.iterdir()) == []
    assert exit_code(["doctor"]) == 0
    assert "ray leftovers" not in capsys.readouterr().out


def test_what_is_in_use_or_somebody_elses_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A living audit's, also one that is stopped; a link, whatever it points to; what has no lock."""
    folder, process = _left(place, signal.SIGCONT)
    (place / "mine").mkdir()
    (place / "mine" / "held").touch()
    (place / "assay-ray-link").symlink_to(place / "mine")
    (place / "assay-ray-other").mkdir()
    (place / "assay-ray-file").touch()
    assert ray_folder.remove_leftovers() == ([], [])
    assert folder.is_dir()
    assert (place / "mine" / "held").exists()
    process.communicate("")
    assert not folder.exists()
    (place / "assay-ray-other" / "held").touch()
    monkeypatch.setattr(os, "getuid", lambda: 12345)  # as if another user had made it
    assert ray_folder.remove_leftovers() == ([], [])
    assert (place / "assay-ray-other").is_dir()
