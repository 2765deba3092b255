"""Every command that writes: killed, on a full disk, or cut from power, at any call that changes the disk."""

import csv
import errno
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core import durable
from torture.conftest import Forker

SIGKILLED, DISK_FULL, CUT = -9, 5, 99

#: Of a command with more calls than this, a sample of so many, spread evenly.
MOST = int(os.environ.get("ASSAY_WRITERS", "40"))

TRAIN = (
    "--model",
    "mlp",
    "--epochs",
    "2",
    "--set",
    "hidden=8",
    "--checks",
    "identity",
    "--threads",
    "1",
    "-q",
)
CNN = ("--model", "cnn", "--epochs", "1", "--checks", "identity", "--threads", "1", "-q")


@dataclass(frozen=True)
class Writer:
    """A command. needs: what stands ready for it. verified: the run folder that is whole afterwards."""

    command: tuple[str, ...]
    verified: str | None = None


WRITERS = {
    "run of colors of 96 pixels, three seeds": Writer(
        ("run", "photos", *TRAIN, "--seeds", "3", "--out", "out"), "out"
    ),
    "warm start": Writer(("run", "set", *TRAIN, "--warm-start", "run", "--out", "out"), "out"),
    "blend": Writer(
        ("run", "set", *CNN, "--set", "reference=0.5", "--set", "reference_features=16", "--out", "out"),
        "out",
    ),
    "decisions": Writer(("run", "set", *TRAIN, "--decisions", "decisions.csv", "--out", "out"), "out"),
    "several models": Writer(
        ("run", "set", "--model", "linear,mlp", *TRAIN[2:], "--out", "out"), "out"
    ),
    "train": Writer(("train", "set", *TRAIN, "--out", "out"), "out"),
    "evaluate": Writer(("evaluate", "trained", "set", "-q"), "trained"),
    "audit": Writer(("audit", "set", "--out", "out", "-q"), "out"),
    "gates": Writer(
        ("audit", "set", "--checks", "identity", "--fail-on", "leakage>9", "--junit", "junit.xml",
         "--sarif", "found.sarif", "--out", "out", "-q"), "out"
    ),
    "probabilities": Writer(("audit", "set", "--pred-probs", "probs.npy", "--out", "out", "-q"), "out"),
    "shard": Writer(("audit", "set", "--shard", "2/2", "--out", "fresh", "-q")),
    "merge": Writer(("merge", "parts", "--out", "out", "-q"), "out"),
    "cache": Writer(("inspect", "pictures")),
    "convert to npz": Writer(("convert", "set", "out.npz", "-q")),
    "convert to parquet": Writer(("convert", "set", "out.parquet", "-q")),
    "convert to a folder": Writer(("convert", "few", "out", "-q")),
    "report": Writer(("report", "run", "-q"), "run"),
    "review": Writer(("review", "run", "--out", "out.csv", "-q")),
    "export": Writer(("export", "run", "set", "-q"), "run"),
    "predict": Writer(("predict", "run", "picture.png", "--out", "out.csv")),
    "cards": Writer(("cards", "run", "-q"), "run"),
    "compare": Writer(("compare", "run", "other", "--out", "out", "-q")),
}  # fmt: skip

#: Those whose quick test is part of every `make test`.
QUICK = ("shard", "convert to npz")


