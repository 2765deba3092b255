"""The command line on a terminal, in a pipe, and in odd surroundings."""

import os
import pty
import re
import select
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from assay.cli.listeners import _Lines
from assay.core.events import Event
from assay.workflow.load import load
from assay.workflow.recorded.run_record import read_manifest

QUICK = ("--checks", "identity,label-balance")

COMMAND = [sys.executable, "-m", "assay"]


def _on_terminal(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run on a pseudo-terminal: exit code, and all that a person would have seen pass."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=follower, stderr=follower, stdin=follower, cwd=folder
    )
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], 120)[0]:
        try:
            block = os.read(leader, 65536)
        except OSError:  # the other end was closed
            break
        if not block:
            break
        shown += block
    os.close(leader)
    return process.wait(), shown.decode("utf-8", "replace")


def test_a_terminal_shows_a_live_bar_and_keeps_the_lines(tmp_path: Path) -> None:
    """A bar moves while training; every epoch's line stays; nothing is an error."""
    code, shown = _on_terminal(
        ["run", "fashion-mnist-sample", "--epochs", "60", *QUICK, "--out", "r"], tmp_path
    )
    assert code == 0, shown
    assert "steps" in shown  # the bar's unit
    assert re.search(r"epoch +60/60", shown)
    assert "error" not in shown
    assert "Next: assay predict r PICTURE.png" in shown


def _piped(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    changed = {**os.environ, **environment}
    return subprocess.run([*COMMAND, *arguments], cwd=folder, env=changed, capture_output=True, check=False)


def test_a_pipe_gets_plain_lines(tmp_path: Path) -> None:
    """No bar, no color, no cursor movement; one line an epoch."""
    done = _piped(["run", "fashion-mnist-sample", "--epochs", "2", *QUICK, "--out", "r"], tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout
    assert len(re.findall(rb"^ +epoch ", done.stdout, re.MULTILINE)) == 2


FINDING = Event(
    "finding",
    "audit",
    {
        "check": "leakage",
        "verdict": "warn",
        "summary": " ".join(
            f"Of {n:,} images {n // 10} have a copy in train." for n in range(10_000, 10_012)
        ),
        "fix": "Remove the copies from the training split, or take others as the test split in their place.",
        "threshold": "",
        "reason": "",
    },
)


def _shown(width: int, *, terminal: bool = True, verbose: bool = False) -> list[str]:
    """The lines of one finding."""
    written = StringIO()
    console = Console(file=written, width=width, force_terminal=terminal, color_system=None)
    with _Lines(console, verbose) as lines:
        lines(FINDING)
    shown = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", written.getvalue())
    return [line.rstrip() for line in shown.splitlines() if line.strip()]


def test_a_finding_goes_on_under_its_own_column() -> None:
    """The name of a check stands alone at the left, where the terminal is wide enough for two columns."""
    heading, first, *more = _shown(80)
    assert heading == "audit     Look at: 1"
    assert first.startswith("            leakage           Of 10,000 images 1000 have")
    assert all(re.match(r" {30}\S", line) for line in more)
    assert any(re.match(r" {10}\S", line) for line in _shown(60)[2:])


def test_a_terminal_shows_the_first_sentences_and_says_that_there_are_more() -> None:
    """Whole sentences; with --verbose and in a pipe all of them."""
    told = " ".join(" ".join(_shown(100)).split())
    assert "have a copy in train. (3 more sentences in the report) To do: Remove the copies" in told
    assert "10,008 images" in told
    assert "10,009 images" not in told
    for lines in (_shown(100, verbose=True), _shown(100, terminal=False)):
        told = " ".join(" ".join(lines).split())
        assert "10,011 images" in told
        assert "in the report" not in told


def test_an_epoch_is_one_line_of_80_columns() -> None:
    """The longest: of hundreds of epochs, with a loss of two digits before the point."""
    figures = {"epoch": 999, "epochs": 999, "learning_rate": 0.1, "train_loss": 12.5, "train_accuracy": 0.5}
    written = StringIO()
    with _Lines(Console(file=written, width=80, force_terminal=True, color_system=None), False) as lines:
        lines(Event("epoch", "train", figures | {"val_loss": 14.25, "val_accuracy": 0.25}))
    assert "epoch 999/999  loss 12.5000 acc 0.5000  val loss 14.2500 acc 0.2500" in written.getvalue()


SURROUNDINGS = {
    "another hash seed, locale and time zone": {
        "PYTHONHASHSEED": "77",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "TZ": "Asia/Kathmandu",
    },
    "an ASCII terminal and a home that cannot be written": {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "HOME": "/proc/nowhere",
        "XDG_CACHE_HOME": "/proc/nowhere",
        "ASSAY_CACHE": "/proc/nowhere",
        "MPLCONFIGDIR": "/proc/nowhere",
    },
}


def _run_of(data: Path, folder: Path, **surroundings: str) -> dict[str, str]:
    """The files of a run in a new folder, by all checks, and what they hold; no audit is kept."""
    folder.mkdir()
    arguments = ["run", str(data), "--epochs", "1", "--out", "r"]
    done = _piped(arguments, folder, **{"ASSAY_CACHE": str(folder.with_name("cache"))} | surroundings)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["r"]
    files: dict[str, str] = read_manifest(folder / "r")["files"]
    return files


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 training and 200 test images of the sample, four of them twice."""
    sample, file = load("fashion-mnist-sample"), tmp_path_factory.mktemp("data") / "part.npz"
    (x, y), (x_test, y_test) = (
        (np.asarray(sample.splits[name].images)[:count], sample.splits[name].labels[:count])
        for name, count in (("train", 400), ("test", 200))
    )
    x, y = np.concatenate([x, x[:4]]), np.concatenate([y, y[:4]])
    np.savez(file, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    return file


@pytest.fixture(scope="module")
def plain(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    files = _run_of(data, tmp_path_factory.mktemp("plain") / "run", PYTHONHASHSEED="1")
    assert {"audit.json", "issues.csv", "predictions.csv", "report.html", "figures/map.png"} <= set(files)
    return files


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings_change_nothing(name: str, data: Path, plain: dict[str, str], tmp_path: Path) -> None:
    """Hash seed, locale, time zone, home and terminal leave every file as it is, byte for byte."""
    assert _run_of(data, tmp_path / "odd", **SURROUNDINGS[name]) == plain


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`assay doctor | true` ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [*COMMAND, "doctor"], stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (0, b"")


def test_a_fault_of_ours_is_one_line_and_exit_1(tmp_path: Path) -> None:
    """What nobody foresaw is said to be our fault; --debug shows where."""
    code = (
        "import assay.workflow.run_commands as p\n"
        "def broken(*a, **k): raise RuntimeError('boom')\n"
        "p.plan_run = broken\n"
        "from assay.cli.main import main; main()"
    )
    quiet = subprocess.run([sys.executable, "-c", code, "audit"], capture_output=True, text=True, check=False)
    assert quiet.returncode == 1
    assert quiet.stderr.startswith("error[bug]: assay: RuntimeError: boom.")
    assert quiet.stderr.count("\n") == 1
    loud = [sys.executable, "-c", code, "audit", "--debug"]
    assert "Traceback" in subprocess.run(loud, capture_output=True, text=True, check=False).stderr
