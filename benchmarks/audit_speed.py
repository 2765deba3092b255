"""How long the audit of the 70,000 images takes and what it needs, by what is asked of it.

    python benchmarks/audit_speed.py

Whole processes, from start to the written report, with the data cached and no audit kept. The parts that
need neither copies nor a classifier are timed inside one process as well, without start, figures and
report. What `--thorough` finds is counted on flips planted in the training images with an odd index, by
which nothing was chosen.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assay.audits.audit import CHECKS, audit_dataset, measure_all
from assay.audits.judgment import judge
from assay.audits.planting import with_flips
from assay.audits.self_test import auroc, found_in_twice
from assay.core import durable
from assay.core.folders import cache_folder
from assay.data.load import load
from measuring import conditions, peak_megabytes, repeated, seconds_of, write_result

ASSAY = (sys.executable, "-m", "assay", "audit")

#: Near copies, leakage, the classifier's two checks and separability.
SLOW = {"near-duplicates", "leakage", "label-errors", "ambiguous-labels", "separability"}
QUICK = tuple(name for name in CHECKS if name not in SLOW)
SEED = 404


def uncached(out: Iterator[Path], *words: str) -> list[object]:
    """The command of an audit that nothing is kept of."""
    durable.remove(cache_folder() / "audits")
    return [*ASSAY, *words, "--out", next(out)]


def quick_alone() -> float:
    """Seconds of measuring and the quick checks in this process."""
    dataset = load("fashion-mnist", offline=True)
    started = time.perf_counter()
    audit_dataset(dataset, measure_all(dataset), QUICK)
    return time.perf_counter() - started


def flips_found(thorough: bool) -> dict[str, Any]:
    """How 1 % of labels flipped to any class rank by what the audit believes of them."""
    dataset = load("fashion-mnist", offline=True)
    odd = np.arange(1, len(dataset.train), 2)
    planted = with_flips(dataset, 0.01, SEED, among=odd)
    labels = planted.dataset.train.labels
    probabilities = judge(planted.dataset, thorough=thorough).probabilities["train"]
    unlikely = -probabilities[np.arange(len(labels)), labels]
    flipped = np.zeros(len(labels), bool)
    flipped[planted.faults["flipped", "train"]] = True
    return {
        "auroc": auroc(unlikely[odd], flipped[odd]),
        "found_in_twice": found_in_twice(unlikely[odd], flipped[odd]),
        "flipped": int(flipped.sum()),
        "seed": SEED,
    }


def main() -> None:
    before = conditions()
    with tempfile.TemporaryDirectory() as name:
        out = (Path(name) / str(i) for i in range(1000))
        quick = ("--checks", ",".join(QUICK))
        figures = {
            "all checks, seconds": repeated(lambda: seconds_of(uncached(out)), 3, warmup=0),
            "all checks, peak memory, MB": repeated(lambda: peak_megabytes(uncached(out)), 1, warmup=0),
            "--thorough, seconds": repeated(lambda: seconds_of(uncached(out, "--thorough")), 1, warmup=0),
            "--thorough, peak memory, MB": repeated(
                lambda: peak_megabytes(uncached(out, "--thorough")), 1, warmup=0
            ),
            "without copies, labels and separability, seconds": repeated(
                lambda: seconds_of(uncached(out, *quick)), 3, warmup=0
            ),
            "the same without start, figures and report, seconds": repeated(quick_alone, 3),
        }
    found = {name: flips_found(name == "--thorough") for name in ("default", "--thorough")}
    write_result(
        "audit_speed", "python benchmarks/audit_speed.py", before, {"times": figures, "flips": found}
    )


if __name__ == "__main__":
    main()
