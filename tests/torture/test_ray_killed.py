"""kill -9 of an audit by Ray, of the process that drives Ray, and of Ray's own services."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray"),
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc"),
]

JOB = """
import sys
from assay.core.events import ignore
from assay.core.errors import AssayError
from assay.workflow.engines.on_ray import ray
code = "import os, time; open(sys.argv[1], 'x').write(str(os.getpid())); time.sleep(300)"
try:
    ray({"1/1": [sys.executable, "-c", "import sys; " + code, sys.argv[1]]}, 1, ignore)
except AssayError as error:
    print(error.code)
"""


def descendants(of: int) -> dict[int, str]:
    """Living processes below one, with their command lines."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except (OSError, IndexError):
                continue
    found, more = set(), {of}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in found} - found
    return {pid: lines[pid] for pid in found - {of} if pid in lines}


def alive(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def within(seconds: float, true) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.parametrize("whom", ["the audit", "drive()", "raylet/raylet", "gcs_server"])
def test_kill_9_of_the_audit_or_any_part_of_ray_ends_all(whom: str, tmp_path: Path) -> None:
    """What is left says that Ray ended, and no process of the engine lives on, the command included."""
    mark = tmp_path / "mark"
    job = subprocess.Popen([sys.executable, "-c", JOB, str(mark)], stdout=subprocess.PIPE, text=True)
    assert within(90, lambda: mark.exists() and mark.read_text())
    below = descendants(job.pid)
    assert int(mark.read_text()) in below
    killed = job.pid if whom == "the audit" else next(p for p, line in below.items() if whom in line)
    os.kill(killed, signal.SIGKILL)
    told, _ = job.communicate(timeout=150)
    assert told.strip() == ("" if whom == "the audit" else "engine-failed")
    assert within(60, lambda: not any(map(alive, below))), [below[p] for p in below if alive(p)]
