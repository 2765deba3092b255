"""What `assay predict` says beside its table: the CSV was silent about links, texts and foreign pictures."""

import csv
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on smooth pictures."""
    place = tmp_path_factory.mktemp("remarks")
    np.savez(place / "set.npz", images=_smooth(range(200)), labels=np.arange(200) % 2)
    line = ["run", str(place / "set.npz"), "--model", "nearest-mean", "--checks", "identity", "-q"]
    assert exit_code([*line, "--out", str(place / "run")]) == 0
    return place / "run"


def _smooth(numbers: range) -> np.ndarray:
    """Gray ramps that rise to the right or fall."""
    ramp = np.linspace(60, 180, 12)
    found = [
        np.tile(ramp if n % 2 else ramp[::-1], (12, 1)) + np.random.default_rng(n).normal(0, 5, (12, 12))
        for n in numbers
    ]
    return np.stack(found).clip(0, 255).astype(np.uint8)


def _predict(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capfd.readouterr()
    code = exit_code(["predict", *map(str, arguments)])
    return code, *capfd.readouterr()


def test_pictures_unlike_training_are_counted_and_named(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """On stderr, so that the table keeps its columns; --json says it of each."""
    for n, image in enumerate(_smooth(range(1000, 1004))):
        Image.fromarray(image).save(tmp_path / f"{n}.png")
    code, out, err = _predict(capfd, run, tmp_path)
    assert (code, err) == (0, "")
    noise = np.random.default_rng(0).integers(0, 256, (5, 12, 12), np.uint8)
    for n, image in enumerate(noise):
        Image.fromarray(image).save(tmp_path / f"noise{n}.png")
    code, out, err = _predict(capfd, run, tmp_path)
    which = f"5 of 9 ({', '.join(str(tmp_path / f'noise{n}.png') for n in range(3))} and 2 more)"
    assert code == 0
    assert err == (
        f"warning: unlike the training images, so that answers may mean nothing: {which}; "
        "--json says of each whether it is familiar\n"
    )
    assert [row["file"] for row in csv.DictReader(io.StringIO(out))][-1] == str(tmp_path / "noise4.png")
    records = [json.loads(line) for line in _predict(capfd, run, tmp_path, "--json")[1].splitlines()]
    assert sum(record["familiar"] is False for record in records) == 5


def test_what_a_folder_has_besides_pictures_is_counted(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Links, texts, archives; hidden files and those of systems are not worth a word."""
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(_smooth(range(1))[0]).save(folder / "a.png")
    (folder / "b.png").symlink_to(folder / "a.png")
    for name in ("notes.txt", "more.zip", ".hidden.png", "Thumbs.db", ".DS_Store"):
        (folder / name).write_bytes(b"x")
    code, out, err = _predict(capfd, run, folder)
    assert (code, len(out.splitlines())) == (0, 2)
    assert err == (
        f"left out: 1 (a link, not a file: {folder}/b.png), "
        f"2 (no picture by its name: {folder}/more.zip, {folder}/notes.txt)\n"
    )
    (folder / "a.png").unlink()
    code, _, err = _predict(capfd, run, folder)
    assert code == 3
    assert f"there is no picture in it; left out: 1 (a link that leads nowhere: {folder}/b.png), 2 (no" in err
    assert _predict(capfd, run, folder / "notes.txt")[0] == 3


def test_folders_of_the_classes_come_with_the_command_that_scores_them(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever has labels wants a score; the line runs as typed."""
    folder = tmp_path / "the new"
    for n, image in enumerate(_smooth(range(1000, 1006))):
        (folder / str(n % 2)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(n % 2) / f"{n}.png")
    code, _, err = _predict(capfd, run, folder)
    assert code == 0
    start = "the folders are called like the classes of the model: assay "
    (line,) = [text.removeprefix(start) for text in err.splitlines() if text.startswith(start)]
    assert exit_code(shlex.split(line.removesuffix(" scores them"))) == 0
    assert "On 6 images of the new: accuracy 100.0 %" in capfd.readouterr().out
    assert "called like" not in _predict(capfd, run, folder / "0")[2]


def test_pictures_that_cannot_be_read_are_counted_by_their_reasons(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The advice is that of the first: beside damaged files "convert all such files" was all of it."""
    image = Image.fromarray(_smooth(range(1))[0])
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.gif")
    code, _, err = _predict(capfd, run, tmp_path)
    assert (code, "1 of 2 pictures could not be read; the first: " in err) == (3, True)
    for name in ("c.png", "d.png"):
        (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes()[:60])
    code, _, err = _predict(capfd, run, tmp_path)
    assert code == 3
    assert "3 of 4 pictures could not be read (1 image-format, 2 image-unreadable); the first: " in err
