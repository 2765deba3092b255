"""The 70,000 images of Fashion-MNIST in 3 and 8 shards, and by processes: the files of one process."""

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


def test_shards_and_processes_give_the_files_of_one_process(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, for every check and the report."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache1"))
    run_audit(file, out=tmp_path / "one")
    for count in (3, 8):
        monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / f"cache{count}"))
        for number in range(1, count + 1):
            run_shard(f"{number}/{count}", file, out=tmp_path / f"parts{count}")
        run_merge(tmp_path / f"parts{count}", out=tmp_path / f"in {count}")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache of processes"))
    run_engine(file, engine="processes", workers=2, out=tmp_path / "by processes")
    for name in FILES:
        expected = (tmp_path / "one" / name).read_bytes()
        for run in ("in 3", "in 8", "by processes"):
            assert (tmp_path / run / name).read_bytes() == expected, (run, name)
