"""The engine Ray: every command is a task of a Ray cluster. The only file that knows of Ray.

Ray runs in a process of its own (`drive`), which is told the commands on stdin and answers in lines of JSON
on stdout. So whatever becomes of Ray's processes, this one lives and says so; where this ends, Ray does.
"""

import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from assay.core.errors import AssayError
from assay.core.events import OnEvent, progress, warn
from assay.core.machine import thread_count
from assay.workflow.engines.outcome import ATTEMPTS, failure
from assay.workflow.engines.ray_folder import ray_folder
from assay.workflow.engines.with_parent import begin

#: Variables that decide what a command does, and are the same for it on every machine as they are here.
_CARRIED: Final = ("PYTHONPATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: Bytes of Ray's object store in a local cluster: the least that Ray takes, for no object goes by way of it.
_STORE: Final = 80 * 2**20

#: Seconds that the cluster of RAY_ADDRESS may take to answer: of one that is not there Ray asks for minutes.
_CONNECTING: Final = 60

_DRIVER: Final = "from assay.workflow.engines.on_ray import drive; drive()"


def need_ray() -> None:
    """Raise AssayError `missing-extra` where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        what = "Ray is not installed"
        raise AssayError("missing-extra", "--engine ray", what, 'Install it: pip install "assay[ray]"')


def ray(commands: Mapping[str, Sequence[str]], workers: int | None, on_event: OnEvent) -> None:
    """Each command as a task of the cluster that RAY_ADDRESS names, or a local one; `workers` at once.

    Raises AssayError `missing-extra`, `engine-failed` where Ray cannot be reached or ends, as `processes`.
    """
    need_ray()
    with ray_folder() as folder:
        job: dict[str, Any] = {"commands": {shard: list(command) for shard, command in commands.items()}}
        job |= {"workers": workers or thread_count(), "folder": folder, "attempts": ATTEMPTS}
        job["connecting"] = _CONNECTING
        driver = subprocess.Popen(
            [sys.executable, "-c", _DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=_driver_environment(),
            start_new_session=True,  # an interruption comes to this process, which ends that one
        )
        try:
            _follow(driver, job, len(commands), on_event)
        finally:
            _end(driver)


def _driver_environment() -> dict[str, str]:
    """No reports of use are sent; and the token of a local cluster is in no file."""
    own = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    if own.get("RAY_ADDRESS"):
        return own
    # Ray's services listen on all addresses of the machine: they must ask for the token, whatever is set.
    return {**own, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _follow(driver: "subprocess.Popen[str]", job: Mapping[str, Any], count: int, on_event: OnEvent) -> None:
    if driver.stdin is None or driver.stdout is None or driver.stderr is None:
        raise TypeError("the driver needs its three pipes")
    said: deque[str] = deque(maxlen=20)
    listener = threading.Thread(target=_listen, args=(driver.stderr, said), daemon=True)
    listener.start()
    done = 0
    with suppress(BrokenPipeError):  # where it ended at once, why is said below
        driver.stdin.write(json.dumps(job) + "\n")
        driver.stdin.flush()
    for line in driver.stdout:
        told = json.loads(line)
        if "again" in told:
            warn(on_event, "audit", f"{told['again']}, and is started again")
        elif told["code"]:
            raise failure(told["shard"], told["code"], told["told"], told["node"])
        else:
            done += 1
            progress(on_event, "audit", done, count, "shards")
    if done < count:
        listener.join(5)
        last = next((line.strip() for line in reversed(said) if line.strip()), "it ended without a word")
        what = f"Ray ended when {done} of {count} shards were done ({last[:300]})"
        fix = "Look at the cluster that RAY_ADDRESS names, or use --engine processes."
        raise AssayError("engine-failed", "--engine ray", what, fix)


def _listen(lines: IO[str], said: "deque[str]") -> None:
    with lines:
        said.extend(lines)


def _end(driver: "subprocess.Popen[str]") -> None:
    """Let Ray end its processes, which takes it a second or two; then end it."""
    if driver.stdin is not None:
        driver.stdin.close()
    try:
        driver.wait(15)
    except subprocess.TimeoutExpired:
        driver.kill()
        driver.wait()
    _kill_session(driver.pid)
    if driver.stdout is not None:
        driver.stdout.close()


def _kill_session(session: int) -> None:
    """Kill what is left of a session, on Linux: agents of Ray outlive a killed driver by a minute or more."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            if int(entry.read_text("utf-8", "replace").rpartition(")")[2].split()[3]) == session:
                os.kill(int(entry.parent.name), signal.SIGKILL)


