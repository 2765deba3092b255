"""A merge whose passes over labels are made by several processes writes the files of one process."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.audits.measures import cross_validated
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.estimators.passes import ridge_passes
from assay.workflow.engines import local
from assay.workflow.engines.with_parent import begin
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_merge, run_shard

FILES = ("audit.json", "issues.csv", "label_quality.csv", "config.toml", "report.html")
CHECKS = ("exact-duplicates", "label-errors", "ambiguous-labels", "separability", "atypical")


def small_runs(patch: pytest.MonkeyPatch) -> None:
    """A few hundred images are judged as many thousands are: by random features, in runs."""
    patch.setattr(ridge_passes, "RUN", 512)
    patch.setattr(cross_validated, "EXACT_BELOW", 0)


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """The parts of a set of three runs with copies and wrong labels, and the files of a plain audit."""
    folder = tmp_path_factory.mktemp("merged")
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 1300)
    patterns = rng.random((3, 8, 8))
    images = np.clip(255 * (0.6 * patterns[labels] + 0.4 * rng.random((1300, 8, 8))), 0, 255).astype(np.uint8)
    images[1200:1210] = images[:10]
    labels[700:720] = (labels[700:720] + 1) % 3
    data = folder / "set.npz"
    np.savez(data, x_train=images, y_train=labels, x_test=images[:90], y_test=labels[:90])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(folder / "cache"))
        small_runs(patch)
        run_audit(data, out=folder / "one", checks=CHECKS)
        for number in (1, 2):
            run_shard(f"{number}/2", data, out=folder / "parts", checks=CHECKS)
    return folder / "parts", contents(folder / "one")


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache where nothing is found again, and small runs."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    small_runs(monkeypatch)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_files_of_one_process(
    workers: int, fresh: Path, merged: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte; each pass is made by so many processes, and nothing of it stays."""
    parts, expected = merged
    started: list[str] = []

    def counted(command: Sequence[str]) -> "subprocess.Popen[str]":
        started.append(command[4])
        return begin(command)

    monkeypatch.setattr(local, "begin", counted)
    run_merge(parts, out=fresh / "run", workers=workers)
    assert contents(fresh / "run") == expected
    assert len(expected["issues.csv"].splitlines()) > 20
    assert sorted(started) == ([] if workers == 1 else ["first"] * workers + ["second"] * workers)
    assert [path.name for path in (fresh / "cache").iterdir() if path.name.startswith(".")] == []


def test_a_worker_that_is_killed_is_started_again(
    fresh: Path, merged: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a warning, and to the same bytes."""
    parts, expected = merged
    heard: list[Event] = []
    begun: list[str] = []

    def killed_first(command: Sequence[str]) -> "subprocess.Popen[str]":
        process = begin(command)
        begun.append(command[4])
        if begun in (["first"], ["first", "first", "first", "second"]):
            process.kill()
        return process

    monkeypatch.setattr(local, "begin", killed_first)
    run_merge(parts, out=fresh / "run", workers=2, on_event=heard.append)
    assert contents(fresh / "run") == expected
    told = [event.figures["message"] for event in heard if event.event == "warning"]
    assert any("of the first pass over labels was killed, and is started again" in text for text in told)


def test_a_worker_that_fails_is_named(
    fresh: Path, merged: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error keeps code and words; the merge leaves no half of a run that looks whole."""

    def without_its_run(command: Sequence[str]) -> "subprocess.Popen[str]":
        for path in Path(command[3]).glob("run-*"):
            path.write_bytes(b"spoiled")
        return begin(command)

    monkeypatch.setattr(local, "begin", without_its_run)
    with pytest.raises(AssayError, match=r"of the first pass over labels.*not as it was written") as caught:
        run_merge(merged[0], out=fresh / "run", workers=2)
    assert (caught.value.code, caught.value.exit_code) == ("disk-error", 5)
    assert not (fresh / "run" / "manifest.json").exists()


def test_the_command_takes_workers_and_an_engine(
    fresh: Path, merged: tuple[Path, dict[str, bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    """And refuses those that there are not, before any part is read."""
    parts, expected = merged
    assert exit_code(["merge", str(parts), "--out", str(fresh / "run"), "--workers", "2", "-q"]) == 0
    assert contents(fresh / "run") == expected
    for words in (["--workers", "0"], ["--engine", "spark"]):
        assert exit_code(["merge", "nowhere", *words]) == 2
        assert words[0] in capsys.readouterr().err


#: A merge that kills itself once it has started so many workers of a pass, and tells their numbers.
KILLED = """
import os, signal, sys
from assay.audits.measures import cross_validated
from assay.estimators.passes import ridge_passes
from assay.workflow.engines import local
from assay.workflow.engines.with_parent import begin
from assay.workflow.shards import run_merge
ridge_passes.RUN, cross_validated.EXACT_BELOW = 512, 0
started = []
def begin_or_die(command):
    process = begin(command)
    print(process.pid, flush=True)
    started.append(command[4])
    if started.count(sys.argv[3]) >= int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    return process
local.begin = begin_or_die
run_merge(sys.argv[1], out=sys.argv[2], workers=2)
"""


@pytest.mark.parametrize(("stage", "workers"), [("first", 2), ("second", 1), ("second", 2)])
def test_a_killed_merge_leaves_nothing_and_is_given_again(
    stage: str, workers: int, fresh: Path, merged: tuple[Path, dict[str, bytes]]
) -> None:
    """Its workers end with it; the same command makes the same files and clears the cache of its litter."""
    parts, expected = merged
    words = [str(parts), str(fresh / "run"), stage, str(workers)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *words], stdout=subprocess.PIPE, check=False)
    assert killed.returncode == -9
    until = time.monotonic() + 30
    while any(Path(f"/proc/{number}").exists() for number in killed.stdout.decode().split()):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert any(path.name.startswith(".") for path in (fresh / "cache").iterdir())
    run_merge(parts, out=fresh / "run", workers=2)
    assert contents(fresh / "run") == expected
    assert [path.name for path in (fresh / "cache").iterdir() if path.name.startswith(".")] == []
