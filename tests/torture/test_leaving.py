"""Ctrl-C and SIGTERM: saved and left, with the command that continues; the second signal leaves at once."""

import os
import shlex
import signal
import time
from pathlib import Path

import pytest

from assay.workflow.recorded import run_record
from torture.job import CHECKS, whole_result

SAMPLE = ["run", "fashion-mnist-sample", "--checks", ",".join(CHECKS)]
EPOCHS = ["--epochs", "40"]


def _started(forker, out: Path, log: Path) -> int:
    """A run that has saved its first checkpoint; its process id."""
    arguments = [*SAMPLE, *EPOCHS, "--out", str(out)]
    pid = forker.start(job="cli", folder=out, arguments=arguments, log=log)
    while not list((out / "checkpoints").glob("step-*.json")):
        time.sleep(0.005)
    return pid


@pytest.fixture(scope="module")
def reference(forker, tmp_path_factory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("reference") / "run"
    assert forker.do(job="cli", folder=out, arguments=[*SAMPLE, *EPOCHS, "--out", str(out), "-q"]) == 0
    return whole_result(out)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_leaves(forker, tmp_path, reference, number, code) -> None:
    """Exit 143 or 130, the work saved, and the command that continues on stderr. That command, run as
    printed, ends in every file as if nobody had stopped the run."""
    out, log = tmp_path / "a run", tmp_path / "log"
    os.kill(_started(forker, out, log), number)
    assert forker.status() == code
    last = log.read_text().strip().splitlines()[-1]
    assert "interrupted; the work is saved. Continue with: assay resume" in last
    assert not (out / run_record.MANIFEST).exists()
    command = shlex.split(last.partition("Continue with: assay ")[2])
    assert forker.do(job="cli", folder=out, arguments=[*command, "-q"], log=log) == 0
    assert whole_result(out) == reference
    assert forker.do(job="cli", folder=out, arguments=["verify", str(out), "--retrain"], log=log) == 0
    assert "same      model, trained again" in log.read_text()


def test_a_second_signal_leaves_at_once(forker, tmp_path, reference) -> None:
    """Two signals together: the process is gone, its last checkpoint is whole, the run can be continued."""
    out, log = tmp_path / "run", tmp_path / "log"
    pid = _started(forker, out, log)
    os.kill(pid, signal.SIGSTOP)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
    os.kill(pid, signal.SIGCONT)
    assert forker.status() in (130, 143)
    assert forker.do(job="cli", folder=out, arguments=["resume", str(out), "-q"], log=log) == 0
    assert whole_result(out) == reference


def test_a_signal_before_anything_was_begun(forker, tmp_path) -> None:
    """Stopped while it audits, a run has nothing to save, and can still be continued."""
    out, log = tmp_path / "run", tmp_path / "log"
    arguments = [*SAMPLE, "--out", str(out), "--epochs", "1"]
    pid = forker.start(job="cli", folder=out, arguments=arguments, log=log)
    while not (out / "config.toml").exists():
        time.sleep(0.001)
    os.kill(pid, signal.SIGTERM)
    assert forker.status() == 143
    assert forker.do(job="cli", folder=out, arguments=["resume", str(out), "-q"], log=log) == 0
    assert (out / run_record.MANIFEST).exists()
