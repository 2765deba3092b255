import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.core.events import Event

IDX_TYPES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(values: NDArray[Any]) -> bytes:
    """The IDX file of an array, written independently of the reader under test."""
    header = bytes([0, 0, IDX_TYPES[values.dtype.name], values.ndim])
    sizes = b"".join(struct.pack(">I", size) for size in values.shape)
    return header + sizes + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(name="idx_bytes", scope="session")
def _idx_bytes() -> Callable[[NDArray[Any]], bytes]:
    return idx_bytes


@pytest.fixture
def labelled() -> Callable[[int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """`labelled(n)`: n random images of 5 x 4 and labels of 10 classes, the same every time."""

    def make(n: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        random = np.random.default_rng(n)
        return random.integers(0, 256, (n, 5, 4), np.uint8), (np.arange(n) % 10).astype(np.uint8)

    return make


@pytest.fixture
def idx_folder(tmp_path: Path, labelled: Any) -> Path:
    """A folder with the four files of a small set: 40 training and 20 test images, gzipped."""
    folder = tmp_path / "idx"
    folder.mkdir()
    for prefix, count in (("train", 40), ("t10k", 20)):
        images, labels = labelled(count)
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(gzip.compress(idx_bytes(values), mtime=0))
    return folder


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache for each test that is marked with it."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))


class Heard(list[Event]):
    """A listener that remembers."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def warnings(self) -> list[str]:
        return [str(event.figures["message"]) for event in self if event.event == "warning"]


@pytest.fixture
def heard() -> Heard:
    return Heard()