def drive() -> None:
    """What the process does that has Ray: run the job that stdin names, and leave when stdin ends."""
    import ray as library

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Ray says is no answer
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_parent, args=(os.getpid(),), daemon=True).start()
    address, workers = os.environ.get("RAY_ADDRESS"), job["workers"]
    local = {
        "num_cpus": workers,
        "include_dashboard": False,
        "object_store_memory": _STORE,
        "_temp_dir": job["folder"],
        "_node_ip_address": "127.0.0.1",
    }
    connected, ending = threading.Event(), threading.Event()
    if address:
        threading.Thread(target=_leave_without, args=(connected, job["connecting"]), daemon=True).start()
    library.init(address=address or "local", log_to_driver=False, **({} if address else local))
    connected.set()
    threading.Thread(target=_leave_with_services, args=(_children(), ending), daemon=True).start()
    try:
        for answer in _answers(library, job):
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            if answer.get("code"):
                break
    finally:
        ending.set()
        library.shutdown()


def _children() -> list[int]:
    """The processes that this one started and that live, on Linux: of a local cluster Ray's services."""
    return [process for process, parent in _parents().items() if parent == os.getpid()]


def _parents() -> dict[int, int]:
    """The parent of each living process, on Linux. One that ended, and was not waited for, is none."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(entry.parent.name)] = int(parent)
    return found


def _leave_with_services(services: Sequence[int], ending: threading.Event) -> None:
    """End this process where one of Ray's services did: Ray itself would wait for it for minutes."""
    while not ending.wait(1):
        if not _parents().keys() >= set(services):
            sys.stderr.write("a service of Ray (raylet or GCS server) was ended\n")
            sys.stderr.flush()
            os._exit(1)


def _leave_without(connected: threading.Event, seconds: float) -> None:
    """End this process where the cluster has not answered by then."""
    if not connected.wait(seconds):
        sys.stderr.write(f"no cluster answered at RAY_ADDRESS for {seconds:g} seconds\n")
        sys.stderr.flush()
        os._exit(1)


def _leave_with_parent(process: int) -> None:
    sys.stdin.read()
    os.kill(process, signal.SIGTERM)  # Ray ends its processes then


def _answers(library: Any, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What becomes of each command, as it is known. library: Ray. Killed ones are started again."""
    task = library.remote(num_cpus=1, max_retries=0)(_one_command)
    environment = {name: os.environ.get(name) for name in _CARRIED}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("ASSAY_")}
    waiting, tried = list(job["commands"].items()), dict.fromkeys(job["commands"], 0)
    running: dict[Any, tuple[str, list[str]]] = {}
    while waiting or running:
        while waiting and len(running) < job["workers"]:
            shard, command = waiting.pop(0)
            tried[shard] += 1
            running[task.remote(command, environment)] = (shard, command)
        ready, _ = library.wait(list(running), num_returns=1)
        shard, command = running.pop(ready[0])
        try:
            code, told, node = library.get(ready[0])
            why = f"the worker of shard {shard} was killed"
        except library.exceptions.RayError as error:
            code, told, node = -signal.SIGKILL, str(error), ""
            why = f"Ray lost the task of shard {shard} ({type(error).__name__})"
        if code < 0 and tried[shard] < job["attempts"]:
            waiting.append((shard, command))
            yield {"again": why}
        else:
            yield {"shard": shard, "code": code, "told": told, "node": node}


def _one_command(command: Sequence[str], carried: Mapping[str, str | None]) -> tuple[int, str, str]:
    """Run a command on the machine of the task: its exit code, what it said last, and the machine's name."""
    own = {name: value for name, value in os.environ.items() if name not in carried}
    own |= {name: value for name, value in carried.items() if value is not None}
    own.pop("RAY_AUTH_TOKEN", None)
    process = begin(command, own)
    told = process.communicate()[1]
    return process.returncode, told[-20_000:], os.uname().nodename
