"""How long the audit of the 70,000 images takes and what it needs, by what is asked of it.

    python benchmarks/audit_speed.py

Whole processes, from start to the written report, with the data cached and no audit kept. The checks
that need neither copies nor a classifier are timed inside one process as well, without start, figures and
report. What the label checks find is counted by benchmarks/audit_flips.py.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.audits.registry import CHECKS, audit_dataset, measure_all
from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.workflow.load import load
from measuring import conditions, repeated, write_result

ASSAY = (sys.executable, "-m", "assay", "audit")

#: Near copies, leakage and the two that leave whole groups of copies out; the classifier's two checks.
SLOW = {
    *("near-duplicates", "leakage", "class-similarity", "separability"),
    *("label-errors", "ambiguous-labels"),
}
QUICK = tuple(name for name in CHECKS if name not in SLOW)


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


def process(command: list[object]) -> tuple[float, float]:
    """Seconds of a whole process, and its largest resident memory in MB (2**20 bytes)."""
    started = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def measured(name: str, n: int, out: Iterator[Path], *words: str) -> dict[str, Any]:
    """Seconds and peak memory of `n` audits of which nothing was kept."""
    runs = [process(uncached(out, *words)) for _ in range(n)]
    return {
        f"{name}, {what}": {"n": n, "median": statistics.median(column), "all": [round(x, 2) for x in column]}
        for what, column in zip(("seconds", "peak memory, MB"), zip(*runs, strict=True), strict=True)
    }


def main() -> None:
    before = conditions()
    with tempfile.TemporaryDirectory() as name:
        out = (Path(name) / str(i) for i in range(1000))
        figures = measured("all checks", 3, out)
        figures |= measured("`--thorough`", 1, out, "--thorough")
        figures |= measured("without copies, labels and what needs them", 3, out, "--checks", ",".join(QUICK))
        figures["the same without start, figures and report, seconds"] = repeated(quick_alone, 3)
    write_result("audit_speed", "python benchmarks/audit_speed.py", before, figures)


if __name__ == "__main__":
    main()
