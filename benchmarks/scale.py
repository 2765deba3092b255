"""What an audit in shards costs as a set grows, and what of the planted faults it finds.

    python benchmarks/scale.py [--images 10000 100000] [--shards N] [--at-once 1] [--work DIR] [--channels 1]
                               [--workers 2 3]

Sets of 64 x 64 pictures made by a seed, as PNG in Parquet files of 10,000 pictures each. Planted in each:
exact twins, near twins (darker, with noise), mirrored twins, wrong labels, and damages (black; the lower half
lost). Each shard and the merge is a process of its own, `--at-once` shards at the same time; seconds are of
processor time, children included, so that other work on the machine counts little; memory is of the largest
process. Data and parts that lie in DIR are used again, and figures of each size are kept as soon as they are
known: stop and start it again as you like. With --workers the parts are merged again by so many processes
each time, whose files must be those of the first merge to the byte. A million wants 3 GB for the pictures and
7 GB for the parts.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow
from PIL import Image
from pyarrow import parquet

from assay.core import durable
from measuring import RESULTS, conditions, write_result

CLASSES: Final = 10
SIDE: Final = 64

#: Shares of the images that are planted: each has one fault at most.
PLANTED: Final = {"exact": 0.005, "near": 0.005, "mirrored": 0.0025, "flip": 0.01, "damage": 0.002}

#: Where the audit should say so.
FOUND_BY: Final = {
    "exact": "exact-duplicates",
    "near": "near-duplicates",
    "mirrored": "near-duplicates",
    "flip": "label-errors",
    "damage": "quality",
}

PLAN: Final = "planted.json"

#: What is the same for any number of workers.
SAME: Final = ("audit.json", "issues.csv", "label_quality.csv", "config.toml", "report.html")

#: Images of one Parquet file, and of one group of its rows.
IN_FILE: Final = 10_000
IN_GROUP: Final = 1_000

#: Images of a shard at most, where the number of shards is not given.
IN_SHARD: Final = 62_500


def plan_of(count: int) -> dict[str, dict[str, int]]:
    """Kind -> image -> the image that it is a twin of (itself for other faults), drawn by a seed."""
    rng = np.random.default_rng([count, 19])
    rows = rng.permutation(count)
    planted, used = {}, 0
    for kind, share in PLANTED.items():
        many = int(share * count)
        changed, of = rows[used : used + many], rows[used + many : used + 2 * many]
        used += 2 * many
        alone = kind in ("flip", "damage")
        planted[kind] = {str(a): int(a if alone else b) for a, b in zip(changed, of, strict=True)}
    return planted


def picture(row: int, channels: int) -> np.ndarray:
    """An image of its class: the class's pattern, one of its own, and grain; the same for the same row."""
    rng = np.random.default_rng([row, 7])
    pattern = np.random.default_rng([row % CLASSES, 3]).random((8, 8, channels))
    mixed = 255 * (0.55 * pattern + 0.45 * rng.random((8, 8, channels)))
    layers = [
        np.asarray(
            Image.fromarray(mixed[..., c].astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        )
        for c in range(channels)
    ]
    grain = rng.normal(0, 3, (SIDE, SIDE, channels))
    return np.clip(np.stack(layers, axis=2) + grain, 0, 255).astype(np.uint8)


def changed(image: np.ndarray, kind: str, row: int) -> np.ndarray:
    """An image with its fault."""
    rng = np.random.default_rng([row, 11])
    if kind == "near":
        return np.clip(0.9 * image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    if kind == "mirrored":
        return image[:, ::-1]
    if kind == "damage":
        lost = image.copy()
        lost[SIDE // 2 if row % 2 else 0 :] = 0
        return lost
    return image


def make(folder: Path, count: int, channels: int) -> None:
    """The set, unless it lies there already; what was planted is written last. Stopped, it goes on."""
    if (folder / PLAN).exists():
        return
    planted = plan_of(count)
    fault = {int(row): (kind, of) for kind, rows in planted.items() for row, of in rows.items()}
    (folder / "data").mkdir(exist_ok=True)
    for first in range(0, count, IN_FILE):
        file = folder / "data" / f"{first // IN_FILE:05}.parquet"
        if not file.exists():
            durable.write_bytes(file, in_parquet(range(first, min(first + IN_FILE, count)), fault, channels))
    durable.write_text(folder / PLAN, json.dumps(planted))


def in_parquet(rows: range, fault: Mapping[int, tuple[str, int]], channels: int) -> bytes:
    """Some images as a Parquet file, in the form of the Hugging Face hub."""
    images, labels = [], []
    for row in rows:
        kind, of = fault.get(row, ("", row))
        image, encoded = changed(picture(of, channels), kind, row), io.BytesIO()
        shown = Image.fromarray(image if channels == 3 else image[..., 0])
        shown.save(encoded, "png", compress_level=1)
        images.append({"bytes": encoded.getvalue(), "path": f"{row:07}.png"})
        labels.append(f"class {(of + 1 if kind == 'flip' else of) % CLASSES}")
    written = io.BytesIO()
    parquet.write_table(pyarrow.table({"image": images, "label": labels}), written, row_group_size=IN_GROUP)
    return written.getvalue()


def measured(command: list[str]) -> dict[str, float]:
    """Seconds, processor seconds and the largest memory of a process with its children; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "assay", *command, "-q"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": round(used.ru_maxrss / 1024),
    }


def kept(file: Path, command: list[str]) -> dict[str, float]:
    """The figures of a step, from the file where it was done before: which is whole, or not there."""
    if not file.exists():
        durable.write_text(file, json.dumps(measured(command)))
    return dict(json.loads(file.read_text()))


def found(run: Path, planted: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Of each kind how many were planted and found: twins as a pair or in one group of copies."""
    flagged: dict[str, set[str]] = {}
    with (run / "issues.csv").open(encoding="utf-8", newline="") as file:
        for issue in csv.DictReader(file):
            twins = issue["check"] in ("exact-duplicates", "near-duplicates")
            names = {Path(issue["id"]).stem, Path(issue["related_id"]).stem if twins else ""} - {""}
            flagged.setdefault(issue["check"], set()).update(names)
    told = {}
    for kind, rows in planted.items():
        seen = flagged.get(FOUND_BY[kind], set())
        hits = sum(f"{int(row):07}" in seen for row in rows)
        told[kind] = {"planted": len(rows), "found": hits, "flagged": len(seen)}
    return told


def merged_by(folder: Path, parts: str, workers: list[int]) -> dict[str, dict[str, float]]:
    """What a merge by several processes costs, by their number."""
    told = {}
    for count in workers:
        run = folder / f"run-{count}"
        # Nothing is to be found again that the merge before kept.
        os.environ["ASSAY_CACHE"] = str((folder / f"cache-{count}").resolve())
        command = ["merge", parts, "--out", str(run), "--workers", str(count)]
        told[str(count)] = kept(folder / f"merge-{count}.json", command)
        for name in SAME:
            if (run / name).read_bytes() != (folder / "run" / name).read_bytes():
                raise SystemExit(f"{name} of {count} workers is another one")
    return told


def audited(
    folder: Path, count: int, shards: int, channels: int, at_once: int, workers: list[int]
) -> dict[str, Any]:
    """All figures of one size."""
    make(folder, count, channels)
    data, parts, run = str(folder / "data"), str(folder / "parts"), folder / "run"

    def shard(number: int) -> dict[str, float]:
        command = ["audit", data, "--size", str(SIDE), "--shard", f"{number}/{shards}", "--out", parts]
        return kept(folder / f"shard-{number}.json", command)

    with ThreadPoolExecutor(at_once) as pool:
        steps = list(pool.map(shard, range(1, shards + 1)))
    merge = kept(folder / "merge.json", ["merge", parts, "--out", str(run)])
    total = sum(step["processor_seconds"] for step in steps)
    return {
        "shards": shards,
        "channels": channels,
        "shard_processor_ms_per_image": round(1000 * total / count, 3),
        "merge_processor_ms_per_image": round(1000 * merge["processor_seconds"] / count, 3),
        "shard_megabytes": max(step["megabytes"] for step in steps),
        "merge_megabytes": merge["megabytes"],
        "merge_seconds": merge["seconds"],
        "merge_processor_seconds": merge["processor_seconds"],
        "merge_by_workers": merged_by(folder, parts, workers),
        "bytes_per_image_in_parts": sum(f.stat().st_size for f in Path(parts).rglob("*") if f.is_file())
        // count,
        "processor_hours": round((total + merge["processor_seconds"]) / 3600, 3),
        "report_bytes": (run / "report.html").stat().st_size,
        "issues_bytes": (run / "issues.csv").stat().st_size,
        "planted": found(run, json.loads((folder / PLAN).read_text())),
    }


def main() -> None:
    """Every size, one after the other; sizes that were measured before stay in the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--shards", type=int, help=f"default: one for {IN_SHARD:,} images")
    parser.add_argument("--at-once", type=int, default=1, help="shards at the same time")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1)
    parser.add_argument(
        "--workers", type=int, nargs="*", default=[], help="merge again, by so many processes"
    )
    parser.add_argument("--work", type=Path, default=Path("scale-work"))
    given = parser.parse_args()
    before, file = conditions(), RESULTS / "scale.json"
    figures = json.loads(file.read_text())["figures"] if file.exists() else {}
    for count in given.images:
        folder = given.work / f"{count}x{given.channels}"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["ASSAY_CACHE"] = str((folder / "cache").resolve())
        name = f"{count}" if given.channels == 1 else f"{count} in color"
        shards = given.shards or -(-count // IN_SHARD)
        figures[name] = audited(folder, count, shards, given.channels, given.at_once, given.workers)
        write_result("scale", "python benchmarks/scale.py", before, figures)


if __name__ == "__main__":
    main()
