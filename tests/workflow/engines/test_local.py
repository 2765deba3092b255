"""An engine runs every command, starts a killed one again, and says of a failed one what it said itself."""

import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.core.events import Event, ignore
from assay.workflow.engines.local import processes, serial
from assay.workflow.engines.table import ENGINES, engine_named
from assay.workflow.engines.with_parent import with_parent
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_engine

#: Every engine; Ray is an extra, and its tests are left out where it is not installed.
NAMES = [
    pytest.param(name, marks=[pytest.mark.slow, pytest.mark.skipif(not find_spec("ray"), reason="needs ray")])
    if name == "ray"
    else name
    for name in ENGINES
]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_run_once(name: str, tmp_path: Path) -> None:
    """Each leaves its mark."""
    marks = {f"{i}/5": python(f"open({str(tmp_path / str(i))!r}, 'x')") for i in range(1, 6)}
    engine_named(name)(marks, None, ignore)
    assert sorted(path.name for path in tmp_path.iterdir()) == list("12345")


KILLED_ONCE = """
import os, signal, sys
if not os.path.exists({mark!r}):
    open({mark!r}, "x")
    os.kill(os.getpid(), signal.SIGKILL)
open({mark!r} + ".done", "x")
"""


def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    """Once, and that is told."""
    heard: list[Event] = []
    processes({"1/1": python(KILLED_ONCE.format(mark=str(tmp_path / "m")))}, 2, heard.append)
    assert (tmp_path / "m.done").exists()
    assert [e.figures["message"] for e in heard if e.event == "warning"] == [
        "the worker of shard 1/1 was killed, and is started again"
    ]


def test_what_fails_is_told_as_it_told_it() -> None:
    """Its code and words; a worker that is killed each time; one that ends without a word."""
    said = python("import sys; sys.stderr.write('error[disk-full]: x: no room. Make some.\\n'); sys.exit(5)")
    with pytest.raises(AssayError, match="shard 2/2: x: no room") as caught:
        processes({"1/2": python("pass"), "2/2": said}, 1, ignore)
    assert (caught.value.code, caught.value.exit_code) == ("disk-full", 5)
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(AssayError, match=r"killed 2 times \(signal 9\).*Often .* memory") as caught:
        serial({"1/1": killed}, None, ignore)
    assert (caught.value.code, caught.value.exit_code) == ("engine-failed", 5)
    crashed = python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(AssayError, match=r"\(signal 11\).*crashed") as caught:
        serial({"1/1": crashed}, None, ignore)
    assert "memory" not in str(caught.value)
    with pytest.raises(AssayError, match="ZeroDivisionError") as caught:
        processes({"1/1": python("1 / 0")}, 1, ignore)
    assert caught.value.code == "bug"


def test_engines_and_workers_that_do_not_exist_are_refused() -> None:
    """By name and number."""
    with pytest.raises(AssayError, match="serial"):
        engine_named("seriel")
    with pytest.raises(AssayError, match="--workers"):
        serial({}, 3, ignore)
    with pytest.raises(AssayError, match="--workers"):
        run_engine("fashion-mnist-sample", engine="processes", workers=-1)


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_gives_the_files_of_one_process(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, and it leaves nothing in the cache but what an audit leaves there."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 1100)
    x = np.clip(60 * y[:, None, None] + rng.integers(0, 90, (1100, 9, 9)), 0, 255).astype(np.uint8)
    np.savez(tmp_path / "set.npz", x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    checks = ("identity", "leakage", "quality", "label-errors")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "a"))
    run_audit(tmp_path / "set.npz", out=tmp_path / "one", checks=checks)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "b"))
    workers = None if name == "serial" else 2
    run_engine(tmp_path / "set.npz", engine=name, workers=workers, out=tmp_path / "two", checks=checks)
    for file in ("audit.json", "issues.csv", "label_quality.csv", "config.toml"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    assert not list((tmp_path / "b").glob(".assay-tmp-*"))


def test_the_command_refuses_what_does_not_go_together(tmp_path: Path, capsys) -> None:
    """Workers without an engine, an engine for one shard, an engine that does not exist."""
    from assay.cli.main import exit_code

    out = ["--out", str(tmp_path / "r")]
    for words in (["--workers", "3"], ["--engine", "serial", "--shard", "1/2"], ["--engine", "spark"]):
        assert exit_code(["audit", "fashion-mnist-sample", *words, *out]) == 2, words
        assert words[0] in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


JOB = """
import sys
from assay.core.events import ignore
from assay.workflow.engines.local import processes
processes({"1/1": [sys.executable, "-c", sys.argv[1]]}, 1, ignore)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_kill_9_of_the_audit_ends_its_commands(tmp_path: Path) -> None:
    """Nobody works on for nothing."""
    mark = tmp_path / "pid"
    waits = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(120)"
    job = subprocess.Popen([sys.executable, "-c", JOB, waits])
    end = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < end:
        time.sleep(0.02)
    command = int(mark.read_text())
    assert lives(command)
    job.kill()
    job.wait()
    while lives(command) and time.monotonic() < end:
        time.sleep(0.02)
    assert not lives(command)


def lives(process: int) -> bool:
    """Whether a process does anything still; one that only waits to be asked for its end does not."""
    try:
        return "(zombie)" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_a_command_whose_parent_is_gone_does_not_begin(tmp_path: Path) -> None:
    """It would work for nobody."""
    command = with_parent(python(f"open({str(tmp_path / 'mark')!r}, 'x')"))
    command[3] = "1"  # another process
    assert subprocess.run(command, check=False).returncode == 0
    assert not (tmp_path / "mark").exists()
