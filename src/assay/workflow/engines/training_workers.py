"""The processes that train one net together: this one, and helpers that it starts, or those of torchrun.

A helper is `assay resume RUN`, told by its environment that it is not the first, as torchrun tells it. It
reads the run folder and the data, takes its part of the training, writes nothing, and ends with this process.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent
from assay.data.values import Dataset
from assay.training.place import Place, given_place
from assay.workflow.engines.outcome import failure
from assay.workflow.engines.stopped import telling_stopped
from assay.workflow.engines.with_parent import begin

#: Seconds that a process may take to end once its work is done, or once it has lost another.
_ENDING: Final = 10

#: Workers meet on this machine alone: nobody else may reach them.
_LOOPBACK: Final = {"GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"}


def wanted_workers(workers: int | None) -> int | None:
    """How many processes train: what the settings say, or as many as torchrun started.

    Raises AssayError `bad-value` where the two say different numbers.
    """
    started = given_place().count
    if started > 1 and workers not in (None, started):
        what = f"{workers} are wanted, and {started} processes were started"
        raise AssayError("bad-value", "--workers", what, "Leave --workers out, or start as many.")
    return started if started > 1 else workers


def need_same_number(workers: int | None, folder: Path) -> None:
    """Raise AssayError `config-changed` where a run is taken up by another number of processes."""
    started, begun = given_place().count, workers or 1
    if started not in (1, begun):
        what = f"the run was begun with {begun} workers, and {started} processes were started"
        raise AssayError("config-changed", folder, what, f"Start {begun} processes, or begin a new run.")


def need_shared(data: object, workers: int | None) -> None:
    """Raise AssayError `bad-value` for data that no other process can read."""
    if isinstance(data, Dataset) and given_place().count < (workers or 1):
        what = "every worker reads the data by itself, and these are in the memory of this program"
        fix = "Give their name or path, or start the program by torchrun."
        raise AssayError("bad-value", "workers", what, fix)


def need_one_model() -> None:
    """Raise AssayError `bad-value` where the processes of torchrun would train several models in one run."""
    if given_place().count > 1:
        what = "processes that torchrun started train one model"
        fix = "Give one --model and one seed, or use --workers on one machine."
        raise AssayError("bad-value", "--model", what, fix)


def need_first() -> None:
    """Raise AssayError `bad-value` in a process that may not write a run folder, as the first one does."""
    place = given_place()
    if place.rank:
        what = f"this is worker {place.rank} of {place.count}, and only worker 0 writes a run folder"
        fix = "Start the command by torchrun: torchrun ... -m assay run DATA; or use assay.train."
        raise AssayError("bad-value", "RANK", what, fix)


@dataclass(frozen=True, eq=False)
class _Helper:
    """A process, and what it will have written to stderr."""

    rank: int
    process: "subprocess.Popen[str]"
    told: "Future[tuple[str, str]]"

    def ended_badly(self) -> AssayError | None:
        """Why it ended; None where it runs, or did its work."""
        code = self.process.poll()
        if not code:
            return None
        where = f"worker {self.rank}"
        if code > 0:
            return failure(where, code, self.told.result()[1])
        return AssayError("worker-lost", where, f"it was killed (signal {-code})", "")


@contextmanager
def working_together(
    workers: int | None, folder: Path | None, data: str, on_event: OnEvent
) -> Iterator[Place]:
    """The place of this process; until the block ends, helpers stand at the others.

    folder: of the run, which helpers read; data: where its data lie. Without a folder only torchrun can start
    the others. Raises AssayError `bad-value`, `worker-lost`, or that of a helper that failed.
    """
    place = given_place()
    if place.count > 1 or workers in (None, 1):
        yield place
        return
    if folder is None:
        what = "workers read a run folder, and assay.train keeps none"
        fix = "Use assay.run(..., workers=...), or start the program by torchrun."
        raise AssayError("bad-value", "workers", what, fix)
    assert workers is not None
    with durable.scratch_directory(folder) as own, ThreadPoolExecutor(workers) as pool:
        first = Place(0, workers, 0, workers, own.absolute() / "rendezvous")
        # The first has read the data: they are at hand without the network.
        command = [sys.executable, "-m", "assay", "resume", "-q", "--offline", "--", str(folder), data]
        helpers: list[_Helper] = []
        try:
            for rank in range(1, workers):
                stands = replace(first, rank=rank, local_rank=rank)
                process = begin(command, {**os.environ, **_LOOPBACK, **stands.environment()})
                helpers.append(_Helper(rank, process, pool.submit(process.communicate)))
            numbers = {f"worker {helper.rank}": helper.process.pid for helper in helpers}
            with _variables(_LOOPBACK), telling_stopped(lambda: numbers, "train", on_event):
                yield replace(first, watch=lambda: _watch(helpers))
            _wait_for(helpers)
        except AssayError as error:
            raise _explained(error, helpers, folder) from error
        finally:
            for helper in helpers:
                helper.process.kill()


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Some variables of the environment set until the block ends: gloo asks for no other place."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _watch(helpers: list[_Helper]) -> None:
    """Raise the error of a helper that has ended."""
    for error in filter(None, (helper.ended_badly() for helper in helpers)):
        raise error


def _wait_for(helpers: list[_Helper]) -> None:
    """Give helpers a little time to end by themselves."""
    for helper in helpers:
        try:
            helper.process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            return


def _explained(error: AssayError, helpers: list[_Helper], folder: Path) -> AssayError:
    """The error with which training ended; where a helper was lost, what became of it, and how to go on."""
    if error.code != "worker-lost":
        return error
    _wait_for(helpers)
    found = [e for e in (helper.ended_badly() for helper in helpers) if e is not None]
    # Those that lost another say no more than this process knows.
    own = [e for e in found if e.code != "worker-lost" or "killed" in e.what]
    told = (own or [error])[0]
    ahead = f"Go on from the last checkpoint: assay resume {shlex.quote(str(folder))}"
    fix = ahead if told.code == "worker-lost" else f"{told.fix} {ahead}".strip()
    return AssayError(told.code, told.where, told.what, fix)
