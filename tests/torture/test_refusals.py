"""A disk that refuses: full, broken or read-only at any call. Exit 5, and the last checkpoint loads."""

import errno

import pytest

from assay.core import durable
from assay.core.errors import AssayError
from torture.job import STEPS, Counting, Refusing, newest_step, result, train_and_save

EPOCHS = 3


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "disk-full"), (errno.EIO, "disk-error"), (errno.EROFS, "not-writable")],
)
def test_a_disk_that_refuses_from_any_call_on(tmp_path, monkeypatch, number, code, tally) -> None:
    """From the n-th call on, for every n: one error with exit 5, every checkpoint that was made still
    loads, and with the disk mended the run goes on to the same bits."""
    whole = Counting()
    with monkeypatch.context() as patched:
        patched.setattr(durable, "files", whole)
        train_and_save(tmp_path / "whole", EPOCHS, None)
    for at in range(1, whole.calls + 1):
        folder, events = tmp_path / str(at), []
        with monkeypatch.context() as patched, pytest.raises(AssayError) as caught:
            patched.setattr(durable, "files", Refusing(at, number))
            train_and_save(folder, EPOCHS, None, events.append)
        assert (caught.value.code, caught.value.exit_code) == (code, 5)
        assert newest_step(folder) >= STEPS * len([e for e in events if e.event == "epoch"])
        train_and_save(folder, EPOCHS, None)
        assert result(folder) == result(tmp_path / "whole")
        tally[f"refusals with {errno.errorcode[number]}"] += 1


def test_memory_that_runs_out(forker, tmp_path) -> None:
    """Under a limit that the net does not fit into: exit 5 with advice, the checkpoint intact; without the
    limit the run goes on to the same bits."""
    order = {"job": "train", "epochs": 3, "hidden": 200_000}
    assert forker.do(folder=tmp_path / "whole", **order) == 0
    folder, log = tmp_path / "limited", tmp_path / "log"
    assert forker.do(folder=folder, kill_at=20, **order) == -9
    reached = newest_step(folder)
    assert reached > 0
    assert forker.do(folder=folder, memory=80 << 20, log=log, **order) == 5
    assert log.read_text().startswith("error[out-of-memory]")
    assert "--batch-size under 16" in log.read_text()
    assert newest_step(folder) == reached
    assert forker.do(folder=folder, **order) == 0
    assert result(folder) == result(tmp_path / "whole")
