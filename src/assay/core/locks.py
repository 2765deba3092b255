"""Locks on folders that several processes write to: a file each, which names the process that holds it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.core import durable
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError


@contextmanager
def hold_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path`, which names this process, until the block ends.

    The kernel frees the lock of a process that died, so its leftover file stops nobody. Where another
    process holds it: wait for it, or raise AssayError `run-folder-in-use` that names it.
    """
    from filelock import FileLock, Timeout  # here: `assay --help` does without

    held = FileLock(path, mode=0o644, thread_local=False)
    with environment_errors(path):
        path.parent.stat()  # the package would make a missing folder
        try:
            held.acquire(blocking=wait)
        except Timeout:
            fix = "Wait for it to end, or choose another folder with --out."
            what = f"process {_holder(path)} is working in it"
            raise AssayError("run-folder-in-use", path.parent, what, fix) from None
    try:
        with suppress(OSError):  # where a locked file cannot be written (Windows), it names nobody
            path.write_text(f"{os.getpid()}\n", "ascii")
        yield
    finally:
        with suppress(OSError):
            durable.files.unlink(path)
        held.release()


def _holder(path: Path) -> str:
    """The process that a lock file names."""
    try:
        return path.read_text("ascii", "replace")[:32].strip() or "unknown"
    except OSError:
        return "unknown"
