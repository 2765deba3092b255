"""The 70,000 images of Fashion-MNIST in 3 and 8 shards, by processes and by Ray: the files of one process."""

from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.values import Split
from assay.workflow.load import load
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_engine, run_merge, run_shard

pytestmark = [pytest.mark.torture, pytest.mark.real_data]

FILES = ("audit.json", "issues.csv", "label_quality.csv", "config.toml", "report.html")


def pixels(split: Split) -> np.ndarray:
    return np.concatenate([block[..., 0] for block in split.blocks()])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All images in one NumPy file, for each audit has a cache of its own."""
    try:
        data = load("fashion-mnist", offline=True)
    except AssayError as error:
        pytest.skip(f"Fashion-MNIST is not on this machine ({error.code})")
    arrays = {}
    for name, split in data.splits.items():
        arrays |= {f"x_{name}": pixels(split), f"y_{name}": split.labels}
    path = tmp_path_factory.mktemp("whole") / "fashion.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def one(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of one process."""
    folder = tmp_path_factory.mktemp("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(folder / "cache"))
        run_audit(file, out=folder / "run")
    return contents(folder / "run")


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("count", [3, 8])
def test_shards_give_the_files_of_one_process(
    count: int, file: Path, one: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, for every check and the report."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    for number in range(1, count + 1):
        run_shard(f"{number}/{count}", file, out=tmp_path / "parts")
    run_merge(tmp_path / "parts", out=tmp_path / "run")
    assert contents(tmp_path / "run") == one


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_engines_give_the_files_of_one_process(
    engine: str, file: Path, one: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the shards."""
    if engine == "ray":
        pytest.importorskip("ray")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    run_engine(file, engine=engine, workers=2, out=tmp_path / "run")
    assert contents(tmp_path / "run") == one


def test_parts_that_do_not_fit_into_memory_give_the_files_of_one_process(
    file: Path, one: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features read from the parts and components from a scratch file: to the byte."""
    for limit in ("stored_rows.IN_MEMORY", "checked_images.IN_MEMORY"):
        monkeypatch.setattr(f"assay.data.{limit}", 0)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    for number in (1, 2):
        run_shard(f"{number}/2", file, out=tmp_path / "parts")
    run_merge(tmp_path / "parts", out=tmp_path / "run")
    assert contents(tmp_path / "run") == one
