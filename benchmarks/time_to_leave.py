"""How long a run takes to save and leave after SIGTERM and after Ctrl-C, while it trains on Fashion-MNIST."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import conditions, write_result

TIMES = 5


def main():
    before = conditions()
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            number.name: _repeated(Path(folder) / number.name, number, code)
            for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130))
        }
    write_result("time_to_leave", "python benchmarks/time_to_leave.py", before, figures)


def _repeated(folder, number, code):
    seconds = [round(_seconds(folder / str(i), number, code, 0.4 * i), 3) for i in range(TIMES)]
    return {"exit_code": code, "all": seconds, "median": statistics.median(seconds), "longest": max(seconds)}


def _seconds(out, number, code, wait):
    """From the signal, sent `wait` seconds into training after a first checkpoint, to the process' end."""
    command = [sys.executable, "-m", "assay", "train", "--checks", "identity", "--checkpoint-every", "0.01"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not list((out / "checkpoints").glob("step-*.json")):
        time.sleep(0.01)
    time.sleep(wait)
    started = time.perf_counter()
    os.kill(process.pid, number)
    assert process.wait() == code
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
