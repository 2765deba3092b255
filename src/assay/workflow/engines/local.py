"""The engines of one machine. An engine is given commands, one for each shard, and returns when all are done.

Each command writes one part, whole or not at all, and may be run again: so an engine needs no more than to
start commands, and to start those again that were killed.
"""

import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from assay.core.errors import AssayError
from assay.core.events import OnEvent, progress, warn
from assay.core.machine import thread_count
from assay.workflow.engines.outcome import ATTEMPTS, failure
from assay.workflow.engines.stopped import telling_stopped
from assay.workflow.engines.with_parent import begin


def serial(commands: Mapping[str, Sequence[str]], workers: int | None, on_event: OnEvent) -> None:
    """One command after the other. workers: 1, or None."""
    if workers not in (None, 1):
        fix = "Use --engine processes, or leave --workers out."
        raise AssayError("bad-value", "--workers", "the engine serial has one worker", fix)
    processes(commands, 1, on_event)


def processes(commands: Mapping[str, Sequence[str]], workers: int | None, on_event: OnEvent) -> None:
    """Several commands at once, each in a process of its own.

    Raises the AssayError of a command that failed, and `engine-failed` where one was killed again and again.
    """
    running: dict[str, subprocess.Popen[str]] = {}

    def numbers() -> dict[str, int]:
        return {f"the worker of shard {shard}": process.pid for shard, process in running.copy().items()}

    pooled = ThreadPoolExecutor(workers or thread_count())
    with pooled as pool, telling_stopped(numbers, "audit", on_event):
        done = [pool.submit(_run, shard, command, running, on_event) for shard, command in commands.items()]
        try:
            for number, each in enumerate(done, 1):
                each.result()
                progress(on_event, "audit", number, len(done), "shards")
        except BaseException:  # also when interrupted: nobody works on for nothing
            for each in done:
                each.cancel()
            for process in running.copy().values():
                process.kill()
            raise


def _run(
    shard: str, command: Sequence[str], running: "dict[str, subprocess.Popen[str]]", on_event: OnEvent
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        process = running[shard] = begin(command)
        _, told = process.communicate()
        del running[shard]
        if process.returncode >= 0:
            break
        if attempt < ATTEMPTS:
            warn(on_event, "audit", f"the worker of shard {shard} was killed, and is started again")
    if process.returncode:
        raise failure(shard, process.returncode, told)
