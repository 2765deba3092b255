"""A storage's server in a process of its own, for the tests that ask it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def local_server(program: str) -> Iterator[str]:
    """The address of a server of this machine. program: Python that tells its port on its first line, and
    serves until its input ends, as it does where the tests are killed."""
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()  # asked to stop, a server may wait for connections that are kept open
