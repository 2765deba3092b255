"""The run folder: one process, one configuration, and a manifest that vouches for every file."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.core import durable
from assay.core.errors import AssayError, Interrupted
from assay.workflow import run_folder
from assay.workflow.recorded import run_record

CONFIG = {"schema": 1, "data": "x", "seed": 0, "recipe": {"epochs": 3}}


def _finished(path: Path) -> None:
    with run_folder.claim(path, CONFIG) as folder:
        (folder.path / "a.txt").write_text("a")
        (folder.path / "figures").mkdir()
        (folder.path / "figures" / "b.png").write_bytes(b"b")
        (folder.path / "checkpoints").mkdir()
        (folder.path / "checkpoints" / "c").write_bytes(b"c")
        folder.finish()


def test_the_manifest_hashes_every_file_but_itself_and_checkpoints(tmp_path: Path) -> None:
    """Finished: every file is vouched for, the lock is gone, and one changed byte is seen."""
    run = tmp_path / "deep" / "run"
    _finished(run)
    manifest = run_record.read_manifest(run)
    assert sorted(manifest["files"]) == ["a.txt", "config.toml", "figures/b.png"]
    assert manifest["status"] == "finished"
    assert not (run / run_record.LOCK).exists()
    assert run_record.damaged_files(run, manifest) == []
    (run / "figures" / "b.png").write_bytes(b"B")
    (run / "a.txt").unlink()
    assert run_record.damaged_files(run, manifest) == ["a.txt", "figures/b.png"]


def test_a_finished_run_is_not_overwritten(tmp_path: Path) -> None:
    """Exit 2, both ways out named, nothing touched."""
    run = tmp_path / "run"
    _finished(run)
    before = sorted((p.name, p.stat().st_mtime_ns) for p in run.iterdir())
    with (
        pytest.raises(AssayError, match=r"run-folder-finished.*--out.*remove") as caught,
        run_folder.claim(run, CONFIG),
    ):
        pass
    assert caught.value.exit_code == 2
    assert sorted((p.name, p.stat().st_mtime_ns) for p in run.iterdir()) == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with other files is not a place for a run; nor is a file."""
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(AssayError, match="run-folder-not-empty"), run_folder.claim(tmp_path, CONFIG):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(AssayError, match="it is a file"), run_folder.claim(tmp_path / "thesis.tex", CONFIG):
        pass


def test_an_unfinished_run_is_taken_up_only_by_the_same_configuration(tmp_path: Path) -> None:
    """The same options continue it; others are refused, and the difference is named."""
    run = tmp_path / "run"
    with run_folder.claim(run, CONFIG) as folder:
        assert not folder.resumed
    with run_folder.claim(run, CONFIG) as folder:
        assert folder.resumed
    other = {**CONFIG, "recipe": {"epochs": 4}}
    with pytest.raises(AssayError, match=r"config-changed.*recipe\.epochs: 3 there, 4 now") as caught:
        run_folder.claim(run, other).__enter__()
    assert caught.value.exit_code == 4


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second process is told which one is at work; when that one is killed, its lock holds nobody up."""
    run = tmp_path / "run"
    code = (
        "import sys, time; from pathlib import Path; from assay.workflow import run_folder\n"
        f"with run_folder.claim(Path(sys.argv[1]), {CONFIG!r}): print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"in\n"
        with pytest.raises(AssayError, match=f"run-folder-in-use.*process {holder.pid}") as caught:
            run_folder.claim(run, CONFIG).__enter__()
        assert caught.value.exit_code == 5
        holder.kill()
    with run_folder.claim(run, CONFIG) as folder:
        assert folder.resumed


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    """Temporary files of an earlier process are litter, and go with the next claim."""
    run = tmp_path / "run"
    run.mkdir()
    (run / ".assay-tmp-123").write_bytes(b"half")
    with run_folder.claim(run, CONFIG):
        assert sorted(p.name for p in run.iterdir()) == [".lock", "config.toml"]


def test_default_folders_are_new_and_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names from data cannot lead out of runs/, and two runs in one second have two folders."""
    monkeypatch.chdir(tmp_path)
    first = run_folder.default_folder("../../../etc/pass wd", "mlp")
    assert first.parent == Path("runs")
    assert ".." not in first.name
    first.mkdir(parents=True)
    assert run_folder.default_folder("../../../etc/pass wd", "mlp") != first