def _images(folder: Path, count: int, side: int, channels: int) -> None:
    """Three classes told apart by which third of the image is bright, as NumPy files."""
    generator = np.random.default_rng(0)
    folder.mkdir()
    for name, images in (("train", count), ("test", count // 2)):
        labels = np.arange(images) % 3
        pixels = generator.integers(0, 60, (images, side, side, channels), np.uint8)
        for row, label in enumerate(labels):
            pixels[row, :, side // 3 * label : side // 3 * (label + 1)] += 120
        np.save(folder / f"x_{name}.npy", pixels[..., 0] if channels == 1 else pixels)
        np.save(folder / f"y_{name}.npy", labels)


def _pictures(folder: Path) -> None:
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (12, 12, 12), np.uint8)
    for row, image in enumerate(pixels):
        place = folder / "abc"[row % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{row}.png")
    Image.fromarray(pixels[0]).save(folder.parent / "picture.png")


@pytest.fixture(scope="module")
def ready(forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands read."""
    root = tmp_path_factory.mktemp("writers")
    _images(root / "set", 60, 12, 1)
    _images(root / "few", 9, 12, 1)
    _images(root / "photos", 30, 96, 3)
    _pictures(root / "pictures")
    np.save(root / "probs.npy", np.eye(3)[np.arange(60) % 3] * 0.7 + 0.1)
    for command in (
        ("run", "set", *TRAIN, "--out", "run"),
        ("run", "set", *TRAIN, "--seed", "1", "--out", "other"),
        ("train", "set", *TRAIN, "--out", "trained"),
        ("audit", "set", "--shard", "1/2", "--out", "parts", "-q"),
        ("audit", "set", "--shard", "2/2", "--out", "parts", "-q"),
    ):
        assert _do(forker, root, command) == 0, _told(root)
    _decide(root)
    shutil.rmtree(root / "cache")
    return root


def _decide(root: Path) -> None:
    """A table of decisions about three images, with a note."""
    with (root / "run" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:3]
    with (root / "decisions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "index", "id", "digest", "label", "decision", "new_label", "note"])
        for row in rows:
            place = [row[name] for name in ("split", "index", "id", "digest", "label")]
            writer.writerow([*place, "drop", "", "blurred"])


def _do(forker: Forker, folder: Path, command: tuple[str, ...], **order: Any) -> int:
    log = folder.parent / f"{folder.name}.log"
    return forker.do(job="write", folder=folder, arguments=command, log=log, **order)


def _told(folder: Path) -> str:
    return (folder.parent / f"{folder.name}.log").read_text()


def _copy(ready: Path, place: Path) -> Path:
    shutil.copytree(ready, place)
    return place


def _lies_there(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the cache's, checkpoints, locks and manifests, which tell the time.

    The figure of several models shows their seconds, where none was resumed: neither it nor its page counts.
    """
    timed = {models.parent for models in folder.glob("out/models")}
    untold = {ladder / name for ladder in timed for name in ("report.html", "figures/ladder.png")}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path not in untold
        and not (name := path.relative_to(folder).as_posix()).startswith("cache/")
        and path.name not in ("manifest.json", ".lock")
        and "checkpoints" not in path.parts
        and not any(part.startswith(durable.TEMPORARY) for part in path.parts)
    }


def _chosen(calls: int, most: int) -> Iterator[int]:
    step = max(1, -(-calls // most))
    return iter(range(1, calls + 1, step))


def _whole(forker: Forker, ready: Path, tmp_path: Path, writer: Writer) -> tuple[dict[str, str], int]:
    """What an undisturbed command leaves, and the number of its calls that change the disk."""
    place = _copy(ready, tmp_path / "whole")
    assert _do(forker, place, writer.command, calls=tmp_path / "calls") == 0, _told(place)
    return _lies_there(place), int((tmp_path / "calls").read_text())


def _ends_well(forker: Forker, place: Path, writer: Writer, wanted: dict[str, str], where: str) -> None:
    """The command, given again, leaves what an undisturbed one does; or it says that it had ended."""
    code, told = _do(forker, place, writer.command), _told(place)
    assert code == 0 or "run-folder-finished" in told or "output-exists" in told, f"{where}: {told}"
    assert _lies_there(place) == wanted, where
    if writer.verified is not None:
        assert _do(forker, place, ("verify", writer.verified)) == 0, f"{where}: {_told(place)}"
    litter = [
        path
        for path in place.rglob(f"{durable.TEMPORARY}*")
        if code == 0 and writer.verified and (place / writer.verified) in path.parents
    ]
    assert litter == [], where


def _kill(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = _whole(forker, ready, tmp_path, writer)
    for at in _chosen(calls, most):
        place = _copy(ready, tmp_path / f"killed-{at}")
        assert _do(forker, place, writer.command, kill_at=at) == SIGKILLED, f"call {at} of {calls}"
        _ends_well(forker, place, writer, wanted, f"killed before call {at} of {calls}")
        shutil.rmtree(place)
        tally["commands killed at a durable operation"] += 1


def _fill(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = _whole(forker, ready, tmp_path, writer)
    for at in _chosen(calls, most):
        place = _copy(ready, tmp_path / f"full-{at}")
        where = f"full from call {at} of {calls} on"
        code = _do(forker, place, writer.command, refuse_at=at, number=errno.ENOSPC)
        told = _told(place)
        assert "Traceback" not in told, where
        assert "error[bug]" not in told, f"{where}: {told}"
        # What only saves time, as the cache's measurements, or removes litter, may be refused without harm.
        assert code == 0 or (code == DISK_FULL and "error[disk-full]" in told), f"{where}: {code} {told}"
        _ends_well(forker, place, writer, wanted, where)
        shutil.rmtree(place)
        tally["commands on a full disk"] += 1


def _cut(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = _whole(forker, ready, tmp_path, writer)
    for at in [*_chosen(calls, most), calls + 1]:
        root = _copy(ready, tmp_path / f"cut-{at}")
        states = [tmp_path / f"cut-{at}-{state}" for state in range(2)]
        code = _do(forker, root, writer.command, cut_at=at, states=[str(state) for state in states])
        assert code == (CUT if at <= calls else 0), f"{at} of {calls}: {_told(root)}"
        for state in states:
            where = f"power cut before call {at} of {calls}, {state.name}"
            assert json.loads(Path(f"{state}.torn").read_text()) == [], where
            if code == 0:  # what it had promised is there without another try
                assert wanted.items() <= _lies_there(state).items(), where
            _ends_well(forker, state, writer, wanted, where)
            shutil.rmtree(state)
            tally["power cuts in commands"] += 1
        shutil.rmtree(root)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_killed_at_its_durable_operations(forker, ready, tmp_path, name, tally) -> None:
    """Killed before each of its calls (a sample of those with many), a command given again ends as ever."""
    _kill(forker, ready, tmp_path, WRITERS[name], MOST, tally)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_on_a_disk_that_gets_full(forker, ready, tmp_path, name, tally) -> None:
    """No space from such a call on: exit 5 or nothing lost; with space again the command ends as ever."""
    _fill(forker, ready, tmp_path, WRITERS[name], MOST, tally)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_whose_power_is_cut(forker, ready, tmp_path, name, tally) -> None:
    """Two states that a cut before such a call may leave: nothing torn, and the command ends as ever."""
    _cut(forker, ready, tmp_path, WRITERS[name], MOST // 2, tally)


@pytest.mark.parametrize("name", QUICK)
def test_commands_killed_starved_and_cut(forker, ready, tmp_path, name, tally) -> None:
    """The same of two calls each."""
    for harm in (_kill, _fill, _cut):
        (tmp_path / harm.__name__).mkdir()
        harm(forker, ready, tmp_path / harm.__name__, WRITERS[name], 2, tally)
