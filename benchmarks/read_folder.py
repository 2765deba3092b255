"""How fast a folder of images is read: the 70,000 images of Fashion-MNIST as PNG, and many more for memory.

    python benchmarks/read_folder.py [--runs N] [--folder DIR]

Peer: what `torchvision.datasets.ImageFolder` does, in one process: walk the class folders, open every
image with Pillow, convert it, take its pixels as an array. Paired runs, ours and the peer's in turn.
Memory: the largest resident size of any process of Assay while folders of small images are read; from
two sizes follows the slope, and with it a million.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from assay.data.convert import convert
from assay.workflow.load import load
from measuring import conditions, peak_megabytes, seconds_of, write_result

OURS = "import sys; from assay.workflow.load import load; load(sys.argv[1])"

PEER = """
import os, sys
import numpy as np
from PIL import Image
for split in sorted(os.listdir(sys.argv[1])):
    root = os.path.join(sys.argv[1], split)
    if not os.path.isdir(root):
        continue
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            with open(os.path.join(folder, name), "rb") as file:
                np.asarray(Image.open(file).convert("RGB"))
"""

#: Images of the two folders that memory is measured with, and what is extrapolated to.
SIZES = (50_000, 200_000)
MILLION = 1_000_000


def main() -> None:
    """Measure, and write benchmarks/results/read_folder.json."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--folder", type=Path, help="where to make the folders; they are reused")
    given = arguments.parse_args()
    before = conditions()
    with tempfile.TemporaryDirectory() as temporary:
        place = given.folder or Path(temporary)
        figures = {**speed(place, given.runs), **memory(place)}
    command = f"python benchmarks/read_folder.py --runs {given.runs}"
    write_result("read_folder", command, before, figures)


def speed(place: Path, runs: int) -> dict[str, object]:
    """Seconds of the first and second read and of the peer, run in turn; every figure, and medians."""
    data = load("fashion-mnist")
    folder = place / "fashion-mnist-png"
    if not folder.exists():
        numbered = load(
            arrays=(
                data.train.images,
                data.train.labels,
                data.splits["test"].images,
                data.splits["test"].labels,
            )
        )
        convert(numbered, folder)
    rows = [_pair(folder, place) for _ in range(runs)]
    first, second, peer = (list(column) for column in zip(*rows, strict=True))
    ratios = [theirs / ours for ours, theirs in zip(first, peer, strict=True)]
    return {
        "images": sum(map(len, data.splits.values())),
        "first_read_seconds": {"median": statistics.median(first), "all": first},
        "second_read_seconds": {"median": statistics.median(second), "all": second},
        "peer_seconds": {"median": statistics.median(peer), "all": peer},
        "times_the_peer": {
            "median": round(statistics.median(ratios), 2),
            "all": [round(r, 2) for r in ratios],
        },
    }


def _pair(folder: Path, place: Path) -> tuple[float, float, float]:
    """First read into an empty cache, second read inside one process, and the peer."""
    with tempfile.TemporaryDirectory(dir=place) as cache:
        os.environ["ASSAY_CACHE"] = cache
        first = seconds_of([sys.executable, "-c", OURS, folder])
        second = _second_read(folder)
    del os.environ["ASSAY_CACHE"]
    return round(first, 2), round(second, 3), round(seconds_of([sys.executable, "-c", PEER, folder]), 2)


def _second_read(folder: Path) -> float:
    """Seconds of `load` alone, in a fresh process, without its start."""
    import subprocess

    program = (
        "import sys, time; from assay.workflow.load import load; t = time.perf_counter(); "
        "load(sys.argv[1]); print(time.perf_counter() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, folder],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ},
    )
    return float(done.stdout)


def memory(place: Path) -> dict[str, object]:
    """Peak megabytes for two sizes, and the straight line through them at a million."""
    peaks = {}
    for count in SIZES:
        folder = place / f"small-{count}"
        _small_images(folder, count)
        with tempfile.TemporaryDirectory(dir=place) as cache:
            os.environ["ASSAY_CACHE"] = cache
            peaks[count] = round(peak_megabytes([sys.executable, "-c", OURS, folder]), 1)
    del os.environ["ASSAY_CACHE"]
    (small, low), (large, high) = peaks.items()
    at_a_million = high + (high - low) / (large - small) * (MILLION - large)
    return {"peak_megabytes": peaks, "peak_megabytes_extrapolated_to_a_million": round(at_a_million)}


def _small_images(folder: Path, count: int) -> None:
    """`count` gray PNG of 8 x 8 in ten classes, each different."""
    if folder.exists():
        return
    for label in range(10):
        (folder / "train" / str(label)).mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(pixels).save(
            folder / "train" / str(number % 10) / f"{number:07d}.png", compress_level=1
        )


if __name__ == "__main__":
    main()