def test_damaged_run_files_are_named(tmp_path: Path) -> None:
    """What is no run, or no longer whole, is refused with its reason."""
    with pytest.raises(AssayError, match="not-a-run-folder"):
        run_record.read_manifest(tmp_path)
    with pytest.raises(AssayError, match="not-a-run-folder"):
        run_record.read_config(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(AssayError, match="run-damaged"):
        run_record.read_manifest(tmp_path)
    (tmp_path / "config.toml").write_text("a = ")
    with pytest.raises(AssayError, match="run-damaged"):
        run_record.read_config(tmp_path)


def test_adding_to_a_damaged_run_is_refused(tmp_path: Path) -> None:
    """A finished run is only opened again when every file is as it was."""
    run = tmp_path / "run"
    _finished(run)
    with run_folder.reopen(run) as folder:
        (folder.path / "more.txt").write_text("more")
        folder.finish()
    assert "more.txt" in run_record.read_manifest(run)["files"]
    (run / "a.txt").write_text("b")
    with pytest.raises(AssayError, match="run-damaged"):
        run_folder.reopen(run).__enter__()


def test_a_clock_that_jumps_back_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run finishes, and its seconds are those that passed, whatever the clock was set to meanwhile."""
    with run_folder.claim(tmp_path / "run", CONFIG) as folder:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        monkeypatch.setattr(
            run_folder, "datetime", type("Clock", (), {"now": staticmethod(lambda _: yesterday)})
        )
        folder.finish()
    manifest = run_record.read_manifest(tmp_path / "run")
    assert 0 <= manifest["seconds"] < 3600
    assert manifest["ended"] < manifest["started"]


def test_the_manifest_tells_of_the_machine_but_not_of_its_user(tmp_path: Path) -> None:
    """Facts of the machine stand in the manifest; names of host and user do not."""
    _finished(tmp_path / "run")
    text = (tmp_path / "run" / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest["machine"]["cores"] == os.cpu_count()
    assert manifest["versions"]["assay"]
    assert os.uname().nodename not in text


def test_what_was_judged_stays_where_nothing_is_judged_again(tmp_path: Path) -> None:
    """An export adds a file: gates and cards stay, in the manifest too; a new score removes them."""
    run = tmp_path / "run"
    _finished(run)
    run_folder.add_file(run, run_folder.GATES, {"gates": []}, {"gates": {"judged": 1}})
    run_folder.add_file(run, run_folder.DATA_CARD, "a card", {})
    with run_folder.reopen(run, same_state=True) as folder:
        (folder.path / "export.bin").write_bytes(b"e")
        folder.finish()
    manifest = run_record.read_manifest(run)
    assert {"export.bin", run_folder.GATES, run_folder.DATA_CARD} <= set(manifest["files"])
    assert manifest["gates"] == {"judged": 1}
    assert run_record.damaged_files(run, manifest) == []
    with run_folder.reopen(run) as folder:
        folder.finish()
    assert not (run / run_folder.GATES).exists()
    assert "gates" not in run_record.read_manifest(run)


def test_leftovers_of_a_killed_report_are_removed(tmp_path: Path) -> None:
    """Of a finished run, too, when something is added to it again."""
    with run_folder.claim(tmp_path, {"seed": 0}) as folder:
        (tmp_path / "figures").mkdir()
        folder.finish()
    litter = tmp_path / "figures" / ".assay-tmp-999999999-x"
    litter.write_text("half")
    with run_folder.reopen(tmp_path):
        assert not litter.exists()


def test_leftovers_of_a_killed_process_that_added_a_file_are_removed(tmp_path: Path) -> None:
    """The next file that is added to the run takes them away."""
    with run_folder.claim(tmp_path, {"seed": 0}) as folder:
        folder.finish()
    litter = tmp_path / ".assay-tmp-999999999-x"
    litter.write_text("half")
    run_folder.add_file(tmp_path, run_folder.DATA_CARD, "a card", {})
    assert not litter.exists()


def _is_whole(run: Path) -> None:
    """Nothing differs from the manifest, and nothing is there that it does not know."""
    assert run_record.unlisted_files(run, run_record.need_intact(run)) == []


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_file_that_is_added_never_makes_the_run_look_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Wherever the process is stopped; and what is added next keeps what is there by then."""
    with run_folder.claim(tmp_path, {"seed": 0}) as folder:
        folder.finish()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(durable, "files", _Stopping(at))
        run_folder.add_file(tmp_path, run_folder.GATES, {"gates": []}, {})
    _is_whole(tmp_path)
    there = (tmp_path / run_folder.GATES).exists()
    run_folder.add_file(tmp_path, run_folder.DATA_CARD, "a card", {})
    _is_whole(tmp_path)
    manifest = run_record.read_manifest(tmp_path)
    assert run_record.PENDING not in manifest
    assert (run_folder.GATES in manifest["files"]) == there == (at == 3)


def test_what_is_pending_is_checked_too(tmp_path: Path) -> None:
    """Another content under that name is none that was meant; nor is a name that leads out of the folder."""
    with run_folder.claim(tmp_path, {"seed": 0}) as folder:
        folder.finish()
    manifest = run_record.read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "pending": {"gates.json": "0" * 64}}))
    (tmp_path / "gates.json").write_text("{}")
    assert run_record.unlisted_files(tmp_path, run_record.read_manifest(tmp_path)) == ["gates.json"]
    for pending in ([], {"../x": "0"}, {"gates.json": 5}):
        (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "pending": pending}))
        with pytest.raises(AssayError, match="run-damaged"):
            run_record.read_manifest(tmp_path)


