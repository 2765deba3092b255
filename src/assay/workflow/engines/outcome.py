"""What an engine makes of a command that failed."""

import re
from typing import Final

from assay.core.errors import ERROR_CODES, AssayError

#: How often a command is started that is killed each time.
ATTEMPTS: Final = 2

_ERROR: Final = re.compile(r"^error\[([a-z-]+)\]: (.*)$", re.MULTILINE)


def failure(shard: str, code: int, told: str, machine: str = "") -> AssayError:
    """What a command said when it failed, as an error of our own. machine: where it ran, if not here.

    code: its exit code, or the signal that killed it, negative. told: what it wrote to stderr.
    """
    where = f"shard {shard}" + (f" on {machine}" if machine else "")
    if code < 0:
        what = f"the worker of {where} was killed {ATTEMPTS} times (signal {-code})"
        return AssayError("out-of-memory", "memory", what, "Use fewer --workers.")
    found = _ERROR.search(told)
    if found is None or found[1] not in ERROR_CODES:
        last = (told.strip().splitlines() or [f"exit code {code}"])[-1]
        return AssayError("bug", where, last, "Run the shard alone with --shard and --debug.")
    return AssayError(found[1], where, found[2], "")
