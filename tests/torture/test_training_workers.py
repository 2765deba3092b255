"""Several processes that train one net: any is killed at any time, and the run goes on to the same bits."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc"),
]

#: Small, and with batch norm, hard images, an average and a blended reference.
RUN = [
    *("fashion-mnist-sample", "--model", "cnn", "--checks", "identity", "--epochs", "3"),
    *("--set", "channels=[4,4]", "--set", "pool_after=[1,2]", "--set", "hidden=8", "--set", "averaging=0.9"),
    *("--set", "reference_features=16", "--batch-size", "64", "--checkpoint-every", "0"),
]
SAME = ("model/model.safetensors", "history.csv", "evaluation.json", "predictions.csv", "config.toml")

#: Processes that are killed at random moments.
KILLS = 12


def start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "assay", *map(str, arguments)]
    pipe = subprocess.PIPE
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=variables)


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, told = process.communicate(timeout=600)
    return process.returncode, output, told


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME}


def helpers_of(process: int) -> list[int]:
    """The workers that a process started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            line = (entry.parent / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if int(parent) == process and state != "Z" and b"resume" in line:
            found.append(int(entry.parent.name))
    return found


def is_gone(process: int) -> bool:
    try:
        return b"resume" not in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True


def wait_until_gone(processes: list[int]) -> None:
    limit = time.monotonic() + 30
    while not all(map(is_gone, processes)):
        assert time.monotonic() < limit, "a worker outlived the run"
        time.sleep(0.01)


def wait_for_checkpoint(folder: Path, process: "subprocess.Popen[str]") -> None:
    limit = time.monotonic() + 300
    while not any((folder / "checkpoints").glob("step-*.json")):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture(scope="module", params=[2, 3])
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """How many workers, and their whole run."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    code, output, told = finished(start("run", *RUN, "--workers", request.param, "--out", folder))
    assert (code, told) == (0, ""), told
    assert output.count("epoch   1/3") == 1
    return request.param, folder


@pytest.fixture
def running() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that are ended with the test."""
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        process.kill()


def test_kill_9_of_any_at_any_time(
    tmp_path: Path, undisturbed: tuple[int, Path], running: list["subprocess.Popen[str]"], tally: Counter
) -> None:
    """All end soon, a helper's death with exit code 5 and the line that goes on; then the bits of no kill."""
    count, reference = undisturbed
    chance, folder, killed = random.Random(count), tmp_path / "a run", 0
    for number in range(KILLS):
        if not (folder / "config.toml").exists() or (folder / "manifest.json").exists():
            folder = tmp_path / f"run {number}"
            process = start("run", *RUN, "--workers", count, "--out", folder)
        else:
            process = start("resume", folder)
        running.append(process)
        time.sleep(chance.uniform(0, 12))
        helpers = helpers_of(process.pid)
        victim = chance.choice([process.pid, *helpers])
        if process.poll() is None:
            os.kill(victim, signal.SIGKILL)
        code, _, told = finished(process)
        wait_until_gone(helpers)
        killed += code != 0
        if victim != process.pid and code:
            again = f"Go on from the last checkpoint: assay resume '{folder}'"
            assert code == 5 and told.startswith("error[worker-lost]: worker ") and again in told
    tally["kills of one of several workers"] += killed
    if not (folder / "manifest.json").exists():
        assert finished(start("resume", folder))[0] == 0
    assert files(folder) == files(reference)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".assay-tmp")]


def test_sigterm_of_the_first_saves_the_work(
    tmp_path: Path, undisturbed: tuple[int, Path], running: list["subprocess.Popen[str]"]
) -> None:
    """As with one process."""
    count, reference = undisturbed
    folder = tmp_path / "run"
    process = start("run", *RUN, "--workers", count, "--out", folder)
    running.append(process)
    wait_for_checkpoint(folder, process)
    process.terminate()
    code, _, told = finished(process)
    assert (code, told) == (143, f"interrupted; the work is saved. Continue with: assay resume {folder}\n")
    assert finished(start("resume", folder))[0] == 0
    assert files(folder) == files(reference)


def test_torchrun_starts_them_as_well(tmp_path: Path, undisturbed: tuple[int, Path]) -> None:
    """Each runs the command; the first writes and tells; the bits are those of `--workers`."""
    count, reference = undisturbed
    folder = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count), "--standalone"]
    arguments = [*launcher, "-m", "assay", "run", *RUN, "--out", str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch   1/3") == 1
    assert files(folder) == files(reference)