class _Stopping(durable.Files):
    """Ends a process before its n-th rename."""

    def __init__(self, at: int) -> None:
        self.at, self.renames = at, 0

    def rename(self, source: Path, target: Path) -> None:
        self.renames += 1
        if self.renames == self.at:
            raise KeyboardInterrupt
        super().rename(source, target)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_card_that_is_replaced_never_makes_the_run_look_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Wherever the process is stopped: else the run could not be described, compared or reported again."""
    with run_folder.claim(tmp_path, {"seed": 0}) as folder:
        folder.finish()
    run_folder.add_file(tmp_path, run_folder.DATA_CARD, "a card", {})
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(durable, "files", _Stopping(at))
        run_folder.add_file(tmp_path, run_folder.DATA_CARD, "another card", {})
    _is_whole(tmp_path)
    run_folder.add_file(tmp_path, run_folder.DATA_CARD, "another card", {})
    assert run_record.need_intact(tmp_path)["files"].keys() >= {run_folder.DATA_CARD}
    assert (tmp_path / run_folder.DATA_CARD).read_text() == "another card"


@pytest.mark.parametrize("hidden", [False, True])
def test_an_interruption_is_told_the_folder(tmp_path: Path, hidden: bool) -> None:
    """Also where a library's own error took its place on the way out."""
    interrupted = Interrupted(143)
    with pytest.raises((Interrupted, RuntimeError)), run_folder.claim(tmp_path / "run", CONFIG):
        try:
            raise interrupted
        finally:
            if hidden:
                raise RuntimeError("trying to pop from empty mode stack")
    assert interrupted.folder == tmp_path / "run"
