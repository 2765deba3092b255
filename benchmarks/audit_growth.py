"""What each check costs per image as the data grow, the memory, and what the neighbor search misses.

    python benchmarks/audit_growth.py [10000 100000 1000000]

Sets larger than Fashion-MNIST are made from it: its images turned, scaled and moved a little, anew for
every round, so that they are new pictures and no copies. In each set copies of every kind are planted.
Every size runs in a process of its own, on one processor; seconds are of processor time, so that other
work on the machine counts little. The result is written after each size. A million images take 5 GB and
half an hour.
"""

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.registry import CHECKS, measure_all
from assay.audits.self_test.planted_faults import Planted, with_copies
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.candidates import describe_window, queries, thumbnails
from assay.estimators.nearest_neighbors import build_cells, nearest, search_cells
from assay.estimators.projections import fit_components
from assay.workflow.load import load
from measuring import conditions, write_result

SIZES = (10_000, 100_000, 1_000_000)

#: Computed once, when the first check asks.
SHARED = {"looks": "image_stats", "copies": "copies", "judgment": "cross_validated"}

QUERIES = 2_000
COPIES = 100


def grown(dataset: Dataset, size: int) -> Dataset:
    """`size` images in the proportions of the splits, new ones made where there are not so many."""
    whole = sum(len(split) for split in dataset.splits.values())
    rng = np.random.default_rng(size)
    splits = {name: _grown(name, s, round(size * len(s) / whole), rng) for name, s in dataset.splits.items()}
    return replace(dataset, name=f"grown-{size}", splits=splits, fingerprints={})


def _grown(name: str, split: Split, size: int, rng: np.random.Generator) -> Split:
    images, labels = np.asarray(split.images), split.labels
    if size <= len(split):
        rows = np.sort(rng.choice(len(split), size, replace=False))
        return Split.from_arrays(images[rows], labels[rows], numbered_ids(name, size))
    rounds = -(-size // len(split))
    made = np.concatenate([images, *(_varied(images, rng) for _ in range(rounds - 1))])[:size]
    return Split.from_arrays(made, np.tile(labels, rounds)[:size], numbered_ids(name, size))


def _varied(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each gray image turned by up to 15 degrees, scaled by 0.8 to 1.1 and moved by up to 2 pixels."""
    out = np.empty_like(images)
    middle = (images.shape[1] - 1) / 2
    for i, image in enumerate(images):
        angle, scale = rng.uniform(-math.pi / 12, math.pi / 12), 1 / rng.uniform(0.8, 1.1)
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        right, down = rng.uniform(-2, 2, 2)
        matrix = (cos, -sin, middle * (1 - cos + sin) + right, sin, cos, middle * (1 - sin - cos) + down)
        picture = Image.fromarray(image[..., 0])
        out[i, ..., 0] = picture.transform(
            picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
    return out


def measured(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `work` and the seconds of processor time that it took."""
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def costs(dataset: Dataset) -> tuple[CheckContext, dict[str, float]]:
    """Seconds of everything that is computed once, then of each check on top of it."""
    measurements, seconds_measuring = measured(lambda: measure_all(dataset))
    context = CheckContext(dataset, measurements)
    seconds = {"measure": seconds_measuring}
    for name, attribute in SHARED.items():
        _, seconds[name] = measured(lambda attribute=attribute: getattr(context, attribute))
    for name, check in CHECKS.items():
        _, seconds[name] = measured(lambda check=check: check.run(context))
    return context, seconds


def recall_of_copies(planted: Planted, context: CheckContext) -> dict[str, float]:
    """Share of the planted copies of each kind that the two duplicate checks flag."""
    issues = [*check_exact_duplicates(context).issues, *check_near_duplicates(context).issues]
    flagged = {(issue.split, issue.index) for issue in issues}
    found: dict[str, list[bool]] = {}
    for (kind, split), rows in planted.faults.items():
        found.setdefault(kind, []).extend((split, int(row)) in flagged for row in rows)
    return {kind: sum(hits) / len(hits) for kind, hits in found.items()}


def recall_of_cells(dataset: Dataset) -> dict[str, float]:
    """Share of images whose nearest neighbor the cells find, by cells visited, against the exact search.

    On the descriptions that near copies are looked up by. `exact_seconds_per_image`: what looking up
    one image among all others costs.
    """
    question = queries((0, *dataset.shape))[0]
    described = np.concatenate([describe_window(thumbnails(b), question) for b in dataset.train.blocks()])
    points = fit_components(described, 40).project(described)
    asked = points[np.linspace(0, len(points) - 1, QUERIES).astype(int)]
    exact, seconds = measured(lambda: nearest(asked, points, 2)[0][:, 1])
    cells = build_cells(points)
    found = {"exact_seconds_per_image": seconds / len(asked)}
    for visits in (1, 4, 16):
        squares = np.sort(search_cells(cells, asked, visits, 2)[0], axis=1)[:, 1]
        found[str(visits)] = float((squares <= exact * 1.0001 + 1e-6).mean())
    return found


def one_size(size: int) -> dict[str, Any]:
    """All figures of one size, in this process."""
    planted = with_copies(grown(load("fashion-mnist", offline=True), size), COPIES, size)
    before = _peak_gigabytes()
    context, seconds = costs(planted.dataset)
    images = sum(len(split) for split in planted.dataset.splits.values())
    return {
        "images": images,
        "cpu_seconds": seconds,
        "cpu_microseconds_per_image": {name: 1e6 * value / images for name, value in seconds.items()},
        "peak_gigabytes": _peak_gigabytes(),
        "peak_gigabytes_before_the_audit": before,
        "recall_of_copies": recall_of_copies(planted, context),
        "recall_of_cells": recall_of_cells(planted.dataset),
    }


def _peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def slopes(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    """The power of the number of images that each cost grows with, between each size and the next."""
    found: dict[str, list[float]] = {}
    for small, large in pairwise(rows):
        ratio = math.log(large["images"] / small["images"])
        for name, seconds in large["cpu_seconds"].items():
            before = small["cpu_seconds"][name]
            if seconds > 0.1 and before > 0:
                found.setdefault(name, []).append(round(math.log(seconds / before) / ratio, 2))
    return found


def main() -> None:
    before = conditions()
    rows: list[dict[str, Any]] = []
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        command = [sys.executable, __file__, "--one", str(size)]
        one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread)
        rows.append(json.loads(done.stdout))
        figures = {"rows": rows, "slopes": slopes(rows)}
        write_result("audit_growth", "python benchmarks/audit_growth.py", before, figures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        print(json.dumps(one_size(int(sys.argv[2]))))
    else:
        main()
