"""Every command that writes: killed, on a full disk, or cut from power, at any call that changes the disk."""

import errno
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from torture.conftest import Forker
from torture.writing import WRITERS, Writer, copy, do, ends_well, lies_there, make_ready, told, whole

SIGKILLED, DISK_FULL, CUT = -9, 5, 99

#: Of a command with more calls than this, a sample of so many, spread evenly.
MOST = int(os.environ.get("ASSAY_WRITERS", "40"))

#: Those whose quick test is part of every `make test`.
QUICK = ("shard", "convert to npz")


@pytest.fixture(scope="module")
def ready(forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands read."""
    return make_ready(forker, tmp_path_factory.mktemp("writers"))


def _chosen(calls: int, most: int) -> Iterator[int]:
    step = max(1, -(-calls // most))
    return iter(range(1, calls + 1, step))


def _kill(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = whole(forker, ready, tmp_path, writer)
    for at in _chosen(calls, most):
        place = copy(ready, tmp_path / f"killed-{at}")
        assert do(forker, place, writer.command, kill_at=at) == SIGKILLED, f"call {at} of {calls}"
        ends_well(forker, place, writer, wanted, f"killed before call {at} of {calls}")
        shutil.rmtree(place)
        tally["commands killed at a durable operation"] += 1


def _fill(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = whole(forker, ready, tmp_path, writer)
    for at in _chosen(calls, most):
        place = copy(ready, tmp_path / f"full-{at}")
        where = f"full from call {at} of {calls} on"
        code = do(forker, place, writer.command, refuse_at=at, number=errno.ENOSPC)
        said = told(place)
        assert "Traceback" not in said, where
        assert "error[bug]" not in said, f"{where}: {said}"
        # What only saves time, as the cache's measurements, or removes litter, may be refused without harm.
        assert code == 0 or (code == DISK_FULL and "error[disk-full]" in said), f"{where}: {code} {said}"
        ends_well(forker, place, writer, wanted, where)
        shutil.rmtree(place)
        tally["commands on a full disk"] += 1


def _cut(forker, ready, tmp_path, writer: Writer, most: int, tally: Counter) -> None:
    wanted, calls = whole(forker, ready, tmp_path, writer)
    for at in [*_chosen(calls, most), calls + 1]:
        root = copy(ready, tmp_path / f"cut-{at}")
        states = [tmp_path / f"cut-{at}-{state}" for state in range(2)]
        code = do(forker, root, writer.command, cut_at=at, states=[str(state) for state in states])
        assert code == (CUT if at <= calls else 0), f"{at} of {calls}: {told(root)}"
        for state in states:
            where = f"power cut before call {at} of {calls}, {state.name}"
            assert json.loads(Path(f"{state}.torn").read_text()) == [], where
            if code == 0:  # what it had promised is there without another try
                assert wanted.items() <= lies_there(state).items(), where
            ends_well(forker, state, writer, wanted, where)
            shutil.rmtree(state)
            tally["power cuts in commands"] += 1
        shutil.rmtree(root)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_killed_at_its_durable_operations(forker, ready, tmp_path, name, tally) -> None:
    """Killed before each of its calls (a sample of those with many), a command given again ends as ever."""
    _kill(forker, ready, tmp_path, WRITERS[name], MOST, tally)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_on_a_disk_that_gets_full(forker, ready, tmp_path, name, tally) -> None:
    """No space from such a call on: exit 5 or nothing lost; with space again the command ends as ever."""
    _fill(forker, ready, tmp_path, WRITERS[name], MOST, tally)


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_whose_power_is_cut(forker, ready, tmp_path, name, tally) -> None:
    """Two states that a cut before such a call may leave: nothing torn, and the command ends as ever."""
    _cut(forker, ready, tmp_path, WRITERS[name], MOST // 2, tally)


@pytest.mark.parametrize("name", QUICK)
def test_commands_killed_starved_and_cut(forker, ready, tmp_path, name, tally) -> None:
    """The same of two calls each."""
    for harm in (_kill, _fill, _cut):
        (tmp_path / harm.__name__).mkdir()
        harm(forker, ready, tmp_path / harm.__name__, WRITERS[name], 2, tally)
