"""Pictures that take more than they give, and sets larger than most: refused in bounded time, or read."""

import csv
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.data.decisions import read_decisions
from assay.data.decoding.worker_pool import Decoders, Request


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*extra: bytes, size: int = 4) -> bytes:
    """A gray picture with chunks between its header and its pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
    rows = zlib.compress((b"\0" + bytes(size)) * size)
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def progressive(scans: int) -> bytes:
    """A progressive JPEG of 36 million pixels whose last scan comes again and again, each a full pass."""
    out = io.BytesIO()
    Image.new("L", (6000, 6000), 128).save(out, "JPEG", progressive=True, quality=50)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


BOMBS = {
    "a JPEG of 3,000 scans": lambda: progressive(3000),
    "200,000 chunks of text": lambda: png(*[chunk(b"tEXt", b"k\0" + b"v" * 20)] * 200_000),
    "text that becomes 1 GB": lambda: png(chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 30), 9))),
    "a profile that becomes 1 GB": lambda: png(chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(1 << 30), 9))),
    "400,000 empty pixel chunks": lambda: png(*[chunk(b"IDAT", b"")] * 400_000),
    "60,000 by 60,000 pixels": lambda: png(size=60_000)[:200],
}


@pytest.mark.torture
@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_takes_more_than_it_gives(name: str) -> None:
    """Read or refused, within the time and memory of a decoder; the picture after it is read as ever."""
    with Decoders(1, seconds=5) as decoders:
        first, second = decoders.answers([Request([BOMBS[name]()]), Request([png()])])
    assert "shape" in second.outcomes[0]
    (outcome,) = first.outcomes
    assert ("refused" in outcome) != ("shape" in outcome)


def limited(root: Path, *command: str, gigabytes: float = 4) -> "subprocess.CompletedProcess[str]":
    """A command of Assay in a process of its own that may address so much."""
    import resource

    bound = int(gigabytes * 2**30)
    return subprocess.run(
        [sys.executable, "-m", "assay", *command],
        cwd=root,
        env=os.environ
        | {"ASSAY_CACHE": str(root / "cache"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, bound)),
        capture_output=True,
        text=True,
        check=False,
    )


def save(root: Path, count: int, classes: int, side: int) -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % classes
    images = generator.integers(0, 256, (classes, side, side), np.uint8)[labels]
    images ^= generator.integers(0, 32, images.shape, np.uint8)
    test = slice(0, count // 10)
    (root / "set").mkdir()
    for name, part in (("train", slice(None)), ("test", test)):
        np.save(root / "set" / f"x_{name}.npy", images[part] ^ (1 if name == "test" else 0))
        np.save(root / "set" / f"y_{name}.npy", labels[part])


@pytest.mark.torture
@pytest.mark.parametrize("classes", [2000, 10_000])
def test_thousands_of_classes(tmp_path: Path, classes: int, record_property: Any) -> None:
    """A whole run with all files, in 4 GiB of addresses."""
    save(tmp_path, 4 * classes, classes, 8)
    line = [
        "run",
        "set",
        "--model",
        "nearest-mean",
        "--checks",
        "identity,label-balance",
        "--out",
        "out",
        "-q",
    ]
    done = limited(tmp_path, *line)
    assert done.returncode == 0, done.stderr
    assert limited(tmp_path, "verify", "out").returncode == 0
    record_property("report_bytes", (tmp_path / "out" / "report.html").stat().st_size)


@pytest.mark.torture
def test_three_hundred_thousand_images(tmp_path: Path) -> None:
    """An audit with the checks whose time grows with the images, in 4 GiB of addresses."""
    save(tmp_path, 300_000, 10, 16)
    line = [
        "audit",
        "set",
        "--checks",
        "identity,label-balance,pixel-range,exact-duplicates",
        "--out",
        "out",
        "-q",
    ]
    done = limited(tmp_path, *line)
    assert done.returncode == 0, done.stderr


@pytest.mark.torture
def test_a_million_decisions(tmp_path: Path) -> None:
    """A table of a million rows is read, or refused in one line; none is lost in silence."""
    path = tmp_path / "decisions.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "id", "digest", "label", "decision", "new_label"])
        writer.writerows(["train", f"i{i}", f"{i:064x}", "a", "keep", ""] for i in range(1_000_000))
    assert len(read_decisions(path)) == 1_000_000
