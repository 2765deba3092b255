"""How long the main job takes, from the start of the process to the report, with the data cached."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from assay.core import durable
from assay.core.cache_folder import cache_folder
from measuring import conditions, peak_megabytes, repeated, seconds_of, write_result

ASSAY = (sys.executable, "-m", "assay")

BASIC = ("--checks", "identity,label-balance,pixel-range,class-similarity")

LOAD = (
    "import time; from assay import load; t = time.perf_counter(); load('fashion-mnist'); "
    "print(time.perf_counter() - t)"
)


def main() -> None:
    before = conditions()
    seconds_of([*ASSAY, "fetch", "fashion-mnist"])
    with tempfile.TemporaryDirectory() as folder:
        out = (Path(folder) / str(i) for i in range(1000))
        figures = {
            "assay --help, seconds": repeated(lambda: seconds_of([*ASSAY, "--help"]), 11),
            "second load of the 70,000 images, seconds": repeated(_second_load, 11),
            "assay audit with the four basic checks (load, audit, figures, report), seconds": repeated(
                lambda: seconds_of([*ASSAY, "audit", *BASIC, "--out", next(out)]), 5
            ),
            "assay run with the four basic checks (mlp, 10 epochs of 54,000 images), seconds": repeated(
                lambda: seconds_of([*ASSAY, "run", *BASIC, "--out", next(out)]), 3, warmup=0
            ),
            "assay audit, all checks, nothing cached, seconds": repeated(
                lambda: _uncached(out, "audit"), 3, warmup=0
            ),
            "assay run, all checks, nothing cached, seconds": repeated(
                lambda: _uncached(out, "run"), 3, warmup=0
            ),
            "assay run, the audit cached, seconds": repeated(
                lambda: seconds_of([*ASSAY, "run", "--out", next(out)]), 3, warmup=0
            ),
            "assay run, all checks, nothing cached, peak memory, MB": repeated(
                lambda: _uncached_peak(out), 1, warmup=0
            ),
        }
    write_result("main_job", "python benchmarks/main_job.py", before, figures)


def _uncached(out: Iterator[Path], command: str) -> float:
    """With the data cached, but no audit kept from an earlier run."""
    durable.remove(cache_folder() / "audits")
    return seconds_of([*ASSAY, command, "--out", next(out)])


def _uncached_peak(out: Iterator[Path]) -> float:
    durable.remove(cache_folder() / "audits")
    return peak_megabytes([*ASSAY, "run", "--out", next(out)])


def _second_load() -> float:
    return float(
        subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout
    )


if __name__ == "__main__":
    main()
