"""The cache killed while it is filled: the next reader gets the same data, and no litter stays."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from torture.job import read_through_cache

SIGKILLED = -9


def _folder_of_images(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(12):
        path = folder / ("train", "test")[number % 2] / "ab"[number % 3 % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (5, 4), np.uint8)).save(path)
    return folder


def _compressed_idx_files(folder: Path) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for prefix, count in (("train", 40), ("t10k", 20)):
        images = random.integers(0, 256, (count, 5, 4), np.uint8)
        for name, values in (
            ("images-idx3", images),
            ("labels-idx1", np.arange(count, dtype=np.uint8) % 10),
        ):
            header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(
                gzip.compress(header + values.tobytes(), mtime=0)
            )
    return folder


#: A mirror of Fashion-MNIST, and a folder of images: the two ways into the cache.
PLACES = {"idx": _compressed_idx_files, "images": _folder_of_images}


def _kill_readers(forker, tmp_path, monkeypatch, kind: str, step: int, tally: Counter) -> None:
    """Kill the first reader before every `step`-th call that changes the disk, and read again."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "elsewhere"))
    data = PLACES[kind](tmp_path / kind)
    wanted = read_through_cache(data, tmp_path / "reference")
    entry = [path.name for path in (tmp_path / "reference").iterdir()]
    at = 1
    while forker.do(job="read", data=data, folder=tmp_path / str(at), kill_at=at) == SIGKILLED:
        assert forker.do(job="read", data=data, folder=tmp_path / str(at)) == 0
        assert [path.name for path in (tmp_path / str(at)).iterdir()] == entry, f"killed before call {at}"
        assert read_through_cache(data, tmp_path / str(at)) == wanted
        tally["readers killed at a durable operation"] += 1
        at += step
    assert at > 20


@pytest.mark.parametrize(("kind", "step"), [("idx", 6), ("images", 30)])
def test_readers_killed_at_durable_operations(forker, tmp_path, monkeypatch, kind, step, tally) -> None:
    """Killed before some of the calls that change the disk: the next reader has the same data set, and the
    cache holds it and nothing else."""
    _kill_readers(forker, tmp_path, monkeypatch, kind, step, tally)


@pytest.mark.torture
@pytest.mark.parametrize("kind", PLACES)
def test_readers_killed_at_every_durable_operation(forker, tmp_path, monkeypatch, kind, tally) -> None:
    """The same before every single call."""
    _kill_readers(forker, tmp_path, monkeypatch, kind, 1, tally)
