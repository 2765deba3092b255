"""Streams that close or fill up: the work goes on, and the exit code is its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = "assay audit fashion-mnist-sample --checks identity,label-balance --out {out}"
GATE = f"{AUDIT} --fail-on 'label-balance>-1'"


def shell(line: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    python = f"{sys.executable} -m "
    text = line.format(out=tmp_path / "run").replace("assay audit", f"{python}assay audit")
    environment = {**os.environ, "ASSAY_CACHE": str(tmp_path / "cache")}
    command = ["bash", "-c", f"set -o pipefail; {text}"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)


STREAMS = {
    "a reader that leaves": " | head -1",
    "a reader that leaves at once": " | true",
    "events for a reader that leaves": " --json | head -1",
    "output closed": " >&-",
    "a full disk": " > /dev/full",
    "errors closed": " 2>&-",
    "errors to a full disk": " 2> /dev/full",
    "both closed": " >&- 2>&-",
    "both full": " > /dev/full 2> /dev/full",
    "input closed too": " <&- >&- 2>&-",
}


@pytest.mark.parametrize("case", STREAMS)
def test_the_work_goes_on_without_the_stream(case: str, tmp_path: Path) -> None:
    """The run folder is whole, the exit code that of success, and nobody speaks of a bug."""
    done = shell(AUDIT + STREAMS[case], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "manifest.json").is_file()
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize("case", ["a reader that leaves", "a full disk", "both closed"])
def test_a_gate_fails_whoever_listens(case: str, tmp_path: Path) -> None:
    """A pipe to `head` once turned a failed gate into exit 0."""
    assert shell(GATE + STREAMS[case], tmp_path).returncode == 8


STARTING = """
import sys, time, types
from assay.cli import start
def still_loading():
    print("up", flush=True)
    time.sleep(600)
sys.modules["assay.cli.main"] = types.SimpleNamespace(main=still_loading)
start.main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_starts(number: int, code: int) -> None:
    """Before anything is begun: the documented code and one line, no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (code, "interrupted; there was nothing to save\n")
