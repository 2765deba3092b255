"""The commands that write, what they need, and what must lie there when they have ended."""

import csv
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assay.core.durable import TEMPORARY
from torture.conftest import Forker

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
    """A command. verified: the run folder that is whole afterwards.

    after: files that are written when the run is finished. A command that was stopped between the two says,
    given again, that the run is finished (exit 2), and does not write them.
    """

    command: tuple[str, ...]
    verified: str | None = None
    after: tuple[str, ...] = ()


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
        ("audit", "set", "--checks", "identity,leakage", "--fail-on", "leakage>9", "--junit", "junit.xml",
         "--sarif", "found.sarif", "--out", "out", "-q"),
        "out",
        ("out/gates.json", "junit.xml", "found.sarif"),
    ),
    "probabilities": Writer(("audit", "set", "--pred-probs", "probs.npy", "--out", "out", "-q"), "out"),
    "shard": Writer(("audit", "set", "--shard", "2/2", "--out", "fresh", "-q")),
    "merge": Writer(("merge", "parts", "--out", "out", "-q"), "out"),
    "cache": Writer(("audit", "pictures", "--checks", "identity", "--out", "out", "-q"), "out"),
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


def make_ready(forker: Forker, root: Path) -> Path:
    """Fill the empty folder `root` with all that the commands read."""
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
        assert do(forker, root, command) == 0, told(root)
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


def do(forker: Forker, folder: Path, command: tuple[str, ...], **order: Any) -> int:
    log = folder.parent / f"{folder.name}.log"
    return forker.do(job="write", folder=folder, arguments=command, log=log, **order)


def told(folder: Path) -> str:
    return (folder.parent / f"{folder.name}.log").read_text()


def copy(ready: Path, place: Path) -> Path:
    shutil.copytree(ready, place)
    return place


def lies_there(folder: Path) -> dict[str, str]:
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
        and not any(part.startswith(TEMPORARY) for part in path.parts)
    }


def whole(forker: Forker, ready: Path, tmp_path: Path, writer: Writer) -> tuple[dict[str, str], int]:
    """What an undisturbed command leaves, and the number of its calls that change the disk."""
    place = copy(ready, tmp_path / "whole")
    assert do(forker, place, writer.command, calls=tmp_path / "calls") == 0, told(place)
    return lies_there(place), int((tmp_path / "calls").read_text())


def ends_well(forker: Forker, place: Path, writer: Writer, wanted: dict[str, str], where: str) -> None:
    """The command, given again, leaves what an undisturbed one does; or it says that it had ended."""
    code, said = do(forker, place, writer.command), told(place)
    assert code == 0 or "run-folder-finished" in said or "output-exists" in said, f"{where}: {said}"
    there, late = lies_there(place), set(writer.after) if code else set()
    assert {name: there[name] for name in there.keys() - late} == {
        name: wanted[name] for name in wanted.keys() - late
    }, where
    if writer.verified is not None:
        assert do(forker, place, ("verify", writer.verified)) == 0, f"{where}: {told(place)}"
    litter = [
        path
        for path in place.rglob(f"{TEMPORARY}*")
        if code == 0 and writer.verified and (place / writer.verified) in path.parents
    ]
    assert litter == [], where
