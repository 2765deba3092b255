"""Where no run folder can be made: told before the data are read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assay.workflow.run_folder import need_writable

#: Root may write everywhere unless it gives up that power.
POWERS = "-dac_override,-dac_read_search"
AS_USER = ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS] if os.geteuid() == 0 else []

EVERY = """
import sys
import numpy as np
from assay.core.errors import AssayError
from assay.workflow.api import run
from assay.workflow.run_commands import run_answers, run_audit, run_train
from assay.workflow.shards import run_engine, run_merge

data, out = "fashion-mnist-sample", sys.argv[1] or None
calls = {
    "run": lambda tell: run(data, model="majority", out=out, on_event=tell),
    "audit": lambda tell: run_audit(data, out=out, on_event=tell),
    "train": lambda tell: run_train(data, model="majority", out=out, on_event=tell),
    "answers": lambda tell: run_answers(np.zeros((100, 10)), data, out=out, on_event=tell),
    "by an engine": lambda tell: run_engine(data, engine="serial", out=out, on_event=tell),
    "merge": lambda tell: run_merge("no parts", out=out, on_event=tell),
}
for name, call in calls.items():
    events = []
    try:
        call(events.append)
    except AssayError as error:
        print(name, error.code, len(events), sep=",")
"""


@pytest.mark.skipif(bool(AS_USER) and shutil.which("setpriv") is None, reason="root, and no setpriv")
@pytest.mark.parametrize("out", ["", "deeper/run"])
def test_a_run_folder_that_cannot_be_made_is_told_first(out: str, tmp_path: Path) -> None:
    """Of each command that makes one: no event, no data read, nothing written."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = subprocess.run(
        [*AS_USER, sys.executable, "-c", EVERY, out], cwd=closed, capture_output=True, text=True, check=False
    )
    names = ("run", "audit", "train", "answers", "by an engine", "merge")
    assert done.stdout.splitlines() == [f"{name},not-writable,0" for name in names], done.stderr
    assert list(closed.iterdir()) == []


@pytest.mark.skipif(bool(AS_USER) and shutil.which("setpriv") is None, reason="root, and no setpriv")
def test_a_conversion_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    """The data, which are none, were not looked at."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    command = [sys.executable, "-m", "assay", "convert", "no data", "there.npz"]
    done = subprocess.run([*AS_USER, *command], cwd=closed, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith("error[not-writable]: there.npz: Permission denied")


def test_a_file_that_is_there_is_no_closed_folder(tmp_path: Path) -> None:
    """It cannot be entered: whether it may be replaced is another question, which others answer."""
    (tmp_path / "there.npz").write_bytes(b"")
    need_writable(tmp_path / "there.npz")
