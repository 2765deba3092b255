"""What the benchmarks share: timing whole processes, the conditions, and the result file."""

import compileall
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.core import durable
from assay.core.machine import library_versions

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def seconds_of(command: Sequence[object]) -> float:
    """Wall-clock seconds of a whole process, from start to exit; it must succeed."""
    started = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return time.perf_counter() - started


def peak_megabytes(command: Sequence[object]) -> float:
    """Largest resident memory of a process and its children, in MB (2**20 bytes)."""
    probe = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *map(str, command)], check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1024


def repeated(work: Callable[[], float], n: int, warmup: int = 1) -> dict[str, Any]:
    """`n` figures of `work` after a warm-up: each of them, and their median."""
    for _ in range(warmup):
        work()
    figures = [round(work(), 3) for _ in range(n)]
    return {"n": n, "median": statistics.median(figures), "all": figures}


#: Variables of the environment that decide which kernels compute, or with how many threads.
_DECIDING = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
             "ONEDNN_MAX_CPU_ISA")  # fmt: skip


def conditions() -> dict[str, Any]:
    """Device, versions and commit that a figure belongs to.

    The package's bytecode is written first, as pip does for all that it installs: an editable install has
    none where the environment forbids Python to write it, and would be read from its source at each start.
    """
    compileall.compile_dir(ROOT / "src", quiet=1)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "versions": library_versions(),
        "variables": {name: os.environ[name] for name in _DECIDING if name in os.environ},
        "commit": commit.stdout.strip() or None,
        "date": datetime.now(UTC).date().isoformat(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def write_result(name: str, command: str, before: dict[str, Any], figures: dict[str, Any]) -> None:
    """Write `benchmarks/results/<name>.json`: how to repeat it, under which conditions, what was found."""
    durable.make_directory(RESULTS)
    result = {"schema": 1, "command": command, "conditions": before, "figures": figures}
    durable.write_json(RESULTS / f"{name}.json", result)
    print(json.dumps(figures, indent=1))
