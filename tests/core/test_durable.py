import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from assay.core import durable
from assay.core.durable import ABANDONED, TEMPORARY
from assay.core.errors import AssayError
from assay.core.files import Files

CALLS = ("open_new", "write", "sync", "rename", "sync_directory", "make_directory")


class Failing(Files):
    """The operating system, refusing its n-th call (counted over all that write)."""

    def __init__(self, n: int, number: int) -> None:
        self.n, self.number, self.calls = n, number, []

    def __getattribute__(self, name):
        if name in CALLS:
            self.calls.append(name)
            if len(self.calls) == self.n:
                raise OSError(self.number, os.strerror(self.number))
        return super().__getattribute__(name)


def every_call_failing(monkeypatch, work, number=errno.ENOSPC):
    """Run `work` again and again, each time with the next call failing, until none fails; yields errors."""
    for n in range(1, 100):
        failing = Failing(n, number)
        with monkeypatch.context() as patched:
            patched.setattr(durable, "files", failing)
            try:
                work()
            except AssayError as error:
                yield failing.calls[-1], error
                continue
        assert len(failing.calls) < n, "a failed call was swallowed"
        return
    raise AssertionError("it never succeeded")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EROFS, "not-writable"),
        (errno.EACCES, "not-writable"),
        (errno.EIO, "disk-error"),
    ],
)
def test_a_failed_write_leaves_the_old_content(tmp_path, monkeypatch, number, code):
    """Every call failing in turn: old or new content, never a mixture, no litter, exit 5."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    failed = []
    for call, error in every_call_failing(monkeypatch, lambda: durable.write_bytes(path, b"newer"), number):
        failed.append(call)
        assert (error.code, error.exit_code) == (code, 5)
        # Only after the rename, when the directory cannot be flushed, the new content is there already.
        assert path.read_bytes() == (b"newer" if call == "sync_directory" else b"old")
        assert names(tmp_path) == ["file"]
    assert failed == ["open_new", "write", "sync", "rename", "sync_directory"]
    assert path.read_bytes() == b"newer"


def test_a_full_disk_tells_bytes_needed_and_free(tmp_path, monkeypatch):
    """So that the user knows how much to free."""
    for _, error in every_call_failing(monkeypatch, lambda: durable.write_bytes(tmp_path / "file", b"12345")):
        assert "5 bytes needed" in error.what
        assert "bytes free" in error.what


def fill(folder: Path) -> None:
    with durable.create_directory(folder) as temporary:
        durable.write_bytes(temporary / "a", b"1")
        durable.write_bytes(temporary / "b", b"2")


class OnFullDisk(Files):
    """A disk that takes names, but no bytes: the system refuses them when a buffer is emptied."""

    def open_new(self, path):
        path.touch(exist_ok=False)
        return Path("/dev/full").open("wb")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("count", [1, 8191, 8193, 1 << 20])
@pytest.mark.parametrize("opened", [durable.create, durable.open_scratch])
def test_a_full_disk_is_told_also_when_buffers_are_emptied(tmp_path, monkeypatch, opened, count):
    """What is refused on flushing or closing is told as what is refused on writing, and nothing stays."""
    monkeypatch.setattr(durable, "files", OnFullDisk())
    with pytest.raises(AssayError, match="disk-full") as caught, opened(tmp_path / "a") as file:
        for _ in range(count // 100 + 1):
            file.write(b"x" * 100)
    assert caught.value.exit_code == 5
    if opened is durable.create:
        assert names(tmp_path) == []


def test_what_went_wrong_first_is_told(tmp_path, monkeypatch):
    """An error inside the block is not hidden by that of closing the file."""
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    monkeypatch.setattr(durable, "files", OnFullDisk())
    with pytest.raises(KeyError), durable.create(tmp_path / "a") as file:
        file.write(b"x")
        raise KeyError("first")


def test_a_directory_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    """Every call failing in turn: nothing under the final name, and nothing beside it."""
    folder = tmp_path / "set"
    failed = []
    for call, _ in every_call_failing(monkeypatch, lambda: fill(folder)):
        failed.append(call)
        if names(tmp_path) == ["set"]:  # the last flush failed, after the rename
            assert names(folder) == ["a", "b"]
            durable.remove(folder)
        assert names(tmp_path) == []
    assert len(failed) == 14
    assert names(folder) == ["a", "b"]


def test_an_exception_inside_leaves_nothing(tmp_path):
    """Also one that is not the disk's fault, also an interrupt."""
    for problem in (ValueError, KeyboardInterrupt):
        with pytest.raises(problem), durable.create(tmp_path / "file") as file:
            file.write(b"half")
            raise problem
        with pytest.raises(problem), durable.create_directory(tmp_path / "folder") as temporary:
            durable.write_bytes(temporary / "a", b"1")
            raise problem
        with pytest.raises(problem), durable.scratch_directory(tmp_path) as temporary:
            durable.write_bytes(temporary / "a", b"1")
            raise problem
    assert names(tmp_path) == []


