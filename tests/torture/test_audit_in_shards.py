"""Audits in 3 and 8 shards, by processes and by Ray: the files of one process.

Of the 70,000 images of Fashion-MNIST, and of a folder of 1,800 colored pictures of several sizes and kinds,
which a pretrained net describes where it is installed.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.values import Split
from assay.features import pretrained
from assay.workflow.load import load
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_engine, run_merge, run_shard
from planted import colored_picture

pytestmark = [pytest.mark.torture, pytest.mark.real_data]

FILES = ("audit.json", "issues.csv", "label_quality.csv", "config.toml", "report.html")


def pixels(split: Split) -> np.ndarray:
    return np.concatenate([block[..., 0] for block in split.blocks()])


def fashion(folder: Path) -> tuple[Path, dict[str, Any]]:
    """All images in one NumPy file, for each audit has a cache of its own; and the settings of its audit."""
    try:
        data = load("fashion-mnist", offline=True)
    except AssayError as error:
        pytest.skip(f"Fashion-MNIST is not on this machine ({error.code})")
    arrays = {}
    for name, split in data.splits.items():
        arrays |= {f"x_{name}": pixels(split), f"y_{name}": split.labels}
    np.savez(folder / "fashion.npz", **arrays)
    return folder / "fashion.npz", {}


def colored(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A folder of color pictures: some twice, some mirrored, some labels wrong, some gray or with alpha, one
    that cannot be read in the midst."""
    rng = np.random.default_rng(19)
    for split, count in (("train", 1500), ("test", 300)):
        before: list[np.ndarray] = []
        for row in range(count):
            label = row % 3
            height, width = rng.integers(64, 100, 2)
            picture = colored_picture(rng, label, int(height), int(width))
            if row % 50 == 17:
                picture = before[row - 9] if row % 100 == 17 else before[row - 9][:, ::-1]
            before.append(picture)
            named = (label + 1) % 3 if row % 60 == 31 else label
            path = folder / "colored" / split / f"kind {named}" / f"{row:04}.{('png', 'jpg')[row % 2]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = "L" if row % 40 == 3 else "RGBA" if row % 40 == 4 else "RGB"
            Image.fromarray(picture).convert(mode).save(path)
            if (split, row) == ("train", 700):
                path.write_bytes(path.read_bytes()[:90])
    return folder / "colored", {"size": 64, "resize": "crop"}


SETS: Final = {"fashion": fashion, "colored": colored}


@dataclass(frozen=True)
class Whole:
    """A set, the settings of its audit, and the files of one process."""

    data: Path
    settings: dict[str, Any]
    files: dict[str, bytes]


@pytest.fixture(scope="module", params=SETS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Each set once."""
    folder = tmp_path_factory.mktemp(request.param)
    data, settings = SETS[request.param](folder)
    with pytest.MonkeyPatch.context() as patch:
        fresh(patch, folder)
        run_audit(data, out=folder / "run", **settings)
    found = contents(folder / "run")
    assert len(found["issues.csv"].splitlines()) > 20
    return Whole(data, settings, found)


def fresh(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing that was made before is found again."""
    patch.setenv("ASSAY_CACHE", str(folder / "cache"))
    pretrained._AT_HAND.clear()


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


def in_shards(whole: Whole, count: int, parts: Path) -> Path:
    for number in range(1, count + 1):
        run_shard(f"{number}/{count}", whole.data, out=parts, **whole.settings)
    return parts


@pytest.mark.parametrize("count", [3, 8])
def test_shards_give_the_files_of_one_process(
    count: int, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, for every check and the report; also where several processes judge the labels."""
    fresh(monkeypatch, tmp_path)
    parts = in_shards(whole, count, tmp_path / "parts")
    run_merge(parts, out=tmp_path / "run")
    assert contents(tmp_path / "run") == whole.files
    for engine in ["processes", *(["ray"] if find_spec("ray") and count == 3 else [])]:
        fresh(monkeypatch, tmp_path / engine)
        run_merge(parts, out=tmp_path / engine / "run", engine=engine, workers=count)
        assert contents(tmp_path / engine / "run") == whole.files


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_engines_give_the_files_of_one_process(
    engine: str, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the shards."""
    if engine == "ray":
        pytest.importorskip("ray")
    fresh(monkeypatch, tmp_path)
    run_engine(whole.data, engine=engine, workers=2, out=tmp_path / "run", **whole.settings)
    assert contents(tmp_path / "run") == whole.files


def test_parts_that_do_not_fit_into_memory_give_the_files_of_one_process(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features read from the parts and components from a scratch file: to the byte."""
    for limit in ("stored_rows.IN_MEMORY", "checked_images.IN_MEMORY"):
        monkeypatch.setattr(f"assay.data.{limit}", 0)
    fresh(monkeypatch, tmp_path)
    run_merge(in_shards(whole, 2, tmp_path / "parts"), out=tmp_path / "run")
    assert contents(tmp_path / "run") == whole.files
