"""Errors of commands that failed in an engine."""

import re
import signal
from typing import Final

from assay.core.errors import ERROR_CODES, AssayError

#: Signals of a process that went wrong by itself; any other came from outside.
_OWN: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE})

#: How often a command is started that is killed each time.
ATTEMPTS: Final = 2

_ERROR: Final = re.compile(r"^error\[([a-z-]+)\]: (.*)$", re.MULTILINE)


def failure(shard: str, code: int, told: str, machine: str = "") -> AssayError:
    """What a command said when it failed, as an error of our own. machine: where it ran, if not here.

    code: its exit code, or the signal that killed it, negative. told: what it wrote to stderr.
    """
    where = f"shard {shard}" + (f" on {machine}" if machine else "")
    if code < 0:
        return _killed(where, -code, told)
    found = _ERROR.search(told)
    if found is None or found[1] not in ERROR_CODES:
        last = (told.strip().splitlines() or [f"exit code {code}"])[-1]
        return AssayError("bug", where, last, "Run the shard alone with --shard and --debug.")
    return AssayError(found[1], where, found[2], "")


def _killed(where: str, number: int, told: str) -> AssayError:
    """A command that was killed each time. By whom is not known: what is likely is said as such."""
    what = f"the worker of {where} was killed {ATTEMPTS} times (signal {number})"
    if number in _OWN:
        fix = "A library crashed: run that shard alone with --shard, and report it."
        return AssayError("engine-failed", "--engine", what, fix)
    last = (told.strip().splitlines() or [""])[-1][:200]
    what += f": {last}" if last else ""
    fix = "Often the system does so when memory runs out: use fewer --workers. Else look who ended it."
    return AssayError("engine-failed", "--engine", what, fix)