def test_the_first_of_two_directories_wins(tmp_path):
    """Another process was faster: its content stays, ours is thrown away."""
    folder = tmp_path / "set"
    with durable.create_directory(folder) as temporary:
        durable.write_bytes(temporary / "a", b"late")
        fill(folder)
    assert (folder / "a").read_bytes() == b"1"
    assert names(tmp_path) == ["set"]


def test_make_directory_makes_parents_and_keeps_what_is_there(tmp_path):
    """Like mkdir -p."""
    durable.write_bytes(durable.make_directory(tmp_path / "a" / "b") / "file", b"x")
    durable.make_directory(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == ["file"]


def test_json_is_sorted_exact_and_without_nan(tmp_path):
    """UTF-8, sorted keys, full precision; NaN is a bug of the caller."""
    durable.write_json(tmp_path / "a.json", {"b": 0.1 + 0.2, "a": "Ä"})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.index('"a": "Ä"') < text.index('"b": 0.30000000000000004')
    assert json.loads(text)["b"] == 0.1 + 0.2
    with pytest.raises(ValueError, match="not JSON compliant"):
        durable.write_json(tmp_path / "b.json", {"x": float("nan")})
    assert names(tmp_path) == ["a.json"]


def test_move_away_and_remove(tmp_path):
    """A moved thing keeps its content under a fresh name; what is gone is no error."""
    fill(tmp_path / "set")
    moved = durable.move_away(tmp_path / "set", tmp_path / "away")
    assert names(moved) == ["a", "b"]
    assert durable.move_away(tmp_path / "set", tmp_path / "away") is None
    durable.remove(moved)
    durable.remove(moved)
    (tmp_path / "link").symlink_to(tmp_path / "away")
    durable.remove(tmp_path / "link")
    assert names(tmp_path) == ["away"]


def test_leftovers_of_dead_processes_only(tmp_path):
    """What a living process writes stays; what a dead one, or an earlier one of our number, left goes."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    for number in (dead.pid, os.getpid(), os.getppid()):
        (tmp_path / f"{TEMPORARY}{number}-x").mkdir()
    (tmp_path / f"{TEMPORARY}of-another-form").write_bytes(b"")
    (tmp_path / "mine").write_bytes(b"")
    with durable.create(tmp_path / "file") as file:
        durable.remove_leftovers(tmp_path)
        file.write(b"whole")
    assert names(tmp_path) == [f"{TEMPORARY}{os.getppid()}-x", "file", "mine"]


def test_what_another_machine_is_writing_stays(tmp_path, monkeypatch):
    """In a folder that several share, where no process number says who lives: until a week without a write.

    Names as this process makes them, seen from another machine, container or start of this one.
    """
    made = []
    for _ in range(3):
        with durable.scratch_directory(tmp_path) as scratch:
            made.append(scratch.name)
    live, old, busy = (tmp_path / name for name in made)
    week_ago = time.time() - ABANDONED - 60
    for place in (live, old, busy):
        (place / "within").mkdir(parents=True)
        (place / "within" / "file").write_bytes(b"half")
    for path in (old, old / "within", old / "within" / "file", busy, busy / "within"):
        os.utime(path, (week_ago, week_ago))
    monkeypatch.setattr(durable, "_where", lambda: "0a0b0c0d")
    assert durable.leftovers(tmp_path) == [old]
    assert durable.remove_leftovers(tmp_path) == []
    assert names(tmp_path) == sorted([live.name, busy.name])
    monkeypatch.undo()
    assert durable.leftovers(tmp_path) == sorted([live, busy])  # ours, and written by nobody any more


def test_where_processes_have_their_numbers_is_in_every_temporary_name(tmp_path):
    """Twice the same here; another one in a process that believes to be on another machine."""
    told = "from assay.core import durable; print(durable._where())"
    shown = [subprocess.check_output([sys.executable, "-c", told], text=True).strip() for _ in range(2)]
    renamed = f"import platform; platform.node = lambda: 'elsewhere'; {told}"
    other = subprocess.check_output([sys.executable, "-c", renamed], text=True).strip()
    assert shown == [durable._where()] * 2
    assert other != shown[0]
    with durable.scratch_directory(tmp_path) as scratch:
        assert scratch.name.endswith(f"-{durable._where()}")


def test_file_sha256_by_hand(tmp_path):
    """The digest of "abc" (FIPS 180-2)."""
    (tmp_path / "abc").write_bytes(b"abc")
    assert durable.file_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


HOLD = """
    import sys, time
    from pathlib import Path
    from assay.core import durable
    with durable.lock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path):
    """Exit 5 that names the process; when that ends, the lock is free and its file gone."""
    path = tmp_path / "run.lock"
    with holder(path) as process:
        with pytest.raises(AssayError) as caught, durable.lock(path):
            pass
        assert (caught.value.code, caught.value.exit_code) == ("run-folder-in-use", 5)
        assert str(process.pid) in caught.value.what
        process.communicate()
    assert names(tmp_path) == []
    with durable.lock(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert names(tmp_path) == []


def test_a_killed_holder_stops_nobody(tmp_path):
    """kill -9 frees the lock although its file remains."""
    path = tmp_path / "run.lock"
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
    assert names(tmp_path) == ["run.lock"]
    with durable.lock(path):
        pass


COUNT = """
    import sys
    from pathlib import Path
    from assay.core import durable
    folder = Path(sys.argv[1])
    for _ in range(20):
        with durable.lock(folder / "lock", wait=True):
            durable.write_text(folder / "count", str(int((folder / "count").read_text()) + 1))
"""


def test_waiting_processes_take_turns(tmp_path):
    """Four processes count to 80 together: no turn is lost, though the lock file comes and goes."""
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", textwrap.dedent(COUNT), str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    assert (tmp_path / "count").read_text() == "80"
    assert names(tmp_path) == ["count"]


def test_a_lock_is_freed_by_an_exception(tmp_path):
    """Whatever happens inside."""
    with pytest.raises(ValueError, match="inside"), durable.lock(tmp_path / "lock"):
        raise ValueError("inside")
    with durable.lock(tmp_path / "lock"):
        pass


def test_a_lock_that_cannot_be_made(tmp_path):
    """In a folder that is not there: one line, exit 5."""
    with pytest.raises(AssayError) as caught, durable.lock(tmp_path / "none" / "lock"):
        pass
    assert caught.value.exit_code == 5


def deep_folder(at: Path, depth: int) -> None:
    """Folders inside each other, `depth` of them, with a file in every tenth: longer than any path may be."""
    at.mkdir()
    here = os.open(at, os.O_RDONLY)
    for level in range(depth):
        os.mkdir("deeper", dir_fd=here)
        if level % 10 == 0:
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
            os.symlink("/", "link", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def test_a_deep_folder_is_removed(tmp_path):
    """Three thousand folders inside each other, which recursion could not leave; links are not followed."""
    deep_folder(tmp_path / "deep", 3000)
    durable.remove(tmp_path / "deep")
    assert names(tmp_path) == []


def test_a_wide_folder_is_removed(tmp_path):
    """Equal names in many folders do not meet."""
    for a in range(4):
        for b in range(4):
            (tmp_path / "wide" / f"{a}" / f"{b}" / "same").mkdir(parents=True)
            (tmp_path / "wide" / f"{a}" / f"{b}" / "same" / "file").write_bytes(b"x")
    durable.remove(tmp_path / "wide")
    assert names(tmp_path) == []


def test_a_sweep_that_is_refused_stops_nobody(tmp_path, monkeypatch):
    """What cannot be removed is named; all else is gone."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    paths = [tmp_path / f"{TEMPORARY}{dead.pid}-{i}" for i in range(3)]
    for path in paths:
        path.mkdir()

    class Stuck(Files):
        def remove_tree(self, path):
            if path == paths[1]:
                raise PermissionError(13, "Permission denied")
            super().remove_tree(path)

    monkeypatch.setattr(durable, "files", Stuck())
    assert durable.remove_leftovers(tmp_path) == [paths[1]]
    assert names(tmp_path) == [paths[1].name]
    assert durable.leftovers(tmp_path) == [paths[1]]
