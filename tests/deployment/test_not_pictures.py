"""Archives, arrays and tables given to `predict` come with a way on, and its commands run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and a folder with a picture of a name that a shell would split."""
    place = tmp_path_factory.mktemp("a place")
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    np.savez(place / "set.npz", images=images, labels=np.arange(40) % 2)
    line = ["run", str(place / "set.npz"), "--model", "nearest-mean", "--checks", "identity", "-q"]
    assert exit_code([*line, "--out", str(place / "RUN")]) == 0
    (place / "in").mkdir()
    Image.fromarray(images[0]).save(place / "in/a b.png")
    np.save(place / "some.npy", images[:3])
    np.savez(place / "some.npz", NAME=images[:3])
    for form in ("zip", "gztar"):
        shutil.make_archive(str(place / "it's"), form, place / "in")
    (place / "list.csv").write_text("file,no\nin/a b.png,3\n")
    (place / "list.tsv").write_text("file\tno\nin/a b.png\t3\n")
    (place / "its list.txt").write_text("in/a b.png\r\n")
    return place


def _told(place: Path, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(place)
    capfd.readouterr()
    assert exit_code(["predict", "RUN", name]) == 3
    return capfd.readouterr().err.strip()


@pytest.mark.parametrize(
    "name",
    ["it's.zip", "it's.tar.gz", "some.npy", "some.npz", "list.csv", "list.tsv", "its list.txt"],
)
def test_the_given_command_runs(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As typed in a shell, beside a run called RUN."""
    err = _told(place, name, monkeypatch, capfd)
    (command,) = re.findall(r": ((?:python|mkdir|cat|tail) .*)", err)
    here = {"python ": f"{sys.executable} ", "assay ": f"{sys.executable} -m assay "}
    for word, path in here.items():
        command = re.sub(rf"(^|&& |-d '\\\\n' ){word}", rf"\g<1>{path}", command)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if "arrays" in err:
        assert len(done.stdout.split()) == 3
    elif "list" in name:
        assert "in/a b.png," in done.stdout
    else:
        assert f"{name}.unpacked/a b.png," in done.stdout


def test_a_table_is_told_as_one(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It was "Replace or remove the file"."""
    err = _told(place, "list.csv", monkeypatch, capfd)
    assert "it is a table or a list, not a picture. Name the pictures or their folder." in err


def test_a_picture_of_an_unread_format_is_told_as_before(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What concerns one picture is no matter of lists."""
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(place / "one.gif")
    assert "it is GIF, not PNG, JPEG, WebP or BMP" in _told(place, "one.gif", monkeypatch, capfd)
