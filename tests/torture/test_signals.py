"""Ctrl-C and SIGTERM at random moments of whole commands: always the documented exit code."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

ASSAY = (sys.executable, "-m", "assay")

#: A command by name; `RUN` is a finished run, `OUT` a folder that is not there yet.
COMMANDS: dict[str, list[str]] = {
    "run of mlp": ["run", "set", "--model", "mlp", "--epochs", "3", "--checks", "identity", "--out", "OUT"],
    "run of cnn": [
        "run",
        "set",
        "--model",
        "cnn",
        "--epochs",
        "2",
        "--checks",
        "identity",
        "--set",
        "reference=0",
        "--out",
        "OUT",
    ],
    "ensemble": [
        "run",
        "set",
        "--model",
        "mlp",
        "--epochs",
        "2",
        "--checks",
        "identity",
        "--seeds",
        "2",
        "--out",
        "OUT",
    ],
    "audit": ["audit", "set", "--checks", "identity,label-balance,pixel-range", "--out", "OUT"],
    "convert": ["convert", "set", "OUT.parquet"],
    "report": ["report", "RUN"],
    "review": ["review", "RUN", "--out", "OUT.csv"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a set, and a finished run of it."""
    root = tmp_path_factory.mktemp("signals")
    (root / "set").mkdir()
    generator = np.random.default_rng(0)
    for name, count in (("train", 240), ("test", 60)):
        labels = np.arange(count) % 3
        images = generator.integers(0, 60, (count, 12, 12), np.uint8)
        for row, label in enumerate(labels):
            images[row, :, 4 * label : 4 * label + 4] += 120
        np.save(root / "set" / f"x_{name}.npy", images)
        np.save(root / "set" / f"y_{name}.npy", labels)
    assert begin(root, COMMANDS["run of mlp"], "run").wait() == 0
    return root


def begin(root: Path, command: Sequence[str], out: str) -> "subprocess.Popen[bytes]":
    words = [word.replace("OUT", out).replace("RUN", "run") for word in command]
    with (root / "told").open("wb") as told:
        return subprocess.Popen(
            [*ASSAY, *words, *(["-q"] if "OUT" in command else [])],
            cwd=root,
            env=os.environ | {"ASSAY_CACHE": str(root / "cache"), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=told,
            stdin=subprocess.DEVNULL,
        )


def wait_for_handlers(process: "subprocess.Popen[bytes]") -> None:
    """Until Assay's first line has run: before it the signal is Python's, or the system's, to answer."""
    while process.poll() is None:
        caught = next(
            line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "SigCgt" in line
        )
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def at_one_moment(root: Path, command: list[str], number: signal.Signals, share: float, whole: float) -> str:
    """Send a signal after a share of the time that the whole command takes. Returns what came of it."""
    out = f"out-{time.monotonic_ns()}"
    process = begin(root, command, out)
    wait_for_handlers(process)
    until = time.monotonic() + share * whole
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(number)
    code = process.wait(120)
    told = (root / "told").read_text()
    where = f"{command[0]} at {share:.3f} of {whole:.2f} s: exit {code}, {told[-2000:]!r}"
    assert code in (0, CODES[number]), where
    assert "Traceback" not in told, where
    assert "error[" not in told, where
    if code:
        assert "interrupted" in told, where
        if "OUT" in " ".join(command):  # nothing is lost: the same command ends well, or had ended
            again = begin(root, command, out).wait(300)
            told = (root / "told").read_text()
            assert again == 0 or "run-folder-finished" in told or "output-exists" in told, f"{where}; {told}"
        else:
            around = os.environ | {"ASSAY_CACHE": str(root / "cache")}
            line = [*ASSAY, "verify", "run"]
            assert (
                subprocess.run(line, cwd=root, env=around, check=False, capture_output=True).returncode == 0
            )
    return "ended" if code == 0 else "left"


def timed(root: Path, command: list[str]) -> float:
    process = begin(root, command, f"whole-{time.monotonic_ns()}")
    wait_for_handlers(process)
    start = time.monotonic()
    assert process.wait(300) == 0, (root / "told").read_text()
    return time.monotonic() - start


@pytest.mark.parametrize("name", ["audit", "review"])
def test_a_signal_at_any_moment(place: Path, name: str) -> None:
    """At the very start, in the middle, at the end."""
    whole = timed(place, COMMANDS[name])
    for i, share in enumerate((0.0, 0.5, 0.97)):
        at_one_moment(place, COMMANDS[name], list(CODES)[i % 2], share, whole)


@pytest.mark.torture
@pytest.mark.parametrize("name", COMMANDS)
def test_signals_at_500_random_moments(place: Path, name: str, tally: Counter[str]) -> None:
    """72 moments of each of seven commands; a third of them while the libraries are loaded."""
    moments = int(os.environ.get("ASSAY_SIGNALS", "72"))
    chance = random.Random(name)
    whole = timed(place, COMMANDS[name])
    outcomes = [
        at_one_moment(
            place,
            COMMANDS[name],
            chance.choice(list(CODES)),
            chance.uniform(0, 0.3 if i % 3 == 0 else 1.05),
            whole,
        )
        for i in range(moments)
    ]
    tally["signals sent"] += moments
    tally["commands left by a signal"] += outcomes.count("left")


def test_little_is_loaded_before_signals_are_answered() -> None:
    """Until its handlers stand, Python answers a signal, with a traceback: so they stand first."""
    code = (
        "import sys; before = set(sys.modules); import assay.cli.start; print(*(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "typer", "email", "importlib.metadata", "hashlib", "pathlib"} & set(loaded)
    assert len(loaded) < 60
