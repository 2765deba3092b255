"""A tracker whose disk is full, or whose command is killed: told in one line each, and the run goes on."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assay.workflow.tracking.trackers import TRACKERS
from torture.job import tiny_dataset, tiny_split

needs_tensorboard = pytest.mark.skipif(not find_spec("tensorboard"), reason="needs tensorboard")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    data, test = tiny_dataset(), tiny_split("test", 30, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez("set.npz", **arrays, x_test=test.images, y_test=test.labels)
    return tmp_path


#: The command, in a process where the library's files refuse to be written from the n-th write on.
REFUSING = """
import sys
from tensorboard.compat.tensorflow_stub.io.gfile import LocalFileSystem
left, write = [int(sys.argv.pop(1))], LocalFileSystem._write
def refuse(*arguments):
    left[0] -= 1
    if left[0] < 0:
        raise OSError(28, "No space left on device")
    return write(*arguments)
LocalFileSystem._write = refuse
from assay.cli.main import main
main()
"""


@needs_tensorboard
@pytest.mark.parametrize("writes", [0, 1])
def test_a_disk_that_is_full_is_told(here: Path, writes: int) -> None:
    """The library's thread showed its traceback; what failed last was lost without a word."""
    line = ["run", "set.npz", "--model", "majority", "--checks", "identity", "--track", "tensorboard", "-q"]
    command = [sys.executable, "-c", REFUSING, str(writes), *line, "--out", "a"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "tensorboard keeps no record of this run any more (OSError: [Errno 28]" in done.stderr
    assert all(told.startswith("warning: ") for told in done.stderr.splitlines())
    assert (here / "a" / "manifest.json").exists()


@needs_tensorboard
def test_what_the_last_write_met_is_told(here: Path) -> None:
    """The library's `close` says nothing of what its thread met after the last figure."""
    tracker = TRACKERS["tensorboard"][0]("run", offline=True)
    tracker.metrics({"accuracy": 0.5}, None)
    tracker._writer._async_writer._worker.exception = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        tracker.close(finished=True)


#: A thread of a library that fails, and a library's log that cannot be written.
FAILING = """
import logging, sys, threading
class Full:
    def write(self, text): raise OSError(28, "No space left on device")
    def flush(self): pass
from assay.cli import main as lines
work = lines._prepare_environment
def fails():
    work()
    logging.getLogger("theirs").addHandler(logging.StreamHandler(Full()))
    logging.getLogger("theirs").error("x")
    thread = threading.Thread(target=lambda: 1 / 0, name="theirs")
    thread.start()
    thread.join()
lines._prepare_environment = fails
lines.main()
"""


def test_threads_and_logs_of_libraries_show_no_traceback(here: Path) -> None:
    """One line of a thread, nothing of a log; with --debug all of it."""
    line = [sys.executable, "-c", FAILING, "inspect", "set.npz"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=here, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (
        done.stderr == "warning: theirs of this command ended early (ZeroDivisionError: division by zero)\n"
    )
    done = subprocess.run([*line, "--debug"], capture_output=True, text=True, cwd=here, timeout=300)
    assert done.stderr.count("Traceback") == 2
