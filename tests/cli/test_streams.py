"""Streams that close or fill up: the work goes on, and the exit code is its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay

AUDIT = "assay audit fashion-mnist-sample --checks identity,label-balance --out {out}"
GATE = f"{AUDIT} --fail-on 'label-balance>-1'"


def shell(line: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    python = f"{sys.executable} -m "
    text = re.sub(r"^assay", f"{python}assay", line.format(out=tmp_path / "run"))
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


#: The answer of these is what they print, or a program reads it.
ANSWERS = (
    "assay --version",
    "assay audit --help",
    "assay doctor",
    "assay doctor --json",
    "assay inspect fashion-mnist-sample",
    "assay inspect fashion-mnist-sample --json",
    "assay audit fashion-mnist-sample --checks label-balance --json --out {out}",
)


@pytest.mark.parametrize("line", ANSWERS)
def test_an_answer_that_is_lost_is_told(line: str, tmp_path: Path) -> None:
    """On a full disk a file of nothing once came with exit code 0; of a reader that leaves it still does."""
    lost = shell(f"{line} > /dev/full", tmp_path)
    assert (lost.returncode, lost.stderr.count("\n")) == (5, 1)
    assert lost.stderr.startswith(
        "error[disk-error]: standard output: what was to be written there is lost ("
    )
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    left = shell(f"{line} | true", tmp_path)
    assert (left.returncode, left.stderr) == (0, "")


def test_a_gate_that_fails_says_so_though_the_events_are_lost(tmp_path: Path) -> None:
    assert shell(f"{GATE} --json > /dev/full", tmp_path).returncode == 8


@pytest.mark.parametrize("form", ["", " --json"])
def test_predictions_that_are_lost_are_no_bug(form: str, tmp_path: Path) -> None:
    """Many at once go another way through the stream than a line does."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(3):
        Image.new("L", (8, 8), n).save(pictures / f"{n}.png")
    data = assay.load(arrays=(np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])))
    assay.train(data, "majority").save(tmp_path / "model")
    done = shell(f"assay predict {tmp_path / 'model'} {pictures}{form} > /dev/full", tmp_path)
    assert done.returncode == 5 and "error[disk-error]: standard output" in done.stderr
    assert shell(f"assay predict {tmp_path / 'model'} {pictures}{form} | true", tmp_path).returncode == 0


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
