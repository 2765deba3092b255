"""A command that does not outlive the process that starts it, be that killed."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

#: Becomes the command that follows, once the kernel (Linux) is told to kill it with its parent: the thread
#: that started it, strictly, which waits for it. Where the parent is gone already, nothing is begun.
_CODE: Final = (
    "import ctypes, os, signal, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"
    "if os.getppid() == int(sys.argv[1]): os.execvp(sys.argv[2], sys.argv[2:])"
)


def with_parent(command: Sequence[str]) -> list[str]:
    """The command as one that is killed with this process, on Linux: its work would be lost."""
    return [sys.executable, "-c", _CODE, str(os.getpid()), *command]


def begin(command: Sequence[str], environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start the command so, with nothing to read; what it writes to stderr is kept for who waits for it."""
    return subprocess.Popen(
        with_parent(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
    )
