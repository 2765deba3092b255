"""A worker that somebody stopped (SIGSTOP) is told by its number, and a slow one is not."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from assay.core.events import Event as Happened
from assay.workflow.engines import stopped
from assay.workflow.engines.local import processes
from assay.workflow.engines.stopped import is_stopped, telling_stopped
from assay.workflow.engines.training_workers import working_together

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

STOPS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopped, "EVERY_SECONDS", 0.02)


def _texts(heard: list[Happened]) -> list[str]:
    return [str(event.figures["message"]) for event in heard if event.event == "warning"]


class _LetsGoOn:
    """A listener that does what the warning says."""

    def __init__(self) -> None:
        self.heard: list[Happened] = []

    def __call__(self, event: Happened) -> None:
        self.heard.append(event)
        if event.event == "warning":
            found = re.search(r"kill -CONT (\d+)", str(event.figures["message"]))
            assert found is not None
            os.kill(int(found[1]), signal.SIGCONT)


def test_a_stopped_shard_is_told_and_goes_on() -> None:
    """It was waited for without an end."""
    listener = _LetsGoOn()
    processes({"2/3": [sys.executable, "-c", STOPS_ITSELF]}, 1, listener)
    (text,) = _texts(listener.heard)
    assert text.startswith("the worker of shard 2/3 (process ")
    assert "is stopped" in text


def test_a_slow_shard_is_not_told() -> None:
    """It may wait for a disk, or compute: nobody can know."""
    heard: list[Happened] = []
    processes({"1/1": [sys.executable, "-c", "import time; time.sleep(1)"]}, 1, heard.append)
    assert _texts(heard) == []


def test_one_that_goes_on_soon_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks in a row count; each time that it is stopped for long is told once."""
    monkeypatch.setattr(stopped, "LOOKS", 3)
    looks, looked = iter([True, True, False, True, True, False, *[True] * 5, False, *[True] * 3]), Event()

    def look(_: int) -> bool:
        found = next(looks, None)
        if found is None:
            looked.set()
        return bool(found)

    monkeypatch.setattr(stopped, "is_stopped", look)
    heard: list[Happened] = []
    with telling_stopped(lambda: {"worker 1": 7}, "train", heard.append):
        assert looked.wait(60)
    assert len(_texts(heard)) == 2


def test_a_stopped_training_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was noticed after an hour."""
    began = subprocess.Popen([sys.executable, "-c", STOPS_ITSELF], stderr=subprocess.PIPE, text=True)
    monkeypatch.setattr("assay.workflow.engines.training_workers.begin", lambda *_: began)
    listener = _LetsGoOn()
    with working_together(2, tmp_path, "data", listener):
        assert began.wait(60) == 0
    assert _texts(listener.heard)[0].startswith(f"worker 1 (process {began.pid}) is stopped")


def test_states_of_processes() -> None:
    """The system's word for it; nothing is said of a process that is not there."""
    process = subprocess.Popen([sys.executable, "-c", STOPS_ITSELF])
    os.waitpid(process.pid, os.WUNTRACED)
    assert is_stopped(process.pid)
    process.kill()
    process.wait()
    assert not is_stopped(process.pid)
    assert not is_stopped(os.getpid())
