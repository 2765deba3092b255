"""The engines of one machine. An engine is given commands, one for each shard, and returns when all are done.

Each command writes one part, whole or not at all, and may be run again: so an engine needs no more than to
start commands, and to start those again that were killed.
"""

import re
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from assay.core.errors import ERROR_CODES, AssayError
from assay.core.events import OnEvent, progress, warn
from assay.core.text import choices
from assay.core.thread_count import thread_count

#: Runs commands by name of their shard, `workers` at once (None: as many as there are processors).
Engine = Callable[[Mapping[str, Sequence[str]], int | None, OnEvent], None]

#: How often a command is started that is killed each time.
_ATTEMPTS: Final = 2

_ERROR: Final = re.compile(r"^error\[([a-z-]+)\]: (.*)$", re.MULTILINE)


def serial(commands: Mapping[str, Sequence[str]], workers: int | None, on_event: OnEvent) -> None:
    """One command after the other. workers: 1, or None."""
    if workers not in (None, 1):
        fix = "Use --engine processes, or leave --workers out."
        raise AssayError("bad-value", "--workers", "the engine serial has one worker", fix)
    processes(commands, 1, on_event)


def processes(commands: Mapping[str, Sequence[str]], workers: int | None, on_event: OnEvent) -> None:
    """Several commands at once, each in a process of its own.

    Raises the AssayError of a command that failed, and `out-of-memory` where one was killed again and again.
    """
    running: deque[subprocess.Popen[str]] = deque()
    with ThreadPoolExecutor(workers or thread_count()) as pool:
        done = [pool.submit(_run, shard, command, running, on_event) for shard, command in commands.items()]
        try:
            for number, each in enumerate(done, 1):
                each.result()
                progress(on_event, "audit", number, len(done), "shards")
        except BaseException:  # also when interrupted: nobody works on for nothing
            for each in done:
                each.cancel()
            for process in list(running):
                process.kill()
            raise


def _run(
    shard: str, command: Sequence[str], running: "deque[subprocess.Popen[str]]", on_event: OnEvent
) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        _, told = process.communicate()
        running.remove(process)
        if process.returncode >= 0:
            break
        if attempt < _ATTEMPTS:
            warn(on_event, "audit", f"the worker of shard {shard} was killed, and is started again")
    if process.returncode:
        raise _failure(shard, process.returncode, told)


def _failure(shard: str, code: int, told: str) -> AssayError:
    """What a command said when it failed, as an error of our own."""
    if code < 0:
        what = f"the worker of shard {shard} was killed {_ATTEMPTS} times (signal {-code})"
        return AssayError("out-of-memory", "memory", what, "Use fewer --workers.")
    found = _ERROR.search(told)
    if found is None or found[1] not in ERROR_CODES:
        last = (told.strip().splitlines() or [f"exit code {code}"])[-1]
        return AssayError("bug", f"shard {shard}", last, "Run the shard alone with --shard and --debug.")
    return AssayError(found[1], f"shard {shard}", found[2], "")


#: Every engine that runs shards by itself, by name.
ENGINES: Final[Mapping[str, Engine]] = {"serial": serial, "processes": processes}


def engine_named(name: str) -> Engine:
    """The engine of a name. Raises AssayError `bad-value` for others."""
    if name not in ENGINES:
        what = f"there is no engine {name!r}"
        raise AssayError("bad-value", "--engine", what, f"{choices(name, list(ENGINES))}.")
    return ENGINES[name]
