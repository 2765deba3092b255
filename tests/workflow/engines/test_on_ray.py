"""The engine Ray: what is killed is started again or named, and nothing of Ray stays behind."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assay.core.errors import AssayError
from assay.core.events import Event, ignore
from assay.workflow.engines import on_ray, ray_folder
from assay.workflow.shards import run_engine

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files lie: a folder of this test alone, with a name that is short enough for Ray."""
    with TemporaryDirectory(prefix="a") as folder:
        monkeypatch.setattr(ray_folder, "temporary_files", lambda: folder)
        yield Path(folder)


def test_a_missing_extra_is_told_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that installs it; the data are not even looked for."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(AssayError) as caught:
        run_engine(tmp_path / "no such data", engine="ray", out=tmp_path / "r")
    assert (caught.value.code, caught.value.exit_code) == ("missing-extra", 5)
    assert 'pip install "assay[ray]"' in str(caught.value)
    assert not (tmp_path / "r").exists()


KILLED_ONCE = """
import os, signal, time
if not os.path.exists({mark!r}):
    open({mark!r}, "x")
    os.kill({which}, signal.SIGKILL)
    time.sleep(60)  # nobody waits for it: it is killed with its parent
    raise SystemExit
open({mark!r} + ".done", "x")
"""


@needs_ray
@pytest.mark.slow
def test_killed_commands_and_workers_are_started_again_and_a_failed_one_is_named(
    place: Path, tmp_path: Path
) -> None:
    """Whether the command is killed or the process of Ray that started it; its error keeps code and words."""
    heard: list[Event] = []
    own, ray = str(tmp_path / "own"), str(tmp_path / "ray")
    said = "import sys; sys.stderr.write('error[disk-full]: x: no room. Make some.\\n'); sys.exit(5)"
    marks = [own + ".done", ray + ".done"]
    wait = f"import os, time\nwhile not all(map(os.path.exists, {marks})): time.sleep(0.1)\n"
    commands = {
        "1/3": python(KILLED_ONCE.format(mark=own, which="os.getpid()")),
        "2/3": python(KILLED_ONCE.format(mark=ray, which="os.getppid()")),
        "3/3": python(wait + said),
    }
    with pytest.raises(AssayError, match=r"shard 3/3 on .*: x: no room") as caught:
        on_ray.ray(commands, 3, heard.append)
    assert (caught.value.code, caught.value.exit_code) == ("disk-full", 5)
    told = sorted(e.figures["message"] for e in heard if e.event == "warning")
    assert len(told) == 2
    assert told[0].startswith("Ray lost the task of shard 2/3")
    assert told[1] == "the worker of shard 1/3 was killed, and is started again"
    assert not list(place.iterdir())


@needs_ray
def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that Ray cannot use; nothing waits for ever."""
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    with pytest.raises(AssayError, match="0 of 1 shards") as caught:
        on_ray.ray({"1/1": python("pass")}, 1, ignore)
    assert (caught.value.code, caught.value.exit_code) == ("engine-failed", 5)


@needs_ray
def test_a_cluster_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right address at which nothing is: Ray asked again and again."""
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(on_ray, "_CONNECTING", 1)
    with pytest.raises(AssayError, match=r"no cluster answered at RAY_ADDRESS for 1 seconds") as caught:
        on_ray.ray({"1/1": python("pass")}, 1, ignore)
    assert (caught.value.code, caught.value.exit_code) == ("engine-failed", 5)
