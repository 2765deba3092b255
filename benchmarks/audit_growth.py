"""What each check costs per image as the data grow, and how many neighbors the cells miss.

    python benchmarks/audit_growth.py 10000 20000 40000 70000 280000

Sets larger than Fashion-MNIST are made from it: mirrored, moved and brightened anew for every round.
Seconds are of processor time on all cores, so that other work on the machine counts little; each size
is measured once per call. Writes benchmarks/results/audit_growth.json.
"""

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assay.audits.audit import CHECKS, measure_all
from assay.audits.material import Material
from assay.audits.planting import brightened, mirrored, moved
from assay.data.load import load
from assay.data.values import Dataset, Split, numbered_ids
from assay.reference.neighbors import build_cells, nearest, search_cells

RESULTS = Path(__file__).parent / "results" / "audit_growth.json"
QUERIES = 2_000


def grown(dataset: Dataset, size: int) -> Dataset:
    """`size` images in the proportions of the splits, augmented where there are not so many."""
    whole = sum(len(split) for split in dataset.splits.values())
    rng = np.random.default_rng(size)
    splits = {name: _grown(name, s, round(size * len(s) / whole), rng) for name, s in dataset.splits.items()}
    return replace(dataset, name=f"grown-{size}", splits=splits, fingerprints={})


def _grown(name: str, split: Split, size: int, rng: np.random.Generator) -> Split:
    images, labels = np.asarray(split.images), split.labels
    if size <= len(split):
        rows = np.sort(rng.choice(len(split), size, replace=False))
        return Split.from_arrays(images[rows], labels[rows], numbered_ids(name, size))
    parts = [images]
    while sum(map(len, parts)) < size:
        parts.append(brightened(moved(mirrored(images, rng) if len(parts) % 2 else images, rng), rng))
    rounds = np.concatenate(parts)[:size]
    return Split.from_arrays(rounds, np.tile(labels, len(parts))[:size], numbered_ids(name, size))


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def costs(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Seconds of everything that is computed once, then of each check on top of it."""
    measurements, found = measured(lambda: measure_all(dataset))
    material = Material(dataset, measurements)
    seconds = {"measure": found}
    for shared in ("looks", "copies", "judgment"):
        _, seconds[shared] = measured(lambda shared=shared: getattr(material, shared))
    for name, check in CHECKS.items():
        _, seconds[name] = measured(lambda check=check: check(material))
    return seconds


def recall_of_cells(dataset: Dataset) -> dict[str, float]:
    """Share of images whose nearest neighbor the cells find, by cells visited, against the exact search."""
    points = Material(dataset, {}).judgment.components["train"][:, :40]
    queries = points[np.linspace(0, len(points) - 1, QUERIES).astype(int)]
    exact = nearest(queries, points, 2)[0][:, 1]
    cells = build_cells(points)
    found = {}
    for visits in (1, 4, 16):
        squares = np.sort(search_cells(cells, queries, visits, 2)[0], axis=1)[:, 1]
        found[str(visits)] = float((squares <= exact * 1.0001).mean())
    return found


def main() -> None:
    dataset = load("fashion-mnist", offline=True)
    rows = []
    for size in [int(argument) for argument in sys.argv[1:]] or [10_000, 20_000]:
        data = grown(dataset, size)
        seconds = costs(data)
        row = {
            "images": size,
            "seconds": seconds,
            "cpu_microseconds_per_image": {k: 1e6 * v["cpu"] / size for k, v in seconds.items()},
            "recall_of_cells": recall_of_cells(data),
            "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }
        rows.append(row)
        print(json.dumps(row))
    record = {
        "schema": 1,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "cores": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
